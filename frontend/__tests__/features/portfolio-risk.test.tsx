import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { step } from "@/features/portfolio-risk/correlations";
import { figures, grown } from "@/features/portfolio-risk/figures";
import { requestOf as limitsOf } from "@/features/portfolio-risk/improve-tab";
import Page from "@/app/analyst/portfolio/page";
import { requestOf, rowsOf } from "@/features/portfolio-risk/stress-tab";
import type { FactorExposures, ImproveAnswer, RiskAnalysis, StressAnswer } from "@/lib/types";
import { failure, fakeApi } from "../support/api";
import { noActions, portfolio } from "../support/portfolio";
import { renderApp } from "../support/render";

jest.mock("next/navigation", () => ({ useRouter: () => ({ push: jest.fn() }) }));

const stamp = {
  portfolio_id: 7,
  name: "Family",
  version: 2,
  timestamp: "2026-11-28T10:00:00+00:00",
  asof: "2026-11-27",
  snapshot: "7f3ac21e00",
  value: "1000000.00",
  window: {
    lookback_days: 252,
    sessions: 252,
    required: 126,
    first: "2025-11-27",
    last: "2026-11-27",
    covered: 0.9,
  },
  benchmark: { id: "NIFTY50", name: "NIFTY 50", reason: null },
  left_out: [{ symbol: "ZELKAR", reason: "60 sessions, needs 126" }],
  assumptions: ["Today's shares in today's proportions throughout."],
};
const contribution = (symbol: string, weight: number, share: number) => ({
  symbol,
  company_name: `${symbol} Ltd`,
  sector: "Banks",
  weight,
  marginal_contribution: 0.2,
  contribution: share * 0.16,
  contribution_share: share,
  cvar_95_share: share,
  volatility: 0.25,
  beta: 1.1,
  max_drawdown: -0.3,
  var_95: 0.02,
  untraded_sessions: 0,
});
const analysis: RiskAnalysis = {
  ...stamp,
  market_risk: {
    annual_return: 0.1,
    volatility: 0.164,
    portfolio_volatility: 0.164,
    downside_deviation: 0.11,
    sharpe_ratio: 0.6,
    sortino_ratio: 0.9,
    skewness: -0.2,
    kurtosis: 5,
    excess_kurtosis: 2,
    beta: 1.04,
    beta_interval: [0.97, 1.12],
    correlation: 0.8,
    tracking_error: 0.08,
    alpha: 0.01,
    information_ratio: 0.1,
    benchmark_volatility: 0.148,
    benchmark_return: 0.09,
    benchmark_max_drawdown: -0.189,
    max_drawdown: {
      max_drawdown: -0.213,
      peak_date: "2026-01-05",
      trough_date: "2026-03-10",
      recovery_date: null,
      recovery_days: null,
      peak_before_window: false,
    },
    var_95: 0.0172,
    cvar_95: 0.0261,
    var_95_cornish_fisher: 0.018,
    cvar_95_cornish_fisher: 0.028,
    var_95_filtered: 0.015,
    cvar_95_filtered: 0.022,
    var_99: 0.028,
    cvar_99: 0.034,
    var_99_cornish_fisher: null,
    cvar_99_cornish_fisher: null,
    var_99_filtered: 0.025,
    cvar_99_filtered: 0.03,
  },
  portfolio_risk: {
    hhi: 0.58,
    effective_holdings: 1.72,
    holdings: 3,
    top_3_concentration: 1,
    top_5_concentration: 1,
    top_10_concentration: 1,
    max_position: 0.6,
    max_position_symbol: "ARUVI",
    diversification_ratio: 1.3,
    marginal_contributions: [contribution("LUMBRA", 0.3, 0.45), contribution("ARUVI", 0.7, 0.55)],
    avg_correlation: 0.53,
    max_correlation: 0.53,
    min_correlation: 0.53,
    correlation_matrix: {
      symbols: ["ARUVI", "LUMBRA"],
      matrix: [
        [1, 0.53],
        [0.53, 1],
      ],
    },
  },
  fundamental_risk: {
    avg_leverage: 0.4,
    avg_fragility: 22,
    fragility_scores: [
      {
        symbol: "ARUVI",
        sector: "Banks",
        score: null,
        known_points: 45,
        period: null,
        parts: {
          debt: { points: null, most: 40, figure: null },
          profitability: { points: 9, most: 30, figure: 14 },
          earnings: { points: null, most: 15, figure: null },
          valuation: { points: 0, most: 15, figure: 12 },
        },
      },
    ],
    market_caps: [{ name: "large", allocation: 1 }],
    point_in_time: false,
    note: "Dated by assumption.",
  },
  liquidity: {
    participation: 0.1,
    sessions: 63,
    sold_within: { "1": 0.6, "5": 0.9, "21": 1 },
    longest_days: null,
    holdings: [{ symbol: "LUMBRA", weight: 0.3, usual_volume: 0, days: null }],
  },
  charts: {
    performance: {
      dates: ["2026-11-26", "2026-11-27"],
      portfolio_returns: [0.1, -0.1],
      benchmark_returns: [0.05, null],
    },
    sectors: [{ name: "Banks", allocation: 1 }],
  },
  reasons: { var_99_cornish_fisher: "skewness and kurtosis are too large for this expansion" },
};
const factors: FactorExposures = {
  ...stamp,
  factors: [
    { id: "market", name: "Market", exposure: 1.04, low: 0.97, high: 1.12, reason: null },
    { id: "size", name: "Size, small less large", exposure: null, low: null, high: null, reason: "too few" },
  ],
  r_squared: 0.83,
  sessions: 240,
  note: "Each month's end.",
};
const stress: StressAnswer = {
  ...stamp,
  replays: [
    {
      id: "2020-03",
      name: "Covid",
      first: "2020-02-19",
      last: "2020-03-23",
      benchmark_return: -0.372,
      portfolio_return: -0.314,
      change: "-314000.00",
      own_share: 0.6,
      estimated_share: 0.4,
      unknown_share: 0,
      reason: null,
      holdings: [
        { symbol: "ARUVI", return: -0.3, basis: "OWN" },
        { symbol: "LUMBRA", return: -0.33, basis: "SECTOR" },
      ],
    },
    {
      id: "2008",
      name: "Global financial crisis",
      first: "2008-01-08",
      last: "2008-10-27",
      benchmark_return: null,
      portfolio_return: null,
      change: null,
      own_share: 0,
      estimated_share: 0,
      unknown_share: 1,
      reason: "neither the shares nor the benchmark have prices over it",
      holdings: [],
    },
  ],
  shocks: [
    {
      name: "Market down 10 %",
      market: -0.1,
      sectors: {},
      factors: {},
      portfolio_return: -0.104,
      change: "-104000.00",
      unknown_share: 0,
      reasons: [],
    },
  ],
  circuit: {
    symbols: ["ARUVI"],
    sessions: 5,
    band: 0.2,
    fall: -0.67232,
    cannot_sell_share: 0.6,
    cannot_sell: "600000.00",
    portfolio_return: -0.4034,
    change: "-403400.00",
    holdings: [],
  },
  cone: {
    horizon: 2,
    paths: 2000,
    seed: 0,
    block: 1.5,
    quantiles: [0.05, 0.25, 0.5, 0.75, 0.95],
    levels: [
      [1, 0.97, 0.95],
      [1, 0.99, 0.98],
      [1, 1, 1.01],
      [1, 1.01, 1.03],
      [1, 1.03, 1.06],
    ],
    loss_probability: 0.4,
    fall_probability: [{ depth: 0.1, probability: 0 }],
    worst_fall_95: -0.08,
    final: { "0.05": "950000.00", "0.5": "1010000.00" },
  },
  bases: {},
};
const sample = {
  reason: null,
  sessions: 126,
  annual_return: 0.08,
  volatility: 0.15,
  sharpe_ratio: 0.5,
  cvar_95: 0.02,
  max_drawdown: -0.1,
  turnover: 0.04,
  rebalances: 2,
};
const improve: ImproveAnswer = {
  ...stamp,
  methods: [
    {
      id: "today",
      name: "Today's weights",
      baseline: true,
      reason: null,
      colliding: [],
      weights: [{ symbol: "ARUVI", sector: "Banks", today: 1, weight: 1 }],
      in_sample: {
        volatility: 0.16,
        cvar_95: 0.02,
        effective_holdings: 1,
        diversification_ratio: 1,
        largest: 1,
      },
      turnover: 0,
      out_of_sample: sample,
    },
    {
      id: "minimum_variance",
      name: "Minimum variance",
      baseline: false,
      reason: "No weights keep to all of: each holding at most 25%",
      colliding: ["each holding at most 25%"],
      weights: null,
      in_sample: null,
      turnover: null,
      out_of_sample: { reason: "No weights keep to all of: each holding at most 25%" },
    },
    {
      id: "risk_parity",
      name: "Risk parity",
      baseline: false,
      reason: null,
      colliding: [],
      weights: [{ symbol: "ARUVI", sector: "Banks", today: 1, weight: 0.6 }],
      in_sample: {
        volatility: 0.15,
        cvar_95: 0.02,
        effective_holdings: 2,
        diversification_ratio: 1.2,
        largest: 0.6,
      },
      turnover: 0.4,
      out_of_sample: sample,
    },
  ],
  limits: ["each holding at most 25%"],
  estimate_sessions: 126,
  rebalance_every: 63,
  cost: 0.001,
  cost_note: "Zerodha's",
  curves: { dates: ["2026-11-27"], growth: { today: [1.01], risk_parity: [1.02] } },
  improve_assumptions: ["They are those held now."],
};
const rebalance = {
  ...stamp,
  method: "risk_parity",
  trades: [
    {
      symbol: "ARUVI",
      side: "sell",
      quantity: 40,
      price: 100.5,
      value: "4020.00",
      charges: "19.98",
      held: 100,
      weight_before: 1,
      weight_wanted: 0.6,
      weight_after: 0.6,
    },
  ],
  bought: "0.00",
  sold: "4020.00",
  charges: "19.98",
  charges_by_line: {},
  cash_in: "0.00",
  cash_left: "4000.02",
  turnover: 0.4,
  plan: "zerodha",
  priced_on: "2026-11-27",
  unverified: [],
  note: "Estimate, not advice.",
  tax: {
    reason: null,
    year: "2026-27",
    cost: "208.00",
    sales: [
      {
        symbol: "ARUVI",
        short_term_gain: "1000.00",
        long_term_gain: "0.00",
        gain_of_unknown_age: "0.00",
        wait: { until: "2027-01-11", days: 45, saves: "208.00" },
      },
    ],
    notice: "Waiting assumes the same price.",
  },
};
const URL = "/api/portfolio/stocks/7";
const ANSWERS = {
  [`GET ${URL}`]: portfolio,
  [`GET ${URL}/actions`]: noActions,
  [`POST ${URL}/analyze`]: analysis,
  [`POST ${URL}/factors`]: factors,
  [`POST ${URL}/stress`]: stress,
  [`POST ${URL}/improve`]: improve,
  [`POST ${URL}/rebalance`]: rebalance,
  "GET /api/screener/indices": {
    indices: [{ id: "NIFTY500", name: "NIFTY 500", count: 500 }],
    default: "NIFTY500",
  },
};

