import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { BacktestForm } from "@/features/backtest/backtest-form";
import {
  fieldOfServer,
  initialValues,
  rangeOf,
  summary,
  toRequest,
  validate,
  type FormValues,
} from "@/features/backtest/form";
import { figures, longestUnderWater } from "@/features/backtest/metrics";
import { NaiveTwin } from "@/features/backtest/naive-twin";
import { RunPage } from "@/features/backtest/run-page";
import { readSpec } from "@/components/run-spec";
import { tradeReturn } from "@/features/backtest/trade-figures";
import { sortRows } from "@/features/backtest/sort";
import { TRADE_COLUMNS } from "@/features/backtest/trades-table";
import { barTime } from "@/lib/format";
import { parseNumber, parseSymbols } from "@/lib/typed";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";
import { job, partsOf, run, smaCross } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }), usePathname: () => "/quant/backtest/" }));

const LIMITS = { first: "2012-01-02", last: "2024-12-31" };
const INDICES = [{ id: "NIFTY50", name: "NIFTY 50", description: null, count: 50 }];
const values = (change: Partial<FormValues> = {}): FormValues => ({
  ...initialValues([smaCross], "NIFTY50", LIMITS, {}),
  ...change,
});
const form = (search = "") =>
  renderApp(
    <BacktestForm strategies={[smaCross]} indices={INDICES} defaultIndex="NIFTY50" limits={LIMITS} />,
    search,
  );

beforeEach(() => push.mockClear());

describe("what is typed", () => {
  test.each([
    ["10,00,000", 1_000_000],
    [" ₹ 5 ", 5],
    ["0.5", 0.5],
    [".5", 0.5],
    ["1e6", null],
    ["", null],
    ["12x", null],
  ])("%p is %p", (text, number) => expect(parseNumber(text)).toBe(number));

  test("symbols are separated by anything, in capitals, once each", () => {
    expect(parseSymbols("tcs, INFY;tcs\nM&M")).toEqual(["TCS", "INFY", "M&M"]);
  });

  test("the start is ten years back, or where the data begin", () => {
    expect(values().start).toBe("2014-12-31");
    expect(initialValues([smaCross], "NIFTY50", { first: "2020-05-04", last: "2024-12-31" }, {}).start).toBe(
      "2020-05-04",
    );
  });
});

describe("validation", () => {
  test("defaults pass", () => expect(validate(values(), smaCross, LIMITS)).toEqual({}));

  test.each<[string, Partial<FormValues>, string, RegExp]>([
    [
      "a parameter outside the server's limits",
      { params: { fast: "1", slow: "50" } },
      "params.fast",
      /1 is outside 2 to 250/,
    ],
    [
      "a broken whole number",
      { params: { fast: "20.5", slow: "50" } },
      "params.fast",
      /whole number, 2 to 250/,
    ],
    ["no number", { params: { fast: "x", slow: "50" } }, "params.fast", /A number, 2 to 250/],
    [
      "an end before the start",
      { start: "2020-01-01", end: "2019-01-01" },
      "end",
      /Before the start, 1 Jan 2020/,
    ],
    ["a start after the data", { start: "2025-06-01", end: "2025-07-01" }, "start", /end on 31 Dec 2024/],
    ["no capital", { capital: "0" }, "capital", /above 0/],
    ["charges of more than ten percent", { costs: "1001" }, "costs", /0 to 1,000/],
    ["a policy that is written and not saved", { policy: "NEW" }, "policy", /Save the new policy/],
    ["an empty list of symbols", { universe: "SYMBOLS", symbols: " " }, "symbols", /One symbol/],
  ])("%s", (_name, change, field, message) => {
    expect(validate(values(change), smaCross, LIMITS)[field]).toMatch(message);
  });

  test("the summary counts", () => {
    expect(summary({ a: "x" })).toBe("One field needs a change. Nothing was started.");
    expect(summary({ a: "x", b: "y" })).toBe("Two fields need a change. Nothing was started.");
  });

  test("the server's field names find their place in the form", () => {
    expect(fieldOfServer("params.fast", smaCross)).toBe("params.fast");
    expect(fieldOfServer("params.sma_cross.slow", smaCross)).toBe("params.slow");
    expect(fieldOfServer("start_date", smaCross)).toBe("start");
    expect(fieldOfServer("nonsense", smaCross)).toBeNull();
  });
});

