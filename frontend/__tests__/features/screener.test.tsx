import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { TermList } from "@/features/screener/reasons";
import { ScreenerPage } from "@/features/screener/screener-page";
import { getCommands } from "@/lib/commands";
import type { ScreenTerm } from "@/lib/types";
import { failure, fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { health, screenerPage, stock } from "../support/wire";

jest.mock("next/navigation", () => ({
  useRouter: () => ({ push: jest.fn(), replace: jest.fn() }),
  usePathname: () => "/screener/",
}));

const BASE = {
  "GET /api/health": health,
  "GET /api/screener/indices": {
    indices: [{ id: "NIFTY50", name: "NIFTY 50", description: null, count: 50 }],
    default: "NIFTY50",
    asof: null,
  },
  "GET /api/screener/fields": { fields: [] },
};

const page = (search = "") =>
  renderApp(<ScreenerPage renderStock={(symbol) => <p>Panel of {symbol}</p>} />, search);

test("the URL is the question: every filter goes to the server", async () => {
  const { urls } = fakeApi({
    ...BASE,
    "GET /api/screener/": screenerPage([stock("ARUVI"), stock("BINDPOLY")]),
  });
  page("?index=NIFTY50&sector=Metals&symbol=A&sort=rsi_14&order=asc&asof=2024-06-28");
  expect(await screen.findByText("ARUVI")).toBeInTheDocument();
  const asked = urls.find((url) => url.pathname === "/api/screener/")?.searchParams;
  expect(Object.fromEntries(asked ?? [])).toMatchObject({
    index: "NIFTY50",
    sector: "Metals",
    symbol: "A",
    sort_by: "rsi_14",
    sort_order: "asc",
    asof: "2024-06-28",
    page: "1",
  });
  expect(screen.getByText("POINT-IN-TIME")).toBeInTheDocument();
});

test("sorting and a sector go into the URL", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  await userEvent.click(screen.getByRole("button", { name: "RSI 14" }));
  await waitFor(() => expect(url().get("sort")).toBe("rsi_14"));
  await userEvent.click(screen.getByRole("radio", { name: /Power/ }));
  await waitFor(() => expect(url().get("sector")).toBe("Power"));
});

test("the answer to a sector is fetched while the pointer is on it, and not again by the click", async () => {
  const { urls } = fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  const asked = () => urls.filter((one) => one.searchParams.get("sector") === "Power").length;
  await userEvent.hover(screen.getByRole("radio", { name: /Power/ }));
  await waitFor(() => expect(asked()).toBe(1));
  expect(url().get("sector")).toBeNull();
  await userEvent.click(screen.getByRole("radio", { name: /Power/ }));
  await waitFor(() => expect(url().get("sector")).toBe("Power"));
  expect(asked()).toBe(1);
});

test("a typed symbol is asked for after a pause, in capitals", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  await userEvent.type(screen.getByRole("textbox", { name: "Symbol begins with" }), "aru");
  await waitFor(() => expect(url().get("symbol")).toBe("ARU"));
});

test("a symbol may be typed slowly: the field keeps the focus and the letters", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page();
  await screen.findByText("ARUVI");
  await userEvent.type(screen.getByRole("textbox", { name: "Symbol begins with" }), "a");
  await waitFor(() => expect(url().get("symbol")).toBe("A"));
  expect(screen.getByRole("textbox", { name: "Symbol begins with" })).toHaveFocus();
  await userEvent.keyboard("ru");
  await waitFor(() => expect(url().get("symbol")).toBe("ARU"));
  await userEvent.click(screen.getByRole("button", { name: "Remove Symbol" }));
  expect(screen.getByRole("textbox", { name: "Symbol begins with" })).toHaveValue("");
});

test("clearing the filters clears the type, too", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { url } = page("?type=ETF&index=NIFTY50");
  await userEvent.click(await screen.findByRole("button", { name: "Clear" }));
  await waitFor(() => expect(Object.fromEntries(url())).toEqual({}));
});

const preset = {
  name: "OVERSOLD",
  label: "Oversold",
  expression: "rsi(close, 14) < 30",
  description: "RSI of 14 bars below 30.",
  sort_by: "rsi_14",
  sort_order: "asc",
};
const saved = {
  id: 7,
  name: "Dear ones",
  version: 4,
  watching: false,
  question: {
    q: "close > 100",
    filter_type: "ALL",
    index: "NIFTY50",
    instrument_type: "EQUITY",
    sector: null,
    columns: ["close"],
    sort_by: "close",
    sort_order: "asc",
  },
  digest: null,
  created_at: "2024-12-31T00:00:00Z",
  updated_at: "2024-12-31T00:00:00Z",
};
const SCREENS = {
  ...BASE,
  "GET /api/screener/presets": { presets: [preset] },
  "GET /api/screener/screens": [saved],
  "GET /api/screener/": screenerPage([stock("ARUVI"), stock("BINDPOLY")]),
};

