import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { SearchForm } from "@/features/sweeps/search-form";
import { pointFigure } from "@/features/sweeps/figures";
import { SweepPage } from "@/features/sweeps/sweep-page";
import { SweepsPage } from "@/features/sweeps/sweeps-page";
import { WalkPage } from "@/features/sweeps/walk-page";
import { howMany, parameter, parameters, valuesOf, written } from "@/features/sweeps/words";
import type { HeatMap, Landscape, Sweep, WalkForward } from "@/lib/types";
import { failure, fakeApi, json } from "../support/api";
import { options } from "../support/echarts";
import { renderApp } from "../support/render";
import { job, smaCross } from "../support/wire";

const push = jest.fn();
jest.mock("next/navigation", () => ({ useRouter: () => ({ push }) }));
beforeEach(() => {
  push.mockClear();
  options.length = 0;
});

const SWEEPS = "/api/portfolio/strategies/sweeps";
const WALKS = "/api/portfolio/strategies/walk-forwards";
const ID = "5".repeat(64);

const sweep: Sweep = {
  sweep_id: ID,
  strategy_id: "sma_cross",
  universes: ["NIFTY50"],
  start_date: "2020-01-01",
  end_date: "2024-12-31",
  parameters: ["fast", "slow"],
  points: 4,
  done: 4,
  state: "FINISHED",
  job_id: null,
  created_at: "2025-01-01T10:00:00Z",
  finished_at: "2025-01-01T10:01:00Z",
  grid: { fast: [5, 10], slow: [30, 60] },
  fixed: {},
  random: null,
  bases: [{ base: 0, universe: "NIFTY50", start_date: "2020-01-01", end_date: "2024-12-31" }],
  skipped: [],
  refused: 0,
  metrics: ["sharpe", "cagr", "max_drawdown", "profit_factor", "trades", "total_return"],
  run: {},
};
const heat: HeatMap = {
  metric: "sharpe",
  x: { name: "slow", values: [30, 60] },
  y: { name: "fast", values: [5, 10] },
  median: [
    [0.4, 0.9],
    [null, -0.2],
  ],
  points: [
    [1, 1],
    [0, 1],
  ],
  best: [
    [0, 1],
    [null, 3],
  ],
  others: [],
};
const point = (
  number: number,
  fast: number,
  slow: number,
  sharpe: number | null,
  failed: string | null = null,
) => ({
  number,
  base: 0,
  params: { fast, slow },
  metrics: { sharpe, cagr: sharpe, max_drawdown: -0.1, profit_factor: null, trades: 12, total_return: 0.2 },
  failed,
});
const placed = (number: number, sharpe: number, around: number | null) => ({
  ...point(number, 5, 60, sharpe),
  value: sharpe,
  around,
  percentile: 1,
});
const landscape = {
  metric: "sharpe",
  points: 3,
  bins: { edges: [-0.5, 0, 0.5, 1], counts: [1, 1, 1] },
  quantiles: null,
  peak: placed(1, 0.9, 0.4),
  plateau: null,
  chosen: placed(1, 0.9, 0.4),
  reason: "one of the two is alone",
} as unknown as Landscape;
const doubt = {
  bases: [
    {
      base: 0,
      points: 4,
      configurations: 3,
      left_out: 1,
      sessions: 240,
      pbo: { probability: null, reason: "240 sessions are fewer than 320" },
      spa: { consistent: 0.004, reason: null },
      best: { ...point(1, 5, 60, 0.9), significance: { deflated_sharpe: 0.31, trials: 9, reasons: {} } },
      reason: null,
    },
  ],
  reason: null,
};
const meta = { page: 1, limit: 25, total: 3, total_pages: 1 };
const ANSWERS = {
  "GET /api/portfolio/strategies/available": [smaCross],
  [`GET ${SWEEPS}/${ID}`]: sweep,
  [`GET ${SWEEPS}/${ID}/heatmap`]: heat,
  [`GET ${SWEEPS}/${ID}/landscape`]: landscape,
  [`GET ${SWEEPS}/${ID}/overfitting`]: doubt,
  [`GET ${SWEEPS}/${ID}/points`]: {
    data: [point(1, 5, 60, 0.9), point(0, 5, 30, 0.4), point(3, 10, 60, null, "the account was lost")],
    meta,
  },
};