test("the request has numbers, not texts", () => {
  expect(toRequest(values(), smaCross)).toEqual({
    strategy_ids: ["sma_cross"],
    params: { sma_cross: { fast: 20, slow: 50 } },
    universe: "NIFTY50",
    start_date: "2014-12-31",
    end_date: "2024-12-31",
    initial_capital: 1_000_000,
    sizing: "equity_per_member",
    costs: { bps: 10 },
    slippage_bps: 5,
    asof_members: true,
  });
  expect(toRequest(values({ universe: "SYMBOLS", symbols: "tcs infy" }), smaCross).universe).toEqual([
    "TCS",
    "INFY",
  ]);
});

test("timeframe, product, settlement and a volume cap are asked for only where they are not as usual", () => {
  const asked = toRequest(values({ timeframe: "5m", product: "MIS", settle: true, cap: "2.5" }), smaCross);
  expect(asked).toMatchObject({
    timeframe: "5m",
    product: "MIS",
    settle_next_session: true,
    volume_cap: 0.025,
  });
  expect(validate(values({ cap: "101" }), smaCross, LIMITS).cap).toMatch(/up to 100/);
  expect(fieldOfServer("timeframe", smaCross)).toBe("timeframe");
  const shown = readSpec({
    timeframe: "5m",
    books: [{ product: "MIS" }, { product: "FUT" }],
    settle_next_session: true,
    market_rules: "nse@1.a",
  }).conventions;
  expect(shown).toContainEqual(["Timeframe", "5 minutes"]);
  expect(shown).toContainEqual(["Product", "Intraday (MIS), Futures (FUT)"]);
  expect(shown).toContainEqual(["Money of a sale", "Next session (T+1)"]);
  expect(shown).toContainEqual(["Exchange rules", "NSE by date"]);
});

test("a small parameter is told by its digits, not by a power of ten", () => {
  const small = { type: "number", title: "Step", default: 0.0000005, minimum: 0.0000001, maximum: 2000 };
  const card = { ...smaCross, parameters: { properties: { step: small } } };
  const shown = initialValues([card], "NIFTY50", LIMITS, {});
  expect(shown.params.step).toBe("0.0000005");
  expect(rangeOf(small)).toBe("0.0000001 to 2,000");
  expect(validate(shown, card, LIMITS)).toEqual({});
  expect(readSpec({ books: [{ params: { step: 0.0000005 } }] }).params).toEqual([["Step", "0.0000005"]]);
});

test("a strategy made for intraday bars is asked to run on them", () => {
  const intraday = { ...smaCross, timeframe: "15m" };
  expect(initialValues([intraday], "NIFTY50", LIMITS, {}).timeframe).toBe("15m");
  expect(initialValues([{ ...smaCross, timeframe: "1w" }], "NIFTY50", LIMITS, {}).timeframe).toBe("1d");
});

test("a bar of the day shows its time, a session does not", () => {
  expect(barTime("2023-02-01T09:20:00")).toBe("1 Feb 2023, 09:20");
  expect(barTime("2023-02-01")).toBe("1 Feb 2023");
});

test("a broker's charges are asked for by name, and the rate is not looked at", () => {
  const broker = values({ plan: "zerodha", costs: "nonsense" });
  expect(validate(broker, smaCross, LIMITS)).toEqual({});
  expect(toRequest(broker, smaCross).costs).toBe("zerodha");
  expect(readSpec({ costs: { plan: "zerodha", bps: 0 } }).conventions).toContainEqual(["Charges", "Zerodha"]);
});

