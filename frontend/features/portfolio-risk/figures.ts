import type { Figure } from "@/components/figure-card";
import { count, percent, ratio, rupees } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";

/** Growth of 1 and its drawdown, from returns. */
export function grown(returns: readonly number[]): { growth: number[]; drawdown: number[] } {
  const growth: number[] = [];
  const drawdown: number[] = [];
  let value = 1;
  let peak = 1;
  for (const one of returns) {
    value *= 1 + one;
    peak = Math.max(peak, value);
    growth.push(value);
    drawdown.push(value / peak - 1);
  }
  return { growth, drawdown };
}

const digits = (value: number, places = 1): string => percent(value, places).replace("%", "");

/** The six figures at the top, each with what opens it. */
export function figures(found: RiskAnalysis): Figure[] {
  const { market_risk: risk, portfolio_risk: spread, reasons, benchmark } = found;
  const worth = found.value === null ? null : Number(found.value) * found.window.covered;
  const sessions = { name: "Sessions", value: count(found.window.sessions) };
  const index = benchmark.reason === null ? benchmark.name : "no benchmark";
  const money = (part: number | null) =>
    part === null || worth === null ? "" : `${rupees(part * worth, false)} · historical`;
  const interval = risk.beta_interval;
  return [
    {
      label: "Volatility",
      value: risk.volatility === null ? null : digits(risk.volatility),
      unit: "%",
      why: reasons["volatility"],
      definition: "How widely the portfolio's daily returns spread around their mean, in a year.",
      formula: "sample deviation of daily returns × √252",
      inputs: [
        sessions,
        {
          name: "Downside",
          value: risk.downside_deviation === null ? "–" : percent(risk.downside_deviation),
        },
        { name: "Tracking error", value: risk.tracking_error === null ? "–" : percent(risk.tracking_error) },
      ],
      interval: risk.benchmark_volatility === null ? index : `${index} ${percent(risk.benchmark_volatility)}`,
    },
    {
      label: "Beta",
      value: risk.beta === null ? null : ratio(risk.beta),
      why: reasons["beta"],
      definition: `How far the portfolio moves when ${index} moves by one.`,
      formula: "covariance with the benchmark / its variance",
      inputs: [
        sessions,
        { name: "Correlation", value: risk.correlation === null ? "–" : ratio(risk.correlation) },
      ],
      interval: interval ? `${ratio(interval[0] ?? 0)} to ${ratio(interval[1] ?? 0)}` : "no interval",
      whisker:
        interval && risk.beta !== null
          ? { value: risk.beta, low: interval[0] ?? risk.beta, high: interval[1] ?? risk.beta }
          : undefined,
    },
    {
      label: "VaR 95, 1 day",
      value: risk.var_95 === null ? null : digits(risk.var_95, 2),
      unit: "%",
      why: reasons["var_95"],
      definition: "The loss of one session that was not exceeded in 95 of 100.",
      formula: "−5th percentile of daily returns",
      inputs: [sessions, { name: "VaR 99", value: risk.var_99 === null ? "–" : percent(risk.var_99, 2) }],
      interval: money(risk.var_95),
    },
    {
      label: "CVaR 95, 1 day",
      value: risk.cvar_95 === null ? null : digits(risk.cvar_95, 2),
      unit: "%",
      why: reasons["cvar_95"],
      definition: "The mean loss of the sessions at or beyond the value at risk.",
      formula: "mean of returns ≤ −VaR 95",
      inputs: [sessions, { name: "CVaR 99", value: risk.cvar_99 === null ? "–" : percent(risk.cvar_99, 2) }],
      interval: money(risk.cvar_95),
    },
    {
      label: "Maximum drawdown",
      value: digits(risk.max_drawdown.max_drawdown),
      unit: "%",
      definition: "The deepest fall from a peak of today's portfolio over the window.",
      formula: "min of value / running peak − 1",
      inputs: [
        sessions,
        { name: "Peak", value: risk.max_drawdown.peak_date ?? "before the window" },
        { name: "Trough", value: risk.max_drawdown.trough_date ?? "–" },
        { name: "Recovered", value: risk.max_drawdown.recovery_date ?? "not yet" },
      ],
      interval:
        risk.benchmark_max_drawdown === null ? index : `${index} ${percent(risk.benchmark_max_drawdown)}`,
    },
    {
      label: "Effective holdings",
      value: ratio(spread.effective_holdings, 1),
      definition: "How many equal holdings would be as concentrated as this portfolio.",
      formula: "1 / sum of squared weights",
      inputs: [
        { name: "Largest", value: `${spread.max_position_symbol} ${percent(spread.max_position)}` },
        { name: "Top 3", value: percent(spread.top_3_concentration) },
        { name: "Top 10", value: percent(spread.top_10_concentration) },
        {
          name: "Diversification",
          value: spread.diversification_ratio === null ? "–" : ratio(spread.diversification_ratio),
        },
      ],
      interval: `of ${count(spread.holdings)} · HHI ${ratio(spread.hhi, 3)}`,
    },
  ];
}