test("a cell of the heat map chooses its point, and the point opens as a run", async () => {
  const network = fakeApi({ ...ANSWERS, [`POST ${SWEEPS}/${ID}/points/1/run`]: { run_id: "abc" } });
  const { container, url } = renderApp(<SweepPage />, `?sweep=${ID}`);
  const cell = await screen.findByRole("button", { name: "slow 60, fast 5: Sharpe 0.90" });
  expect(screen.getAllByRole("button", { name: /^slow .* Sharpe/ })).toHaveLength(3);
  await userEvent.click(cell);
  expect(url().get("point")).toBe("1");
  await userEvent.click(await screen.findByRole("button", { name: "Open as a run" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/run/?run=abc"));
  expect(network.urls.some((one) => one.searchParams.get("metric") === "sharpe")).toBe(true);
  expect(await axe(container)).toHaveNoViolations();
});

test("what is not known of a sweep has its reason, and a failed point too", async () => {
  fakeApi(ANSWERS);
  renderApp(<SweepPage />, `?sweep=${ID}`);
  const told = await screen.findByRole("region", { name: "Doubt" });
  expect(await within(told).findByText(/240 sessions are fewer than 320/)).toBeInTheDocument();
  expect(within(told).getByRole("row", { name: /Deflated Sharpe of the best, 9 trials/ })).toHaveTextContent(
    "0.31",
  );
  expect(within(told).getByRole("row", { name: /p that no point/ })).toHaveTextContent("< 0.01");
  const points = screen.getByRole("region", { name: "Points" });
  expect(await within(points).findAllByText(/the account was lost/)).not.toHaveLength(0);
  expect(await screen.findByText(/No neighbourhood: one of the two is alone/)).toBeInTheDocument();
});

const opened = async (name: string, from?: HTMLElement) => {
  await userEvent.click((from ? within(from) : screen).getByRole("button", { name }));
  return screen.findByRole("dialog");
};
const closed = () => userEvent.keyboard("{Escape}");

test("each figure of a sweep opens its formula and what it is made of", async () => {
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}/landscape`]: { ...landscape, metric: "calmar" },
  });
  renderApp(<SweepPage />, `?sweep=${ID}&metric=calmar&point=1`);
  const points = await screen.findByRole("region", { name: "Points" });
  await within(points).findAllByText("fast 5 · slow 60");
  let about = await opened("Max drawdown", points);
  expect(about).toHaveTextContent("min (equity ÷ running peak − 1)");
  expect(about).toHaveTextContent("Pointfast 5 · slow 60");
  expect(about).toHaveTextContent("UniverseNIFTY50");
  await closed();
  about = await opened("Profit factor", points);
  expect(about).toHaveTextContent("Not defined; the run of it says why");
  await closed();
  const near = screen.getByRole("region", { name: "Plateau against peak" });
  about = await opened("Around it", near);
  expect(about).toHaveTextContent("median(Calmar of the point and its neighbours)");
  await closed();
  about = await opened("Percentile", near);
  expect(about).toHaveTextContent("100%");
  expect(about).toHaveTextContent("count(values ≤ its value) ÷ count(values)");
  await closed();
  const map = screen.getByRole("region", { name: "Heat map" });
  about = await opened("Calmar", map);
  expect(about).toHaveTextContent("Sharpe, the highest cell0.90");
  expect(about).toHaveTextContent("Lowest cell−0.20");
  expect(about).toHaveTextContent("Cells with a value3 of 4");
  await closed();
  const doubts = screen.getByRole("region", { name: "Doubt" });
  about = await opened("Probability of overfitting", doubts);
  expect(about).toHaveTextContent("240 sessions are fewer than 320");
  expect(about).toHaveTextContent("Points kept3 of 4");
  await closed();
  about = await opened("Deflated Sharpe of the best, 9 trials", doubts);
  expect(about).toHaveTextContent("0.31");
  expect(about).toHaveTextContent("Trials9");
  await closed();
  about = await opened("p that no point earns anything", doubts);
  expect(about).toHaveTextContent("(1 + count(V* ≥ V)) ÷ (1 + draws)");
});

test("Calmar opens with the growth and the fall that it is made of", () => {
  // 12.6% a year over a fall of 10.0%
  const its = { ...point(1, 5, 60, 0.9), metrics: { calmar: 1.26, cagr: 0.126, max_drawdown: -0.1 } };
  const figure = pointFigure(sweep, "calmar", its);
  expect(figure.value).toBe("1.26");
  expect(figure.formula).toBe("CAGR ÷ |maximum drawdown|\n= 12.60% ÷ 10.00%");
  expect(pointFigure(sweep, "calmar", undefined)).toMatchObject({ value: null, why: "There is no point" });
});

test("the distribution shows in which bar the chosen point is", async () => {
  fakeApi(ANSWERS);
  renderApp(<SweepPage />, `?sweep=${ID}`);
  await screen.findByRole("img", {
    name: /^Sharpe of 3 points, from −0.50 to 1.00; the chosen point has 0.90/,
  });
  await waitFor(() => expect(options).not.toHaveLength(0));
  const bars = (options.at(-1)?.series as { data: { value: number; itemStyle: { color: string } }[] }[])[0]!
    .data;
  const colours = bars.map((bar) => bar.itemStyle.color);
  // 0.9 lies in the last of three
  expect(colours[0]).toBe(colours[1]);
  expect(colours[2]).not.toBe(colours[1]);
});

test("an interrupted sweep goes on or is taken away", async () => {
  const network = fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: { ...sweep, state: "INTERRUPTED", done: 1, finished_at: null },
    [`POST ${SWEEPS}/${ID}/resume`]: failure(409, "CONFLICT", "Another process is at work on it"),
    [`POST ${SWEEPS}/${ID}/cancel`]: () => new Response(null, { status: 202 }),
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByRole("progressbar", { name: "Points worked out" })).toHaveAttribute(
    "aria-valuenow",
    "25",
  );
  await userEvent.click(screen.getByRole("button", { name: "Go on" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("Another process is at work on it");
  await userEvent.click(screen.getByRole("button", { name: "Cancel and remove" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith("/quant/sweeps/"));
  expect(network.requests.filter((one) => one.url.endsWith("/cancel"))).toHaveLength(1);
});

test("a sweep that is not there says so", async () => {
  fakeApi({
    ...ANSWERS,
    [`GET ${SWEEPS}/${ID}`]: failure(404, "DATA_NOT_FOUND", "Sweep 555 does not exist"),
  });
  renderApp(<SweepPage />, `?sweep=${ID}`);
  expect(await screen.findByText("The sweep cannot be read")).toBeInTheDocument();
  expect(screen.getByText(/Sweep 555 does not exist/)).toBeInTheDocument();
});

const FORM = {
  ...ANSWERS,
  "GET /api/screener/indices": {
    default: "NIFTY50",
    indices: [{ id: "NIFTY50", name: "Nifty 50", count: 50, kind: "broad" }],
  },
  "GET /api/health": {
    data: {
      first_session: "2015-01-01",
      last_session: "2024-12-31",
      snapshot: "abcdef0123456789",
      market: "real",
    },
  },
  [`GET ${SWEEPS}`]: { data: [{ ...sweep, done: 1, state: "INTERRUPTED" }], meta },
  [`GET ${WALKS}`]: { data: [], meta: { ...meta, total: 0 } },
};

test("the form counts the points, says what is wrong, and asks for what was typed", async () => {
  const network = fakeApi({ ...FORM, [`POST ${SWEEPS}`]: json({ sweep, job: null }) });
  const { container } = renderApp(<SearchForm />);
  const fast = await screen.findByRole("textbox", { name: "fast" });
  await userEvent.clear(fast);
  await userEvent.type(fast, "5:20");
  expect(screen.getByText("Give start:stop:step, such as 5:50:5")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Start sweep" })).toBeDisabled();
  await userEvent.clear(fast);
  await userEvent.type(fast, "5:20:5");
  const slow = screen.getByRole("textbox", { name: "slow" });
  await userEvent.clear(slow);
  await userEvent.type(slow, "30, 60, 90");
  expect(screen.getByText(/12 combinations of fast and slow/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Start sweep" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/sweep/?sweep=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent.grid).toEqual({ fast: { start: 5, stop: 20, step: 5 }, slow: [30, 60, 90] });
  expect(sent.run).toMatchObject({ strategy_ids: ["sma_cross"], universe: "NIFTY50", costs: { bps: 10 } });
  expect(await axe(container)).toHaveNoViolations();
});

test("a walk-forward is asked for with its windows, and its job is followed to its page", async () => {
  const network = fakeApi({
    ...FORM,
    [`POST ${WALKS}`]: json({ walk_forward_id: ID, job: { ...job, id: "j1", state: "RUNNING" } }, 202),
    "GET /api/jobs/j1": { ...job, id: "j1", state: "SUCCEEDED", events: [] },
  });
  renderApp(<SearchForm />);
  await userEvent.click(await screen.findByRole("button", { name: "Walk-forward" }));
  const train = screen.getByRole("textbox", { name: "Sessions of training" });
  await userEvent.clear(train);
  await userEvent.type(train, "250");
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/walk-forward/?id=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent).toMatchObject({ train: 250, test: 126, purge: 0, mode: "rolling" });
});

test("a search can ask all that a run can, by the names of a run, and says what is no number", async () => {
  const network = fakeApi({
    ...FORM,
    "GET /api/portfolio/strategies/policy": [{ id: 7, name: "Careful", notes: [] }],
    [`POST ${WALKS}`]: json({ walk_forward_id: ID, job: null }),
  });
  renderApp(<SearchForm />);
  await userEvent.click(await screen.findByRole("button", { name: "Walk-forward" }));
  await userEvent.click(screen.getByText("What else a run is asked"));
  const fill = async (name: string, value: string) => {
    await userEvent.clear(screen.getByRole("textbox", { name }));
    await userEvent.type(screen.getByRole("textbox", { name }), value);
  };
  const choose = (name: string, value: string) =>
    userEvent.selectOptions(screen.getByRole("combobox", { name }), value);
  await fill("Capital", "5,00,000");
  await choose("Size of an entry", "value");
  expect(screen.getByRole("button", { name: "Walk forward" })).toBeDisabled(); // rupees are missing
  await fill("Sum an entry", "5O,000");
  expect(screen.getByText("“5O,000” is no number")).toBeInTheDocument();
  await fill("Sum an entry", "50,000");
  await fill("Positions at most", "3");
  await fill("Share of the capital", "50");
  await fill("Slippage", "3");
  await fill("Impact", "7");
  await fill("Volume at most", "10");
  await choose("What the cap leaves", "carry");
  await choose("Product", "CNC");
  await choose("Risk policy", "7");
  await fill("Benchmark", "none");
  await fill("Cash earns", "7");
  await fill("Seed", "9");
  await choose("Orders fill", "this_close");
  await choose("Exchange rules", "none");
  for (const name of [/T\+1/, /became known only later/, /Today’s members/])
    await userEvent.click(screen.getByRole("checkbox", { name }));
  await fill("Embargo", "2");
  await choose("Chosen by", "sortino");
  await userEvent.click(screen.getByRole("button", { name: "Walk forward" }));
  await waitFor(() => expect(push).toHaveBeenCalledWith(`/quant/walk-forward/?id=${ID}`));
  const sent = await network.requests.find((one) => one.method === "POST")!.json();
  expect(sent).toMatchObject({ metric: "sortino", embargo: 2 });
  expect(sent.run).toMatchObject({
    initial_capital: 500_000,
    sizing: "value",
    sizing_value: 50_000,
    max_positions: 3,
    allocations: { [sent.run.strategy_ids[0]]: 0.5 },
    slippage_bps: 3,
    impact_bps: 7,
    volume_cap: 0.1,
    unfilled: "carry",
    product: "CNC",
    policy_id: 7,
    benchmark: "none",
    cash_rates: [{ start: "1994-01-01", percent: 7 }],
    seed: 9,
    fill_at: "this_close",
    market: "none",
    settle_next_session: true,
    strict_actions: true,
    asof_members: false,
  });
});

test("the lists name what is there, how far it is, and what is not there yet", async () => {
  fakeApi(FORM);
  renderApp(<SweepsPage />);
  const list = await screen.findByRole("region", { name: "Sweeps" });
  expect(await within(list).findByText("1 of 4")).toBeInTheDocument();
  expect(within(list).getByText("Interrupted")).toBeInTheDocument();
  expect(await screen.findByText("No walk-forward yet")).toBeInTheDocument();
});

const walk = {
  walk_forward_id: ID,
  strategy_id: "sma_cross",
  universe: "NIFTY50",
  start_date: "2022-01-01",
  end_date: "2024-12-31",
  mode: "rolling",
  train: 250,
  test: 2,
  metric: "sharpe",
  parameters: ["fast", "slow"],
  metrics: {
    total_return: 0.02,
    cagr: 0.101,
    sharpe: 0.8,
    volatility: 0.12,
    max_drawdown: -0.05,
    periods_per_year: 252,
  },
  created_at: "2025-01-01T10:00:00Z",
  digest: "d".repeat(64),
  spec: { base: { initial_capital: 1_000_000 } },
  sessions: ["2023-01-02", "2023-01-03"],
  equity: [990_000, 1_020_000],
  reasons: {},
  windows: [
    {
      train_start: "2022-01-03",
      train_end: "2022-12-30",
      test_start: "2023-01-02",
      test_end: "2023-01-03",
      sessions: 2,
      params: null,
      points: 0,
      trained: null,
      trained_cagr: null,
      tested: null,
      tested_cagr: null,
      tested_return: 0.02,
      trades: 0,
    },
  ],
  stability: {
    windows: 3,
    without_choice: 1,
    changes: 1,
    parameters: {
      fast: { values: [5, 10], chosen: [2, 1], most_often: 5, share: 2 / 3, mean_step: 0.5, at_edge: null },
    },
  },
  efficiency: 0.45,
  benchmarks: [
    {
      kind: "index",
      name: "NIFTY50",
      words: "The index without dividends and costs.",
      equity: [100_000, 101_000, 103_000],
      metrics: { total_return: 0.03, cagr: 0.11, volatility: 0.1, sharpe: 0.9, max_drawdown: -0.05 },
      reasons: {},
    },
  ],
  stress: [
    { factor: 1, metrics: { total_return: 0.02, cagr: 0.1, sharpe: 0.8, max_drawdown: -0.05 }, reason: null },
    {
      factor: 2,
      metrics: { total_return: 0.01, cagr: 0.05, sharpe: 0.4, max_drawdown: -0.06 },
      reason: null,
    },
    { factor: 3, metrics: null, reason: "costs of 1500 bps are beyond the 1000 that a run takes" },
  ],
  luck: {
    intervals: { cagr: [-0.1, 0.3], sharpe: [-0.5, 1.9] },
    quantiles: [0.05, 0.25, 0.5, 0.75, 0.95],
    cone: [0.9, 0.95, 1, 1.05, 1.1].map((end) => [1_000_000, 1_000_000, end * 1_000_000]),
    block: 4.2,
    resamples: 2000,
    confidence: 0.95,
    seed: 0,
  },
  variants: {
    base: 0,
    points: 4,
    configurations: 4,
    left_out: 0,
    sessions: 2,
    pbo: null,
    spa: { consistent: 0.42, reason: null },
    best: null,
    reason: "2 sessions are fewer than 320",
    sharpe_median: 0.3,
    sharpe_best: 1.4,
    share_below: 0.75,
  },
  words: ["The curve holds tested sessions only."],
  significance: { deflated_sharpe: 0.62, trials: 30, reasons: {} },
  track_record: "Needs 4.1 more years.",
} as unknown as WalkForward;

test("a walk-forward shows its cone, its stress, its variants, and what is not known with the reason", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: walk });
  const { container } = renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText("Needs 4.1 more years.")).toBeInTheDocument();
  screen.getByRole("img", {
    name: "The tested account ends at ₹10,20,000; nine of ten paths of the same returns in another order end between ₹9,00,000 and ₹11,00,000",
  });
  const figures = screen.getByRole("region", { name: "Figures" });
  expect(within(figures).getByRole("row", { name: /^CAGR/ })).toHaveTextContent("10.1%−10.0% to 30.0%");
  const stress = screen.getByRole("region", { name: "Cost stress" });
  expect(within(stress).getByRole("row", { name: /^2×/ })).toHaveTextContent("1.0%5.0%0.40−6.0%");
  expect(within(stress).getAllByText(/1500 bps are beyond/)).toHaveLength(4);
  const variants = screen.getByRole("region", { name: "All points tried" });
  expect(within(variants).getByRole("row", { name: /SPA/ })).toHaveTextContent("0.42");
  expect(within(variants).getByRole("row", { name: /Probability of overfitting/ })).toHaveTextContent(
    "fewer than 320",
  );
  const stability = screen.getByRole("region", { name: "Stability of the choices" });
  expect(within(stability).getByRole("row", { name: /^fast/ })).toHaveTextContent("5: 2 times, 10: 1 time");
  expect(screen.getByText("none: no point had a value")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("each figure of a walk-forward opens its formula and what it is made of", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: walk });
  const { container } = renderApp(<WalkPage />, `?id=${ID}`);
  const figures = await screen.findByRole("region", { name: "Figures" });
  let about = await opened("Total return", figures);
  expect(about).toHaveTextContent("= ₹10,20,000.00 ÷ ₹10,00,000.00 − 1");
  expect(about).toHaveTextContent("None: Drawn for a year’s growth");
  await closed();
  about = await opened("CAGR", figures);
  expect(about).toHaveTextContent("−10.0% to 30.0%");
  expect(about).toHaveTextContent("= (₹10,20,000.00 ÷ ₹10,00,000.00) ^ (252 / 2) − 1");
  expect(about).toHaveTextContent("Draws2,000");
  expect(await axe(container)).toHaveNoViolations();
  await closed();
  about = await opened("Max drawdown", figures);
  // 9,90,000 on the first session, from the opening capital
  expect(about).toHaveTextContent("= ₹9,90,000.00 on 2 Jan 2023 ÷ ₹10,00,000.00 − 1");
  await closed();
  about = await opened("Deflated Sharpe, 30 trials", figures);
  expect(about).toHaveTextContent("Φ((S − S₀) · √(T − 1)");
  await closed();
  about = await opened("Sharpe", screen.getByRole("region", { name: "Cost stress" }));
  expect(about).toHaveTextContent("Costs 1×0.80Costs 2×0.40Costs 3×–");
  await closed();
  const tried = screen.getByRole("region", { name: "All points tried" });
  about = await opened("Points with a Sharpe no better", tried);
  expect(about).toHaveTextContent("75%");
  expect(about).toHaveTextContent("Sharpe of the walk0.80");
  await closed();
  about = await opened("Sharpe of the median and the best point", tried);
  expect(about).toHaveTextContent("0.30 and 1.40");
  await closed();
  const steady = screen.getByRole("region", { name: "Stability of the choices" });
  about = await opened("45% as fast", steady);
  expect(about).toHaveTextContent("Σ CAGR of the tests ÷ Σ CAGR in training");
  await closed();
  about = await opened("At an end", steady);
  expect(about).toHaveTextContent("The grid has ends only");
  expect(about).toHaveTextContent("Windows with a choice2");
  await closed();
  about = await opened("Return", screen.getByRole("region", { name: "Windows" }));
  expect(about).toHaveTextContent("2.0%");
  expect(about).toHaveTextContent("equity at the end of the test ÷ equity before it − 1");
});

test("a stored walk-forward is verified, and one whose inputs changed says which", async () => {
  let outcome = { outcome: "identical", changed: [] as string[], note: null as string | null };
  fakeApi({
    ...ANSWERS,
    [`GET ${WALKS}/${ID}`]: walk,
    [`POST ${WALKS}/${ID}/verify`]: () => ({ walk_forward_id: ID, digest: "d", ...outcome }),
  });
  renderApp(<WalkPage />, `?id=${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: "Verify" }));
  expect(await screen.findByRole("status")).toHaveTextContent("Verified");
  outcome = { outcome: "inputs_changed", changed: ["data"], note: null };
  await userEvent.click(screen.getByRole("button", { name: "Verify" }));
  await waitFor(() => expect(screen.getByRole("status")).toHaveTextContent("Inputs changed: prices"));
});

