import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { clusterAt, clustered, drawnMarkers, type ChartMarker } from "@/components/chart-markers";
import type { ChartColors } from "@/components/chart-colors";
import { pricedMarkers } from "@/components/stock-chart";
import { TimeBrush } from "@/components/time-brush";
import { worked } from "@/features/backtest/definitions";
import { keptExtremes } from "@/features/backtest/exposure";
import { lanes, sessionAt } from "@/features/backtest/holdings";
import { Holdings } from "@/features/backtest/holdings-panel";
import { MEASURES } from "@/lib/measures";
import { within } from "@/lib/use-range";
import { markersOf } from "@/features/backtest/trade-candles";
import { steps } from "@/features/backtest/waterfall";
import { DEFINITIONS } from "@/lib/definitions";
import type { BarsSeries, Trade } from "@/lib/types";
import { renderApp } from "../support/render";
import { run } from "../support/wire";

const DAYS = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"];

const trade = (change: Partial<Trade>): Trade => ({ ...(run.trades[0] as Trade), ...change });

// ---- the part of the period

test("dates choose the sessions inside them, and too few choose all", () => {
  expect(within(DAYS, null, null)).toEqual([0, 4]);
  expect(within(DAYS, "2024-01-02", "2024-01-04")).toEqual([1, 3]);
  expect(within(DAYS, "2023-12-30", "2024-01-03")).toEqual([0, 2]);
  expect(within(DAYS, "2024-01-05", null)).toEqual([0, 4]); // one session is no period
  expect(within(DAYS, "2025-01-01", null)).toEqual([0, 4]);
});

test("the brush is moved by the keyboard, and its ends do not cross", async () => {
  const chosen: [number, number][] = [];
  const { container } = render(
    <TimeBrush
      days={DAYS}
      values={[1, 2, 3, 2, 1]}
      first={1}
      last={2}
      onChange={(...range) => chosen.push(range)}
    />,
  );
  const from = screen.getByRole("slider", { name: "From" });
  expect(from).toHaveAttribute("aria-valuetext", "2 Jan 2024");
  await userEvent.click(screen.getByRole("button", { name: "All" }));
  expect(chosen).toEqual([[0, 4]]);
  expect(await axe(container)).toHaveNoViolations();
});

test("of many exposures the lowest and the highest of each bucket stay", () => {
  const values = Array.from({ length: 10_000 }, (_, at) => (at === 5_003 ? 9 : at === 7_777 ? -9 : at % 7));
  const kept = keptExtremes(values, 100);
  expect(kept.length).toBeLessThanOrEqual(102);
  expect(kept).toEqual(expect.arrayContaining([0, 5_003, 7_777, 9_999]));
  expect(keptExtremes([1, 2, 3])).toEqual([0, 1, 2]);
});

// ---- holdings

test("a day lies at the last session that is not after it", () => {
  expect(["2023-12-31", "2024-01-01", "2024-01-03", "2024-02-01"].map((day) => sessionAt(DAYS, day))).toEqual(
    [-1, 0, 2, 4],
  );
});

test("holdings are cut to the part of the period that is shown", () => {
  const trades = [
    trade({ symbol: "A", entry_at: DAYS[0], exit_at: DAYS[2], open: false, pnl: 5 }),
    trade({ symbol: "B", entry_at: DAYS[1], exit_at: null, open: true, pnl: -2 }),
    trade({ symbol: "A", entry_at: DAYS[4], exit_at: null, open: true, pnl: 1 }),
    trade({ symbol: "C", entry_at: DAYS[0], exit_at: DAYS[1], open: false, pnl: 9 }),
  ];
  const found = lanes(trades, DAYS, 2, 4);
  // A: session 2, and 4; B: 2 to 4; C was left before
  expect(found.map(({ symbol, held, pnl }) => [symbol, held, pnl])).toEqual([
    ["B", 3, -2],
    ["A", 2, 6],
  ]);
  expect(found[1]?.stretches.map(({ from, to }) => [from, to])).toEqual([
    [2, 2],
    [4, 4],
  ]);
});

test("a line of the holdings opens its trades on candles", async () => {
  const opened: string[] = [];
  const { container } = renderApp(<Holdings run={run} onOpen={(symbol) => opened.push(symbol)} />);
  const [symbol] = run.trades.map((one) => one.symbol);
  await userEvent.click(screen.getByRole("button", { name: `Trades of ${symbol} on candles` }));
  expect(opened).toEqual([symbol]);
  expect(await axe(container)).toHaveNoViolations();
});