test("the naive twin shows what each cause took, and ends at the run's equity", () => {
  const { rerender } = render(
    <NaiveTwin
      run={{
        ...run,
        metrics: { ...run.metrics, final_equity: 1_010_000 },
        naive_twin: { final_equity: 1_010_500.25, causes: [{ cause: "charges", difference: -500.25 }] },
      }}
    />,
  );
  expect(screen.getByText("Charges").nextSibling).toHaveTextContent("500.25");
  expect(screen.getByText("Final equity of this run").closest("dt")?.nextSibling).toHaveTextContent(
    "10,10,000",
  );
  rerender(<NaiveTwin run={run} />);
  expect(screen.queryByText("Charges")).toBeNull();
});

test("a size by positions needs their number, and a fixed one its amount", () => {
  const wrong = (change: Partial<FormValues>) => validate(values(change), smaCross, LIMITS);
  expect(wrong({ sizing: "equity_per_position" })).toHaveProperty("most");
  expect(wrong({ sizing: "equity_per_position", most: "10" })).toEqual({});
  expect(wrong({ sizing: "value", amount: "" })).toHaveProperty("amount");
  expect(wrong({ sizing: "quantity", amount: "1.5" })).toHaveProperty("amount");
  expect(wrong({ most: "0" })).toHaveProperty("most");
  expect(toRequest(values({ sizing: "value", amount: "1,50,000", most: "8" }), smaCross)).toMatchObject({
    sizing: "value",
    sizing_value: 150_000,
    max_positions: 8,
  });
});

test("a wrong field stops the run, takes the focus and is counted", async () => {
  const { requests } = fakeApi({});
  form();
  const fast = screen.getByRole("textbox", { name: "Window of the fast average" });
  await userEvent.clear(fast);
  await userEvent.type(fast, "1");
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  expect(await screen.findByText("One field needs a change. Nothing was started.")).toBeInTheDocument();
  await waitFor(() => expect(fast).toHaveFocus());
  expect(fast).toHaveAttribute("aria-invalid", "true");
  expect(requests.filter((request) => request.method === "POST")).toHaveLength(0);
});

test("a finished run opens its page", async () => {
  const { requests } = fakeApi({ "POST /api/portfolio/strategies/backtest": run });
  form();
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/run/?run=${run.run_id}`));
  const sent = requests.find((request) => request.method === "POST");
  expect(sent?.headers.get("idempotency-key")).toBeTruthy();
});

test("a long run shows its job, then opens its page", async () => {
  let asked = 0;
  fakeApi({
    "POST /api/portfolio/strategies/backtest": () => json({ job }, 202),
    [`GET /api/jobs/${job.id}`]: () =>
      ++asked < 2
        ? { ...job, events: [] }
        : { ...job, events: [], state: "SUCCEEDED", progress: 1, result: { run_id: run.run_id } },
  });
  form();
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  expect(await screen.findByRole("progressbar")).toBeInTheDocument();
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/run/?run=${run.run_id}`), { timeout: 3000 });
});

test("no second run is begun while one runs, and the words of its job say what is waited for", async () => {
  const told = "Waiting for the engine to be compiled: once after an update, up to a few minutes";
  const running = { ...job, kind: "backtest", progress: 0.3, message: told, events: [] };
  let ended = false;
  const { requests } = fakeApi({
    "POST /api/portfolio/strategies/backtest": () => json({ job: running }, 202),
    [`GET /api/jobs/${job.id}`]: () => (ended ? { ...running, state: "CANCELLED" } : running),
  });
  form();
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  expect(await screen.findByText(told)).toBeInTheDocument();
  const button = screen.getByRole("button", { name: /^Running/ });
  expect(button).toBeDisabled();
  fireEvent.submit(button.closest("form")!);
  expect(requests.filter((request) => request.method === "POST")).toHaveLength(1);
  ended = true;
  await waitFor(() => expect(screen.getByRole("button", { name: /^Run backtest/ })).toBeEnabled(), {
    timeout: 3000,
  });
});