test("a preset is its expression, to be read and changed", async () => {
  fakeApi(SCREENS);
  const { url } = page();
  await userEvent.click(await screen.findByRole("button", { name: "Screens" }));
  await userEvent.click(await screen.findByRole("button", { name: /Oversold/ }));
  await waitFor(() => expect(url().get("q")).toBe("rsi(close, 14) < 30"));
  expect([url().get("sort"), url().get("order")]).toEqual(["rsi_14", "asc"]);
  expect(
    await screen.findByRole("button", { name: "Change rsi(close, 14) is below 30" }),
  ).toBeInTheDocument();
});

test("a saved screen opens whole, and says when it was changed", async () => {
  fakeApi(SCREENS);
  const { url } = page();
  await userEvent.click(await screen.findByRole("button", { name: "Screens" }));
  await userEvent.click(await screen.findByRole("button", { name: /Dear ones/ }));
  expect(await screen.findByRole("heading", { name: "Dear ones" })).toBeInTheDocument();
  expect(screen.getByText("Saved · v4")).toBeInTheDocument();
  expect(Object.fromEntries(url())).toEqual({
    q: "close > 100",
    index: "NIFTY50",
    columns: "close",
    sort: "close",
    order: "asc",
    screen: "7",
  });
  await userEvent.click(screen.getByRole("button", { name: "Remove close" }));
  expect(await screen.findByText("Saved · v4 · changed")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Save changes" })).toBeInTheDocument();
});

test("a filter that is built is written into the expression", async () => {
  const card = {
    ...({} as object),
    name: "roe",
    label: "Return on equity",
    unit: "percent",
    kind: "number",
    available: true,
  };
  fakeApi({ ...SCREENS, "GET /api/screener/fields": { fields: [card] } });
  const { url } = page("?q=close+%3E+1+or+close+%3C+0");
  await userEvent.click(await screen.findByRole("button", { name: /Add filter/ }));
  const form = await screen.findByRole("dialog", { name: "Add a filter" });
  await userEvent.type(within(form).getByRole("combobox", { name: "Field" }), "roe");
  await userEvent.selectOptions(within(form).getByRole("combobox", { name: "Condition" }), "is at least");
  await userEvent.type(within(form).getByRole("combobox", { name: "Value" }), "15");
  await userEvent.click(within(form).getByRole("button", { name: "Add filter" }));
  await waitFor(() => expect(url().get("q")).toBe("(close > 1 or close < 0) and roe >= 15"));
  expect(
    await screen.findByRole("button", { name: "Change Return on equity is at least 15" }),
  ).toBeInTheDocument();
});

test("a screen is saved under a name, and a name in use is told under it", async () => {
  const { requests } = fakeApi({
    ...SCREENS,
    "POST /api/screener/screens": async (_: URL, request: Request) => {
      const { name } = (await request.json()) as { name: string };
      return name === "Dear ones"
        ? failure(409, "CONFLICT", "A screen is called Dear ones already", { field: "name" })
        : { ...saved, name };
    },
  });
  const { url } = page("?q=close+%3E+100");
  await userEvent.click(await screen.findByRole("button", { name: "Save as…" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Name" }), "Dear ones{Enter}");
  expect(await screen.findByText("A screen is called Dear ones already")).toBeInTheDocument();
  await userEvent.type(screen.getByRole("textbox", { name: "Name" }), " too{Enter}");
  await waitFor(() => expect(url().get("screen")).toBe("7"));
  const sent = (await requests
    .filter((one) => one.method === "POST")
    .at(-1)
    ?.json()) as { question: object };
  expect(sent).toMatchObject({ name: "Dear ones too", question: { q: "close > 100", index: "ALL" } });
});

test("columns beyond a row's own are asked for, and a formula keeps its canonical name", async () => {
  const { urls } = fakeApi({
    ...SCREENS,
    "GET /api/screener/": screenerPage([stock("ARUVI", { values: { "sma(close, 9)": 77.25 } })], {
      columns: [{ name: "sma(close, 9)", label: "sma(close, 9)", unit: "rupees" }],
    }),
  });
  page("?columns=close,sma(9)");
  expect(await screen.findByText("77.25")).toBeInTheDocument();
  const asked = urls.find((url) => url.pathname === "/api/screener/")?.searchParams;
  expect(asked?.get("columns")).toBe("sma(9)");
});

test("w puts the selected stock on the watchlist", async () => {
  let list: { symbol: string }[] = [];
  fakeApi({
    ...SCREENS,
    "GET /api/market/watchlist": () => list,
    "POST /api/market/watchlist": async (_: URL, request: Request) => {
      list = [(await request.json()) as { symbol: string }];
      return { ...list[0], ltp: null, change: null, change_pct: null, instrument_type: "EQUITY" };
    },
  });
  page("?stock=BINDPOLY");
  await screen.findByText("Panel of BINDPOLY");
  act(() =>
    getCommands()
      .find((command) => command.keys === "w")
      ?.run(),
  );
  expect(await screen.findByText("on the watchlist")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Watched" })).toHaveAttribute("aria-pressed", "true");
});

test("an empty screen says what keeps stocks out and whom it missed by least", async () => {
  const term = {
    text: "rsi(close, 14) < 1",
    outcome: "fails",
    left: "rsi(close, 14)",
    value: 1.25,
    op: "<",
    right: "1",
    bound: 1,
    unit: "ratio",
    gap: 0.2,
    branches: [],
  };
  fakeApi({
    ...SCREENS,
    "GET /api/screener/": screenerPage([], { total: 0, expression: "rsi(close, 14) < 1" }),
    "GET /api/screener/near-misses": {
      asof: "2024-12-31",
      universe: 2,
      terms: [{ text: term.text, holds: 0, unknown: 0, alone_keeps_out: 2 }],
      missed_by_one: 2,
      nearest: [{ symbol: "ARUVI", name: null, gap: 0.2, term }],
    },
  });
  page("?q=rsi(14)+%3C+1");
  expect(await screen.findByText("20.0% off")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "ARUVI" })).toBeInTheDocument();
  expect(screen.getByText("1.25", { exact: false })).toBeInTheDocument();
});

test("an or is opened into its branches, each term with its distance", () => {
  const failing = (text: string, gap: number, branches: ScreenTerm["branches"] = []): ScreenTerm => ({
    ...{ text, gap, branches, outcome: "fails" },
    ...{ left: null, value: null, op: null, right: null, bound: null, unit: null },
  });
  const branches = [failing("close > 10", 0.5), failing("close > 20", 0.75)].map(
    (term): ScreenTerm["branches"][number] => ({ outcome: "fails", gap: term.gap, terms: [term] }),
  );
  render(<TermList terms={[failing("close > 10 or close > 20", 0.5, branches)]} />);
  const inside = within(screen.getByRole("list", { name: "One of these has to hold" }));
  expect(inside.getByText("close > 20")).toBeInTheDocument();
  expect(inside.getByText("75.0% off")).toBeInTheDocument();
});

test("a list without a match names the filter and clears it", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([], { total: 0 }) });
  const { url } = page("?symbol=ZZZ");
  expect(await screen.findByText("No stock matches")).toBeInTheDocument();
  expect(screen.getByText(/No symbol begins with “ZZZ”/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Clear filters" }));
  await waitFor(() => expect(url().get("symbol")).toBeNull());
});

test("a refusal is told in the place of the table", async () => {
  fakeApi({
    ...BASE,
    "GET /api/screener/": () => failure(404, "DATA_NOT_FOUND", "No index is named NIFTYX"),
  });
  page("?index=NIFTYX");
  expect(await screen.findByRole("alert")).toHaveTextContent("No index is named NIFTYX");
});

test("a click opens the drawer without leaving the list, and its stock is in the URL", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI"), stock("BINDPOLY")]) });
  const { url } = page();
  await userEvent.click(await screen.findByText("BINDPOLY"));
  expect(await screen.findByText("Panel of BINDPOLY")).toBeInTheDocument();
  expect(url().get("stock")).toBe("BINDPOLY");
  await userEvent.click(
    within(screen.getByRole("complementary", { name: "BINDPOLY" })).getByRole("button", { name: "Close" }),
  );
  await waitFor(() => expect(screen.queryByText("Panel of BINDPOLY")).not.toBeInTheDocument());
});

test("Escape belongs to the open drawer first", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  page("?stock=ARUVI");
  await screen.findByText("Panel of ARUVI");
  const escape = getCommands().filter((command) => command.keys === "Escape");
  expect(escape.map((command) => command.id)).toEqual(["close-drawer"]);
  act(() => escape[0]?.run());
  await waitFor(() => expect(screen.queryByText("Panel of ARUVI")).not.toBeInTheDocument());
});

