import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { means } from "@/features/stock/delivery";
import { apart } from "@/features/stock/indicators";
import { StockPage } from "@/features/stock/stock-page";
import { drawn } from "../support/lightweight-charts";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { health, screenerPage, stock } from "../support/wire";

jest.mock("next/navigation", () => ({
  useRouter: () => ({ push: jest.fn(), back: jest.fn() }),
  usePathname: () => "/",
}));

const BARS = {
  symbol: "ARUVI",
  name: "Aruvi Foods",
  sector: "Consumer",
  isin: "INE000000000",
  timeframe: "1d",
  adjust: "price",
  t: ["2024-12-30", "2024-12-31"],
  o: [100, 104],
  h: [106, 105],
  l: [99, 101],
  c: [105, 102],
  v: [750000, 500000],
  factor: [1, 1],
  actions: [
    { ex_date: "2024-12-31", kind: "SPLIT", factor: 5, amount: null, purpose: "Split 1:5", tier: "LISTED" },
  ],
  jumps: ["2024-12-30"],
  former_symbols: ["ARUVIOLD"],
  snapshot: "7f",
};

const LINES = {
  symbol: "ARUVI",
  asof: "2024-12-31",
  adjust: "price",
  t: ["2024-12-30", "2024-12-31"],
  lines: [
    { name: "sma(close, 50)", label: "SMA 50", unit: "rupees", on_price: true, values: [null, 103.5] },
    { name: "rsi(close, 14)", label: "RSI 14", unit: "points", on_price: false, values: [40, 45] },
  ],
};

const point = (period_end: string, value: number, known_at: string, stated: boolean) => ({
  period_end,
  value,
  known_at,
  stated,
  revised: false,
  source: "YAHOO_ANNUAL",
});

const FIGURES = {
  symbol: "ARUVI",
  asof: "2024-12-31",
  point_in_time: false,
  note: "Figures of a year count as known 60 days after its end, the limits for reporting.",
  figures: [
    {
      field: "revenue",
      period_kind: "ANNUAL",
      unit: "RUPEES",
      points: [point("2024-03-31", 5e9, "2024-05-30", false)],
    },
    {
      field: "pe_ratio",
      period_kind: "SNAPSHOT",
      unit: "RATIO",
      points: [point("2024-12-16", 21.5, "2024-12-16", true)],
    },
  ],
};