test("a verification that takes long is shown at work, can be cancelled, and tells its outcome", async () => {
  const job = {
    id: "5f0c1d7e-0000-4000-8000-000000000001",
    kind: "verify_walk_forward",
    market: "real",
    state: "RUNNING",
    progress: 0.4,
    message: "Window 2 of 5",
    result: null as unknown,
    error: null,
    cancel_requested: false,
    created_at: "2026-03-02T10:00:00Z",
    started_at: "2026-03-02T10:00:00Z",
    finished_at: null,
  };
  let now: Record<string, unknown> = { ...job, events: [] };
  const second = job.id.replace(/1$/, "2");
  const cancelled = jest.fn(() => {
    now = { ...now, state: "CANCELLED", cancel_requested: true };
    return now;
  });
  fakeApi({
    ...ANSWERS,
    [`GET ${WALKS}/${ID}`]: walk,
    [`POST ${WALKS}/${ID}/verify`]: () => {
      const id = now["state"] === "SUCCEEDED" ? second : job.id;
      now = { ...job, id, events: [] };
      return { job: { ...job, id } };
    },
    [`GET /api/jobs/${job.id}`]: () => now,
    [`GET /api/jobs/${second}`]: () => now,
    [`POST /api/jobs/${second}/cancel`]: cancelled,
  });
  renderApp(<WalkPage />, `?id=${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: "Verify" }));
  expect(await screen.findByText(/Window 2 of 5/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Verifying" })).toBeDisabled();
  now = {
    ...now,
    state: "SUCCEEDED",
    progress: 1,
    result: { walk_forward_id: ID, outcome: "differs", changed: [], note: null, digest: "e" },
  };
  expect(await screen.findByText("Differs from stored bytes")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Verify" }));
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  await waitFor(() => expect(screen.getByRole("button", { name: "Verify" })).toBeEnabled());
  expect(cancelled).toHaveBeenCalledTimes(1);
  expect(screen.queryByText("Differs from stored bytes")).not.toBeInTheDocument();
});

test("a walk-forward without an account left says why nothing was drawn", async () => {
  fakeApi({ ...ANSWERS, [`GET ${WALKS}/${ID}`]: { ...walk, luck: "equity reached zero" } });
  renderApp(<WalkPage />, `?id=${ID}`);
  expect(await screen.findByText("No ranges: equity reached zero.")).toBeInTheDocument();
});

test("values are read as ranges or lists, and what is no number is said", () => {
  expect(valuesOf(" ")).toBeNull();
  expect(valuesOf("5, 10 ,20")).toEqual([5, 10, 20]);
  expect(valuesOf("5:50:5")).toEqual({ start: 5, stop: 50, step: 5 });
  expect(howMany({ start: 5, stop: 50, step: 5 })).toBe(10);
  expect(howMany({ start: 0.1, stop: 0.3, step: 0.1 })).toBe(3);
  expect(howMany([5, 5, 10])).toBe(2);
  expect(() => valuesOf("5, x")).toThrow("“x” is no number");
  expect(() => valuesOf("5:1:1")).toThrow("the stop not below the start");
  expect(parameter(0.05)).toBe("0.05");
  expect(parameters({ fast: 5, slow: 30 })).toBe("fast 5 · slow 30");
  expect(written("final_equity", 1_234_567)).toBe("₹12,34,567");
  expect(written("cagr", 0.126)).toBe("12.6%");
});