test("an unknown figure is a dash with its reason, not a zero", async () => {
  fakeApi({
    ...BASE,
    "GET /api/screener/fields": {
      fields: [
        {
          name: "rsi_14",
          label: "RSI 14",
          unit: "",
          formula: "",
          source: "",
          window: 15,
          available: true,
          description: "",
        },
      ],
    },
    "GET /api/screener/": screenerPage([stock("NEWCO", { rsi_14: null })]),
  });
  page();
  expect(await screen.findByText(/RSI 14 needs 15 sessions in a row/)).toBeInTheDocument();
});

test("rows beyond the first page are fetched when they come into sight", async () => {
  const { urls } = fakeApi({
    ...BASE,
    "GET /api/screener/": (url: URL) => {
      const asked = Number(url.searchParams.get("page"));
      return screenerPage(
        Array.from({ length: 50 }, (_, index) => stock(`S${(asked - 1) * 50 + index}`)),
        { page: asked, total: 2300, total_pages: 46 },
      );
    },
  });
  page();
  await screen.findByText("S0");
  const pane = screen.getByRole("region", { name: "Stocks, scrolls" });
  pane.scrollTop = 2250 * 28;
  act(() => void fireEvent.scroll(pane));
  await waitFor(() => expect(urls.some((url) => url.searchParams.get("page") === "46")).toBe(true));
  expect(urls.some((url) => url.searchParams.get("page") === "23")).toBe(false);
  expect(await screen.findByText("S2250")).toBeInTheDocument();
  expect(screen.getByRole("grid")).toHaveAttribute("aria-rowcount", "2301");
});

