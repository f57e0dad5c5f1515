import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { Shell } from "@/features/shell/shell";
import { currentPage } from "@/features/shell/pages";
import { dataAPI } from "@/lib/api-client";
import { forgetMarket, marketSeen, noteAnswer, noteSwitch, whenMarketChanges } from "@/lib/market-seen";
import { setPreferences } from "@/lib/preferences";
import { healthQuery, marketChoiceQuery } from "@/lib/queries";
import { fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";
import { health } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }), usePathname: () => "/settings/" }));

const ANSWERS = {
  "GET /api/health": health,
  "GET /api/jobs": { data: [], meta: { page: 1, limit: 50, total: 0, total_pages: 0 } },
  "GET /api/market/status": {
    is_open: false,
    phase: "closed",
    next_change: null,
    session: null,
    message: "Closed until Mon 9:00",
  },
  "GET /api/data/market": { market: "sample", sample_ready: true, real_ready: false },
  "GET /api/market/search": [
    {
      symbol: "KAVERYA",
      name: "Kaverya Cables",
      sector: "Capital goods",
      type: "EQUITY",
      isin: null,
      matched: null,
    },
  ],
};

beforeEach(() => {
  push.mockClear();
  forgetMarket();
  act(() => setPreferences({ shortcuts: "on", theme: "dark" }));
  fakeApi(ANSWERS);
});

const shell = () =>
  renderApp(
    <Shell>
      <h1>Settings</h1>
    </Shell>,
  );

test("SAMPLE, the data's end and the exchange's phase are on every page", async () => {
  shell();
  expect(await screen.findByText("SAMPLE")).toBeInTheDocument();
  expect(await screen.findByText("31 Dec 2024")).toBeInTheDocument();
  expect(await screen.findByText("Closed until Mon 9:00")).toBeInTheDocument();
});

test("a market that was switched elsewhere is said, and nothing of the old one stays", async () => {
  let mark = "NSE";
  const market = () => (mark === "NSE" ? "real" : "sample");
  const answer = (body: unknown) => json(body, 200, { "X-Market": mark });
  fakeApi({
    ...ANSWERS,
    "GET /api/health": () => answer({ ...health, market: market() }),
    "GET /api/data/market": () => answer({ market: market(), sample_ready: true, real_ready: true }),
  });
  const { client } = shell();
  await waitFor(() => expect(client.getQueryData(marketChoiceQuery.queryKey)?.market).toBe("real"));
  expect(screen.queryByText("SAMPLE")).not.toBeInTheDocument();
  client.setQueryData(["data", "bars", "TCS"], "closes of a real stock");
  mark = "SAMPLE"; // `smarttrader data market sample`, in a terminal
  await act(() => client.refetchQueries({ queryKey: healthQuery.queryKey })); // all that a waiting page asks
  expect(await screen.findByText("SAMPLE")).toBeInTheDocument();
  expect(await screen.findByText("The sample market is open now")).toBeInTheDocument();
  expect(client.getQueryData(["data", "bars", "TCS"])).toBeUndefined();
  await waitFor(() => expect(client.getQueryData(marketChoiceQuery.queryKey)?.market).toBe("sample"));
});

test("a switch in this window is not told as one from elsewhere", async () => {
  const marked = (mark: string, market: string) =>
    json({ market, sample_ready: true, real_ready: true }, 200, { "X-Market": mark });
  fakeApi({
    ...ANSWERS,
    "GET /api/data/market": () => marked("NSE", "real"),
    "PUT /api/data/market": () => marked("SAMPLE", "sample"),
  });
  const told = jest.fn();
  const stop = whenMarketChanges(told);
  await dataAPI.market();
  expect(marketSeen()).toBe("NSE");
  await dataAPI.setMarket("sample");
  noteSwitch("sample");
  expect(told).not.toHaveBeenCalled();
  stop();
});

test("an answer that was on its way while the market changed says nothing", () => {
  const of = (mark: string) => new Response(null, { headers: { "X-Market": mark } });
  noteAnswer(of("NSE"), 0);
  const asked = performance.now();
  noteSwitch("sample");
  noteAnswer(of("NSE"), asked);
  expect(marketSeen()).toBe("SAMPLE");
});

test("a page that is not built is not in the navigation", () => {
  shell();
  const names = within(screen.getByRole("navigation", { name: "Main" }))
    .getAllByRole("link")
    .map((link) => link.getAttribute("aria-label"));
  expect(names).toEqual([
    "SmartTrader, screener",
    "Screener",
    "Market",
    "Alerts",
    "Portfolios",
    "Strategies",
    "Backtest",
    "Runs",
    "Sweeps",
    "Data",
    "Settings",
  ]);
});

test("keys go to pages and switch the theme, but not while typing or when switched off", async () => {
  shell();
  await userEvent.keyboard("gs");
  expect(push).toHaveBeenCalledWith("/screener/");
  await userEvent.keyboard("t");
  expect(document.documentElement.dataset.theme).toBe("light");
  act(() => setPreferences({ shortcuts: "off" }));
  await userEvent.keyboard("t");
  expect(document.documentElement.dataset.theme).toBe("light");
});

test("the palette finds stocks and actions and shows keys", async () => {
  shell();
  await userEvent.keyboard("{Control>}k{/Control}");
  const field = await screen.findByRole("combobox");
  expect(screen.getByRole("option", { name: /Switch theme/ })).toHaveTextContent("t");
  await userEvent.type(field, "kav");
  expect(await screen.findByRole("option", { name: /KAVERYA/ })).toHaveAttribute("aria-selected", "true");
  await userEvent.keyboard("{Enter}");
  expect(push).toHaveBeenCalledWith("/stock/?symbol=KAVERYA");
  await waitFor(() => expect(screen.queryByRole("combobox")).not.toBeInTheDocument());
});

test("? lists the keys of the page", async () => {
  shell();
  await userEvent.keyboard("?");
  expect(await screen.findByRole("dialog", { name: "Keys of this page" })).toHaveTextContent("Switch theme");
});

test("a stock belongs to the screener and a run to the runs", () => {
  expect(currentPage("/stock/")).toBe("/screener/");
  expect(currentPage("/quant/run/")).toBe("/quant/runs/");
  expect(currentPage("/quant/backtest/")).toBe("/quant/backtest/");
  expect(currentPage("/")).toBeNull();
});

test("the frame passes axe", async () => {
  const { container } = shell();
  await screen.findByText("SAMPLE");
  expect(await axe(container)).toHaveNoViolations();
});