test("the risk stands with what is left out, and every unknown says why", async () => {
  fakeApi(ANSWERS);
  const { container } = renderApp(<Page />, "?id=7&tab=risk");
  expect(await screen.findByText(/ZELKAR left out: 60 sessions, needs 126/)).toBeInTheDocument();
  expect(screen.getByText(/90.0% of the value is judged/)).toBeInTheDocument();
  const risk = screen.getByRole("table", { name: "Weight and risk by holding" });
  expect(within(risk).getByRole("row", { name: /LUMBRA 30.0 45.0 \+15.0/ })).toBeInTheDocument();
  expect(screen.getByText(/Risk shares sum to 100.0%. LUMBRA is 30.0% of the money/)).toBeInTheDocument();
  const tails = screen.getByRole("region", { name: /^Losses of one session, scrolls/ });
  expect(within(tails).getByText(/too large for this expansion/)).toBeInTheDocument();
  expect(await screen.findByText("Unknown: too few")).toBeInTheDocument();
  expect(screen.getByText("Unknown: 45 of 100 points are known, 50 are needed")).toBeInTheDocument();
  expect(screen.getByText(/not recovered yet/)).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
  await userEvent.click(screen.getByRole("button", { name: "Report" }));
  expect(screen.getByRole("link", { name: "As PDF" })).toHaveAttribute(
    "href",
    `${URL}/report?format=pdf&lookback_days=252`,
  );
});