test("the form opens on the plainest strategy, on the one of the address, and says so where there is none", async () => {
  fakeApi({});
  const atr = { ...smaCross, strategy_id: "atr_breakout", display_name: "ATR breakout" };
  const shown = (search: string) =>
    renderApp(
      <BacktestForm strategies={[atr, smaCross]} indices={INDICES} defaultIndex="NIFTY50" limits={LIMITS} />,
      search,
    );
  const { unmount } = shown("");
  expect(screen.getByRole("combobox", { name: "Strategy" })).toHaveValue("sma_cross");
  unmount();
  const named = shown("?strategy=atr_breakout");
  expect(screen.getByRole("combobox", { name: "Strategy" })).toHaveValue("atr_breakout");
  expect(screen.queryByText(/cannot be run/)).toBeNull();
  named.unmount();
  shown("?strategy=gone");
  expect(screen.getByRole("combobox", { name: "Strategy" })).toHaveValue("sma_cross");
  expect(screen.getByText(/cannot be run/)).toHaveTextContent("gone");
});

test("what the server refuses is said at its field", async () => {
  fakeApi({
    "POST /api/portfolio/strategies/backtest": () =>
      failure(422, "VALIDATION_ERROR", "params.fast: expected a window shorter than slow (50), got 60", {
        field: "params.fast",
      }),
  });
  form();
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  expect(await screen.findByText("Expected a window shorter than slow (50), got 60.")).toBeInTheDocument();
  expect(screen.getByRole("textbox", { name: "Window of the fast average" })).toHaveAttribute(
    "aria-invalid",
    "true",
  );
});

test("a run that stopped at once is said to have stopped, once and beside the button", async () => {
  const stopped =
    "The run stopped: strategy own_one: ValueError: no average of nothing (own_one.py, line 52)";
  fakeApi({ ["POST /api/portfolio/strategies/backtest"]: () => failure(500, "BACKTEST_ERROR", stopped) });
  form();
  await userEvent.click(screen.getByRole("button", { name: /Run backtest/ }));
  const beside = screen.getByRole("complementary", { name: "Run" });
  expect(await within(beside).findByText("The backtest stopped")).toBeInTheDocument();
  expect(screen.getAllByText(stopped)).toHaveLength(1);
  expect(screen.getByRole("button", { name: /Run backtest/ })).toBeEnabled();
});

test("the form passes axe", async () => {
  fakeApi({});
  const { container } = form();
  expect(await axe(container)).toHaveNoViolations();
});