test("an expression of a thousand terms is a dozen filters and the text", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const terms = Array.from({ length: 40 }, (_, index) => `close > ${index}`);
  page(`?q=${encodeURIComponent(terms.join(" and "))}`);
  expect(await screen.findByText("and 28 more")).toBeInTheDocument();
  expect(screen.getAllByText("is above")).toHaveLength(12);
});

test("the page passes axe", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const { container } = page();
  await screen.findByText("ARUVI");
  expect(await axe(container)).toHaveNoViolations();
});

test("stocks that are held back are counted, named and lead to the decision", async () => {
  const quarantined = [{ symbol: "BINDPOLY", since: "2024-06-03" }];
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")], { quarantined }) });
  page();
  const link = await screen.findByRole("link", { name: "1 held back" });
  expect(link).toHaveAttribute("href", "/data#quarantine");
  expect(link.title).toContain("BINDPOLY since 3 Jun 2024");
});

const REFUSED = failure(422, "VALIDATION_ERROR", "There is no field cloze", {
  field: "q",
  line: 1,
  column: 1,
});

test("facets count nothing where there is no answer", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": REFUSED });
  page("?q=cloze+%3E+1&sector=Power");
  expect((await screen.findAllByText("The expression cannot be read")).length).toBeGreaterThan(0);
  for (const name of ["All sectors", "Power"])
    expect(screen.getByRole("radio", { name })).toBeInTheDocument(); // a name alone: no "All sectors 0"
});

test("an index is called by its name, not by its id", async () => {
  const indices = {
    indices: [{ id: "NIFTYMIDCAP150", name: "NIFTY Midcap 150", description: null, count: 150 }],
    default: "NIFTYMIDCAP150",
    asof: null,
  };
  fakeApi({
    ...BASE,
    "GET /api/screener/indices": indices,
    "GET /api/screener/": screenerPage([stock("ARUVI")], { indices: { NIFTYMIDCAP150: 1 } }),
  });
  page("?index=NIFTYMIDCAP150");
  expect(await screen.findByRole("radio", { name: /NIFTY Midcap 150/ })).toBeInTheDocument();
  const chip = screen.getByRole("button", { name: "Remove Index" }).parentElement as HTMLElement;
  expect(chip).toHaveTextContent("NIFTY Midcap 150");
  expect(screen.queryByText("NIFTYMIDCAP150")).not.toBeInTheDocument();
});

test("the history of a screen is asked with its type and its sector", async () => {
  fakeApi({
    ...BASE,
    "GET /api/screener/": screenerPage([stock("ARUVI")], { expression: "close > 1 or close < 9" }),
  });
  page("?q=close+%3E+1+or+close+%3C+9&type=ETF&sector=Power&index=NIFTY50");
  const link = await screen.findByRole("link", { name: "History" });
  const asked = new URL((link as HTMLAnchorElement).href).searchParams;
  expect(Object.fromEntries(asked)).toEqual({
    q: '(close > 1 or close < 9) and sector == "Power"',
    index: "NIFTY50",
    type: "ETF",
  });
});

test("what a strategy does not take from a screen is said before it is made", async () => {
  fakeApi({ ...BASE, "GET /api/screener/": screenerPage([stock("ARUVI")], { expression: "close > 1" }) });
  page("?q=close+%3E+1&type=ETF&sector=Power&index=NIFTY50");
  await userEvent.click(await screen.findByRole("button", { name: "Make strategy" }));
  const form = await screen.findByRole("dialog", { name: "Make a strategy of this screen" });
  expect(within(form).getByText(/Among the members of NIFTY 50;/)).toBeInTheDocument();
  expect(within(form).getByRole("note")).toHaveTextContent(
    "Type ETFs, Sector Power: not part of the strategy",
  );
});