describe("the stock page", () => {
  const ANSWERS = {
    "GET /api/market/bars/ARUVI": BARS,
    "GET /api/screener/": screenerPage([stock("ARUVI"), stock("ARUVIX")]),
    "GET /api/screener/fields": { fields: [] },
    "GET /api/health": health,
    "GET /api/market/watchlist": [],
    "GET /api/screener/screens": [],
    "GET /api/screener/held/ARUVI": [
      { id: 3, name: "Breakouts", sessions: ["2024-12-30", "2024-12-31"], now: true, reason: null },
    ],
    "GET /api/market/stocks/ARUVI/lines": LINES,
    "GET /api/market/stocks/ARUVI/delivery": {
      symbol: "ARUVI",
      asof: "2024-12-31",
      t: ["2024-12-30", "2024-12-31"],
      volume: [750000, 500000],
      delivered: [null, 300000],
      delivery_pct: [null, 60],
      known_sessions: 1,
      note: null,
    },
    "GET /api/market/stocks/ARUVI/figures": FIGURES,
    "GET /api/market/stocks/ARUVI/events": {
      symbol: "ARUVI",
      asof: "2024-12-31",
      events: [
        { kind: "ACTION", day: "2024-12-31", text: "Split 1:5", note: "1 share became 5", screen: null },
        { kind: "ALERT", day: "2024-12-30", text: "Came into the screen Breakouts", note: null, screen: 3 },
        { kind: "NAME", day: "2024-12-30", text: "Traded as ARUVI from here on", note: null, screen: null },
      ],
    },
  };

  test("candles, readout, figures and events come from the answers", async () => {
    fakeApi(ANSWERS);
    drawn.series.length = 0;
    drawn.data.length = 0;
    const { container } = renderApp(
      <main>
        <StockPage />
      </main>,
      "?symbol=ARUVI",
    );
    expect(await screen.findByRole("heading", { name: "Aruvi Foods" })).toBeInTheDocument();
    expect(
      screen.getByRole("figure", { name: /Daily candles of Aruvi Foods, 2 sessions/ }),
    ).toBeInTheDocument();
    await waitFor(() => expect(drawn.series.slice(-4)).toEqual(["Candlestick", "Histogram", "Line", "Line"]));
    expect(drawn.data.at(-2)).toEqual([
      { time: "2024-12-30" },
      { time: "2024-12-31", value: 103.5, color: "transparent" },
    ]);
    expect(screen.getByText("SMA 50 103.50")).toBeInTheDocument();
    expect(drawn.data[0]).toEqual([
      { time: "2024-12-30", open: 100, high: 106, low: 99, close: 105 },
      { time: "2024-12-31", open: 104, high: 105, low: 101, close: 102 },
    ]);
    expect(screen.getByText("Split 1:5")).toBeInTheDocument();
    expect(screen.getByText(/1 share became 5/)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Came into the screen Breakouts" })).toHaveAttribute(
      "href",
      expect.stringContaining("screen=3&open=1"),
    );
    expect(screen.getByText(/2 of 20 sessions, the last 31 Dec 2024/)).toBeInTheDocument();
    expect(screen.getByText(/60.0% of the shares traded on 31 Dec 2024 were delivered/)).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Charts by TradingView" })).toBeInTheDocument();
    expect(await axe(container)).toHaveNoViolations();
  });

  test("the chart has a table of the same bars", async () => {
    fakeApi(ANSWERS);
    renderApp(<StockPage />, "?symbol=ARUVI");
    await userEvent.click(await screen.findByRole("button", { name: "View as table" }));
    expect(screen.getByRole("table", { name: "Sessions of ARUVI" })).toHaveTextContent("31 Dec 2024");
  });

  test("as traded asks for raw prices", async () => {
    const { urls } = fakeApi(ANSWERS);
    renderApp(<StockPage />, "?symbol=ARUVI");
    await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Adjustment" }), "none");
    await waitFor(() => expect(urls.some((url) => url.searchParams.get("adjust") === "none")).toBe(true));
  });

  test("figures stand by period, with the day from which they were known and what is assumed", async () => {
    fakeApi(ANSWERS);
    renderApp(<StockPage />, "?symbol=ARUVI");
    const table = await screen.findByRole("region", { name: "Fundamentals, scrolls" });
    // 5,000,000,000 rupees are 500 crore
    expect(within(table).getByRole("row", { name: /Revenue/ })).toHaveTextContent("500");
    expect(within(table).getByTitle(/Known from 30 May 2024, by assumption/)).toBeInTheDocument();
    expect(within(table).getByRole("row", { name: /^Known from/ })).toHaveTextContent("≈ 30 May 2024");
    expect(screen.getByText(/limits for reporting/)).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Day" }));
    expect(within(table).getByRole("row", { name: /P\/E/ })).toHaveTextContent("21.50");
  });

  test("an indicator is chosen from the list or written, and a wrong one is told", async () => {
    const { urls } = fakeApi({
      ...ANSWERS,
      "GET /api/market/stocks/ARUVI/lines": (url: URL) =>
        url.searchParams.get("q") === "smaa(close)"
          ? failure(422, "VALIDATION_ERROR", "There is no function smaa; did you mean sma?")
          : LINES,
    });
    renderApp(<StockPage />, "?symbol=ARUVI");
    await userEvent.click(await screen.findByRole("button", { name: "Indicator" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "SMA 20" }));
    await waitFor(() =>
      expect(urls.some((url) => url.searchParams.get("q")?.endsWith("sma(close, 20)"))).toBe(true),
    );
    await userEvent.type(screen.getByRole("textbox", { name: "An expression as a line" }), "smaa(close)");
    await userEvent.click(screen.getByRole("button", { name: "Draw" }));
    expect(await screen.findByText(/did you mean sma/)).toBeInTheDocument();
  });

  test("as of a day asks everything as of that day", async () => {
    const { urls } = fakeApi(ANSWERS);
    renderApp(<StockPage />, "?symbol=ARUVI&asof=2024-12-30");
    await screen.findByRole("heading", { name: "Aruvi Foods" });
    const asked = ["bars/ARUVI", "lines", "delivery", "figures", "events", "held/ARUVI", "/api/screener/"];
    await waitFor(() => {
      for (const part of asked)
        expect(
          urls.find((url) => url.pathname.endsWith(part) && url.searchParams.get("asof") === "2024-12-30"),
        ).toBeDefined();
    });
  });

  test("an unknown symbol is an answer, not a breakdown", async () => {
    fakeApi({
      "GET /api/health": health,
      "GET /api/market/watchlist": [],
      "GET /api/market/bars/NOPE": () => failure(404, "DATA_NOT_FOUND", "There is no stock NOPE"),
    });
    renderApp(<StockPage />, "?symbol=NOPE");
    expect(await screen.findByText("No stock is named NOPE")).toBeInTheDocument();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});

test("lines are taken apart at commas outside of brackets", () => {
  expect(apart("sma(close, 50), close[5],  rsi(14) ")).toEqual(["sma(close, 50)", "close[5]", "rsi(14)"]);
  expect(apart("")).toEqual([]);
});

test("a mean of twenty sessions is unknown while one of them is", () => {
  // 0 … 19 have the mean 9.5; 1 … 20 have 10.5; a gap at 21 empties the following twenty
  const values = [...Array.from({ length: 21 }, (_, n) => n), null, ...Array.from({ length: 20 }, () => 2)];
  const found = means(values);
  expect(found.slice(18, 22)).toEqual([null, 9.5, 10.5, null]);
  expect(found[40]).toBeNull();
  expect(found[41]).toBe(2);
});
