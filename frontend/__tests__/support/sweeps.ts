import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { HeatMap, Landscape, Sweep, WalkForward } from "@/lib/types";
import { smaCross } from "./wire";

export const SWEEPS = "/api/portfolio/strategies/sweeps";
export const WALKS = "/api/portfolio/strategies/walk-forwards";
export const ID = "5".repeat(64);

const DATA = `3.${"7f3ac21e".repeat(8)}`;
export const sweep: Sweep = {
  sweep_id: ID,
  strategy_id: "sma_cross",
  universes: ["NIFTY50"],
  start_date: "2020-01-01",
  end_date: "2024-12-31",
  parameters: ["fast", "slow"],
  points: 4,
  done: 4,
  state: "FINISHED",
  reason: null,
  job_id: null,
  created_at: "2025-01-01T10:00:00Z",
  finished_at: "2025-01-01T10:01:00Z",
  grid: { fast: [5, 10], slow: [30, 60] },
  fixed: {},
  random: null,
  bases: [
    { base: 0, universe: "NIFTY50", start_date: "2020-01-01", end_date: "2024-12-31", data_root: DATA },
  ],
  skipped: [],
  refused: 0,
  metrics: ["sharpe", "cagr", "max_drawdown", "profit_factor", "trades", "total_return"],
  run: {
    initial_capital: 1_000_000,
    costs: { plan: "zerodha", bps: null },
    slippage_bps: 5,
    sizing: { kind: "equity_per_member", value: null },
    data_root: DATA,
    engine_version: "1.06aa350e81c4",
  },
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
export const point = (
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
export const landscape = {
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
export const meta = { page: 1, limit: 25, total: 3, total_pages: 1 };
export const ANSWERS = {
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

export const walk = {
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

/** The figure of this name, opened. */
export const opened = async (name: string, from?: HTMLElement) => {
  await userEvent.click((from ? within(from) : screen).getByRole("button", { name }));
  return screen.findByRole("dialog");
};
export const closed = () => userEvent.keyboard("{Escape}");