describe("a result", () => {
  test("figures say that they have no interval, and why one is unknown", () => {
    const shown = figures(run, { twins: [], inputs: [] });
    expect(shown.map((figure) => figure.label)).toEqual([
      "CAGR",
      "Sharpe ratio",
      "Maximum drawdown",
      "Volatility",
      "Profit factor",
      "Closed trades",
    ]);
    expect(shown[0]).toMatchObject({ value: "12.6", unit: "%", interval: "Interval not known yet" });
    expect(shown[0]?.whisker).toBeUndefined();
    expect(shown[5]?.interval).toBe("A count, no interval");
    expect(shown[2]?.value).toBe("\u221218.7");
    expect(shown[4]).toMatchObject({ value: null, why: "no losing trade" });
  });

  test("the longest time under water is counted in sessions from its peak, as the engine counts it", () => {
    const falls = (...drawdowns: number[]) =>
      drawdowns.map((drawdown, index) => ({ date: `2020-01-0${index + 1}`, drawdown }));
    const points = falls(0, -0.1, -0.2, 0, -0.1);
    // the peak of the first session is seen again three sessions later
    expect(longestUnderWater(points)).toEqual({
      sessions: 3,
      start: "2020-01-01",
      end: "2020-01-04",
      recovered: true,
    });
    expect(longestUnderWater(points.slice(0, 1))).toBeNull();
    // from the opening capital to the end, as in `longest_drawdown(array(90, 80, 95), 100)` of the engine's tests
    expect(longestUnderWater(falls(-0.1, -0.2, -0.05))).toEqual({
      sessions: 2,
      start: "2020-01-01",
      end: "2020-01-03",
      recovered: false,
    });
  });

  test("trades sort by figure, the unknown last either way", () => {
    const symbols = (by: string, order: "asc" | "desc") =>
      sortRows(run.trades, { by, order }, TRADE_COLUMNS).map((trade) => trade.symbol);
    expect(symbols("pnl", "desc")).toEqual(["ARUVI", "CORALIS", "BINDPOLY"]);
    expect(symbols("exit_at", "asc")).toEqual(["ARUVI", "BINDPOLY", "CORALIS"]);
    expect(symbols("exit_at", "desc")).toEqual(["BINDPOLY", "ARUVI", "CORALIS"]);
    expect(tradeReturn(run.trades[0] as (typeof run.trades)[number])).toBeCloseTo(10);
  });

  test("the inputs of a run are told in words, as far as its spec has them", () => {
    const spec = {
      sizing: { kind: "value", value: 150_000 },
      max_positions: null,
      costs: { bps: 10, plan: "bps" },
      slippage_bps: 1,
      volume_cap: 0.07, // times 100 it is 7.000000000000001 in a machine
      policy: { daily_stop_loss_percent: -2, max_equity_exposure_percent: 80 },
      engine_version: "1.06aa350e81c4",
    };
    expect(readSpec(spec).conventions).toEqual([
      ["Size of an entry", "Fixed sum, ₹1,50,000"],
      ["Positions at most", "No limit"],
      ["Charges", "10 basis points a side"],
      ["Slippage", "1 basis point a side"],
      ["Volume at most", "7% of a bar’s"],
      ["Risk policy", "80% invested at most, stop −2%"],
      ["Engine", "1.06aa350e81c4"],
    ]);
    expect(readSpec({ sizing: 3, costs: null }).conventions).toEqual([]);
  });

  test("an unknown spec is not trusted", () => {
    expect(readSpec({})).toMatchObject({ capital: null, index: null, universe: null, params: [] });
    expect(readSpec(run.spec)).toMatchObject({
      capital: 1_000_000,
      index: "NIFTY50",
      params: [
        ["Fast", "20"],
        ["Slow", "50"],
      ],
    });
  });

  test("the page shows figures, warnings, assumptions and trades, and passes axe", async () => {
    fakeApi({
      ...partsOf(run),
      "GET /api/portfolio/strategies/available": [smaCross],
    });
    const { container } = renderApp(<RunPage />, `?run=${run.run_id}`);
    expect(await screen.findByRole("heading", { name: "Moving-average crossover" })).toBeInTheDocument();
    expect(screen.getByText(/explains: CORALIS by 0.5/)).toBeInTheDocument();
    expect(screen.getByText("Orders fill at the raw open of the next bar.")).toBeInTheDocument();
    expect(screen.getByRole("grid", { name: "Trades" })).toHaveAttribute("aria-rowcount", "4");
    expect(await axe(container)).toHaveNoViolations();
  });

  test("Verified is said only after the bytes were compared", async () => {
    fakeApi({
      ...partsOf(run),
      [`POST /api/portfolio/strategies/runs/${run.run_id}/verify`]: {
        run_id: run.run_id,
        outcome: "identical",
        changed: [],
        digest: "c0ffee",
      },
      "GET /api/portfolio/strategies/available": [smaCross],
    });
    renderApp(<RunPage />, `?run=${run.run_id}`);
    await screen.findByRole("grid", { name: "Trades" });
    expect(screen.queryByText("Verified")).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Verify" }));
    expect(await screen.findByText("Verified")).toBeInTheDocument();
  });
});