test("lookback, benchmark and day are in the address and in the question", async () => {
  const network = fakeApi(ANSWERS);
  const { url } = renderApp(<Page />, "?id=7&tab=risk");
  await userEvent.click(await screen.findByRole("button", { name: "3 y" }));
  await screen.findByRole("option", { name: "NIFTY 500" });
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Benchmark" }), "NIFTY500");
  expect(url().get("lookback")).toBe("756");
  expect(url().get("benchmark")).toBe("NIFTY500");
  const last = network.requests.filter((request) => request.url.endsWith("/analyze")).at(-1);
  expect(await last?.json()).toEqual({ lookback_days: 756, benchmark: "NIFTY500", asof: null });
});

test("too little history is told in the words of the server", async () => {
  fakeApi({
    ...ANSWERS,
    [`POST ${URL}/analyze`]: () =>
      failure(400, "INSUFFICIENT_DATA", "No holding has the 126 sessions", { required: 126, available: 20 }),
  });
  renderApp(<Page />, "?id=7&tab=risk");
  expect(await screen.findByText("No holding has the 126 sessions")).toBeInTheDocument();
});

test("scenarios mark what is estimated, what cannot be sold and what nobody knows", async () => {
  fakeApi(ANSWERS);
  const { container } = renderApp(<Page />, "?id=7&tab=stress");
  const table = await screen.findByRole("table", { name: "Scenarios and what they do" });
  const covid = within(table).getByRole("row", { name: /Covid/ });
  expect(covid).toHaveTextContent("Estimated");
  expect(covid).toHaveTextContent("1 of 2 not listed, by sector or beta");
  expect(covid).toHaveTextContent("−31.4%");
  expect(within(table).getByRole("row", { name: /crisis/ })).toHaveTextContent(
    "Unknown: neither the shares nor the benchmark have prices over it",
  );
  expect(within(table).getByRole("row", { name: /Lower circuit/ })).toHaveTextContent("Cannot sell");
  expect(screen.getByText("none of 2,000")).toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("a sector's shock and locked shares go into the question", async () => {
  const network = fakeApi(ANSWERS);
  renderApp(<Page />, "?id=7&tab=stress");
  await userEvent.type(await screen.findByLabelText("Sector that falls"), "Banks");
  await userEvent.type(screen.getByLabelText("Locked shares"), "ARUVI, LUMBRA");
  await userEvent.click(screen.getByRole("button", { name: "Work out scenarios" }));
  const last = network.requests.filter((request) => request.url.endsWith("/stress")).at(-1);
  const asked = await last?.json();
  expect(asked.shocks[0].sectors).toEqual({ Banks: -0.3 });
  expect(asked.circuit).toEqual({ symbols: ["ARUVI", "LUMBRA"], sessions: 5, band: 0.2 });
});

test("limits that collide are named, and the trades to a method that has weights are listed", async () => {
  const network = fakeApi(ANSWERS);
  const { container } = renderApp(<Page />, "?id=7&tab=improve");
  const methods = await screen.findByRole("region", { name: "Methods, scrolls" });
  expect(within(methods).getByRole("row", { name: /Minimum variance/ })).toHaveTextContent(
    "Limits collide each holding at most 25%",
  );
  await userEvent.click(screen.getByRole("radio", { name: "Risk parity" }));
  await userEvent.click(screen.getByRole("button", { name: "List the trades" }));
  expect(await screen.findByRole("row", { name: /ARUVI Sell 40 100.50 4,020.00 19.98/ })).toHaveTextContent(
    "45 days save ₹208",
  );
  expect(screen.getByText(/Tax on the sales about ₹208.00 in 2026-27/)).toBeInTheDocument();
  const asked = await network.requests.find((request) => request.url.endsWith("/rebalance"))?.json();
  expect(asked).toMatchObject({ methods: ["risk_parity"], max_weight: 0.25, cash: "0" });
  expect(await axe(container)).toHaveNoViolations();
});

test("an address without a portfolio says so", () => {
  fakeApi({});
  renderApp(<Page />, "");
  expect(screen.getByText("No portfolio is chosen")).toBeInTheDocument();
});

test("growth compounds and falls from its peak", () => {
  // 1.1, then 0.99: a tenth below the peak
  const { growth, drawdown } = grown([0.1, -0.1]);
  expect(growth[1]).toBeCloseTo(0.99);
  expect(drawdown[1]).toBeCloseTo(-0.1);
});

test("rupees at risk are of what is judged", () => {
  // 1.72 % of 90 % of ten lakh
  expect(figures(analysis)[2]?.interval).toBe("₹15,480 · historical");
  const without = { ...analysis, benchmark: { ...analysis.benchmark, reason: "none" } };
  expect(figures(without)[0]?.definition).toContain("spread");
});

test("correlations have seven steps from 0 to 0.8", () => {
  expect([-0.3, 0, 0.12, 0.5, 0.8, 1].map(step)).toEqual([1, 1, 2, 5, 7, 7]);
});

test("without a sector there is no shock of the user, and empty limits are none", () => {
  const asked = {
    market: "-10",
    sector: "",
    sectorFall: "",
    symbols: "",
    sessions: "3",
    band: "0.05",
    horizon: "20",
  };
  expect(requestOf(asked, {}).shocks).toEqual([]);
  expect(rowsOf(stress)).toHaveLength(5);
  const limits = {
    maxWeight: "",
    maxSector: "40",
    turnover: "",
    keep: "A, B",
    estimate: "126",
    every: "63",
    plan: "none",
  };
  expect(limitsOf(limits, {})).toMatchObject({ max_weight: null, max_sector: 0.4, keep: ["A", "B"] });
});
