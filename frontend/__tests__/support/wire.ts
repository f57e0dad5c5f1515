import type {
  Health,
  Job,
  RunDetail,
  ScreenerPage,
  ScreenerRow,
  Significance,
  StrategyCard,
} from "@/lib/types";

/** Answers of the shape of the contract, for tests. Companies and prices are made up. */
export function stock(symbol: string, change: Partial<ScreenerRow> = {}): ScreenerRow {
  return {
    symbol,
    name: `${symbol} Limited`,
    sector: "Metals",
    close: 120.5,
    open: 119,
    high: 122,
    low: 118.5,
    prev_close: 119.25,
    change_pct: 1.05,
    volume: 1642118,
    turnover: 197_875_219,
    ema_20: 118,
    ema_50: 115,
    rsi_14: 61.2,
    atr_pct: 2.3,
    macd: 1,
    macd_signal: 0.8,
    adx: 22,
    stoch_k: 70,
    stoch_d: 65,
    bb_upper: 125,
    bb_middle: 118,
    bb_lower: 111,
    trend_7d: 2.5,
    trend_30d: -1.5,
    is_20d_breakout: false,
    vol_percentile: 80,
    intraday_score: 40,
    swing_score: 55,
    market_cap: null,
    pe_ratio: null,
    roe: null,
    eps: null,
    revenue: null,
    net_income: null,
    debt_to_equity: null,
    period: null,
    ...change,
  };
}

export function screenerPage(rows: ScreenerRow[], change: Partial<ScreenerPage["meta"]> = {}): ScreenerPage {
  return {
    data: rows,
    meta: {
      page: 1,
      limit: 100,
      total: rows.length,
      total_pages: 1,
      applied_filter: "ALL",
      asof: "2024-12-31",
      point_in_time: true,
      point_in_time_note: null,
      quarantined: [],
      snapshot: "7f3ac21e00000000",
      milliseconds: 11,
      sectors: { Metals: 2, Power: 1 },
      ...change,
    },
  };
}

export const health: Health = {
  status: "READY",
  version: "0.1.0",
  market: "sample",
  data: {
    first_session: "2019-01-01",
    last_session: "2024-12-31",
    instruments: 60,
    snapshot: "7f3ac21e00000000",
  },
  checks: { database: { ok: true, message: "PostgreSQL 18.6" } },
};

export const smaCross: StrategyCard = {
  strategy_id: "sma_cross",
  display_name: "Moving-average crossover",
  description: "Long while the fast average is above the slow one.",
  timeframe: "1d",
  regime: null,
  regime_notes: null,
  lifecycle_status: "RESEARCH",
  parameters: {
    type: "object",
    properties: {
      fast: {
        type: "integer",
        default: 20,
        minimum: 2,
        maximum: 250,
        description: "Window of the fast average",
        unit: "bars",
      },
      slow: {
        type: "integer",
        default: 50,
        minimum: 3,
        maximum: 500,
        description: "Window of the slow average",
        unit: "bars",
      },
    },
  },
  universes: ["NIFTY50"],
  proof: null,
  version: 1,
  source_hash: "ab",
  citation: null,
  updated_at: "2024-12-31T10:00:00Z",
};

export const job: Job = {
  id: "0b3e2f4e-0000-4000-8000-000000000001",
  kind: "backtest",
  market: "sample",
  state: "RUNNING",
  progress: 0.62,
  message: "1,488 done",
  result: null,
  error: null,
  cancel_requested: false,
  created_at: "2024-12-31T10:00:00Z",
  started_at: "2024-12-31T10:00:00Z",
  finished_at: null,
};

export const run: RunDetail = {
  run_id: "b41f9c07e2b41f9c07e2b41f9c07e2b41f9c07e2b41f9c07e2b41f9c07e2abcd",
  digest: "c0ffee",
  strategy_ids: ["sma_cross"],
  start_date: "2020-01-01",
  end_date: "2024-12-31",
  metrics: {
    cagr: 0.126,
    sharpe: 0.94,
    max_drawdown: -0.187,
    volatility: 0.132,
    profit_factor: null,
    trades: 2,
    total_return: 0.8,
  },
  metric_reasons: { profit_factor: "no losing trade" },
  daily_chart: [
    { date: "2020-01-01", equity: 1_000_000, drawdown: 0, exposure: 0, daily_return: null, state: "normal" },
    {
      date: "2020-01-02",
      equity: 990_000,
      drawdown: -0.01,
      exposure: 1,
      daily_return: -0.01,
      state: "normal",
    },
    {
      date: "2020-01-03",
      equity: 1_010_000,
      drawdown: 0,
      exposure: 1,
      daily_return: 0.0202,
      state: "normal",
    },
  ],
  trades: [
    trade("ARUVI", "2020-01-02", "2020-02-10", 1200),
    trade("BINDPOLY", "2020-03-02", "2020-03-20", -480),
    { ...trade("CORALIS", "2024-12-02", null, 75), open: true },
  ],
  trades_count: 3,
  rejections: [],
  coverage: { member_days: 100, traded_days: 98 },
  naive_twin: null,
  drawdown_sessions: {},
  assumptions: ["Orders fill at the raw open of the next bar."],
  warnings: [
    "CORALIS: the price moved by a factor of 0.5 on 2024-12-20, and no corporate action on file explains it.",
  ],
  spec: {
    initial_capital: 1_000_000,
    universe: { index: "NIFTY50" },
    books: [{ strategy_id: "sma_cross", params: { fast: 20, slow: 50 } }],
    data_root: "7f3ac21e",
  },
  point_in_time: true,
};

export const significance: Significance = {
  run_id: run.run_id,
  sharpe: 0.94,
  probabilistic_sharpe: 0.9986,
  deflated_sharpe: 0.93,
  trials: 214,
  trial_sharpe_variance: 0.000146,
  expected_max_sharpe: 0.57,
  min_track_record_sessions: 771,
  min_track_record_years: 3.06,
  sessions: 2212,
  skewness: -0.41,
  kurtosis: 7.3,
  reasons: {},
};

function trade(symbol: string, entry: string, exit: string | null, pnl: number): RunDetail["trades"][number] {
  return {
    book: "sma_cross",
    key: symbol,
    symbol,
    entry_at: entry,
    entry_price: 100,
    exit_at: exit,
    exit_price: exit ? 101 : null,
    quantity: 120,
    exit_quantity: exit ? 120 : null,
    income: 0,
    pnl,
    costs: 24.12,
    exit_reason: exit ? "SIGNAL" : null,
    open: exit === null,
    side: "LONG",
    ambiguous: false,
  };
}