// ---- marks on candles

const MARK = (at: string, side: "entry" | "exit" = "entry", price?: number): ChartMarker => ({
  at,
  side,
  text: "100.00",
  price,
});
const INDEX = new Map(DAYS.map((day, at) => [day, at]));
const COLORS = { gain: "#0f0", loss: "#f00", accent: "#00f" } as ChartColors;

test("marks too close to be told apart are one, with their number", () => {
  const marks = [MARK("2024-01-05"), MARK("2024-01-01"), MARK("2024-01-02", "exit"), MARK("2024-06-01")];
  // 15 pixels hold 8 bars of 2 pixels, and 2 bars of 8
  expect(clustered(marks, INDEX, 2).map(({ index, markers }) => [index, markers.length])).toEqual([[0, 3]]);
  const apart = clustered(marks, INDEX, 8);
  expect(apart.map(({ index }) => index)).toEqual([0, 1, 4]);
  const [circle] = drawnMarkers(clustered(marks, INDEX, 2), DAYS, 2, COLORS);
  expect(circle).toMatchObject({ shape: "circle", text: "3", time: "2024-01-01" });
  expect(clusterAt(apart, 3, 8)?.index).toBe(4);
  expect(clusterAt(apart, 3, 40)?.index).toBe(4);
  expect(clusterAt([], 3, 8)).toBeNull();
});

test("zoomed in, a mark stands at its exact price", () => {
  const [entry, exit] = drawnMarkers(
    clustered([MARK("2024-01-01", "entry", 50), MARK("2024-01-01", "exit", 55)], INDEX, 10),
    DAYS,
    10,
    COLORS,
  );
  expect(entry).toMatchObject({ position: "atPriceBottom", price: 50, shape: "arrowUp" });
  expect(exit).toMatchObject({ position: "atPriceTop", price: 55, shape: "arrowDown" });
});

test("a price as traded is put where it lies among adjusted ones", () => {
  const series = (close: number[]) => ({ t: DAYS.slice(0, 2), c: close }) as BarsSeries;
  // a split of one for two after the first day: its close of 100 is shown as 50, so 104 as traded lies at 52
  const [first, second] =
    pricedMarkers(
      [
        { ...MARK("2024-01-01"), raw: 104 },
        { ...MARK("2024-01-02"), raw: 51 },
      ],
      series([50, 50]),
      series([100, 50]),
    ) ?? [];
  expect([first?.price, second?.price]).toEqual([52, 51]);
});

test("a mark says what was dealt, at what price and why", () => {
  const one = trade({
    entry_at: "2024-01-02",
    entry_price: 100,
    quantity: 10,
    exit_at: "2024-01-04",
    exit_price: 95.5,
    exit_reason: "STOP",
    pnl: -47.25,
    side: "LONG",
    open: false,
  });
  expect(markersOf([one]).map((mark) => [mark.side, mark.raw, mark.details])).toEqual([
    ["entry", 100, "Bought 2 Jan 2024 at ₹100.00, 10 shares"],
    ["exit", 95.5, "Sold 4 Jan 2024 at ₹95.50, Stop, −₹47 after charges"],
  ]);
  const [short] = markersOf([{ ...one, side: "SHORT" }]);
  expect([short?.side, short?.details]).toEqual([
    "exit",
    "Sold short 2 Jan 2024 at ₹100.00, 10 shares, short",
  ]);
});

// ---- figures

test("every metric of a run has a definition and a formula", () => {
  expect(Object.keys(DEFINITIONS).sort()).toEqual(Object.keys(MEASURES).sort());
  for (const { text, formula } of Object.values(DEFINITIONS))
    expect(text.length * formula.length).toBeGreaterThan(0);
});

test("a formula is shown with the run's own numbers", () => {
  expect(worked(run, "sharpe")).toBeNull();
  expect(worked({ ...run, metrics: { ...run.metrics, cagr: 0.1, max_drawdown: -0.25 } }, "calmar")).toBe(
    "10.00% ÷ 25.00%",
  );
});

test("the steps of the waterfall lead from the naive figure to the run's", () => {
  const twin = {
    final_equity: 120,
    causes: [
      { cause: "charges", difference: -15 },
      { cause: "ticks", difference: 3 },
    ],
  };
  expect(steps(twin, 108).map(({ from, to, kind }) => [from, to, kind])).toEqual([
    [0, 120, "whole"],
    [120, 105, "loss"],
    [105, 108, "gain"],
    [0, 108, "whole"],
  ]);
});
