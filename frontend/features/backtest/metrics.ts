import type { Figure } from "@/components/figure-card";
import { count, grouped, percent, rupees, shortHash } from "@/lib/format";
import type { DailyPoint, Metrics, RunDetail } from "@/lib/types";

type Draw = (value: number) => string;

const asPercent: Draw = (value) => percent(value, 1);
const asRatio: Draw = (value) => grouped(value, 2);

/** How each metric of a run is written. The server's name → label and form. */
export const METRICS: Record<string, { label: string; draw: Draw }> = {
  total_return: { label: "Total return", draw: asPercent },
  cagr: { label: "CAGR", draw: asPercent },
  volatility: { label: "Volatility", draw: asPercent },
  sharpe: { label: "Sharpe ratio", draw: asRatio },
  sortino: { label: "Sortino ratio", draw: asRatio },
  calmar: { label: "Calmar ratio", draw: asRatio },
  max_drawdown: { label: "Maximum drawdown", draw: asPercent },
  win_rate: { label: "Win rate", draw: asPercent },
  profit_factor: { label: "Profit factor", draw: asRatio },
  expectancy: { label: "Profit a trade", draw: (value) => rupees(value) },
  average_holding: { label: "Sessions a trade", draw: (value) => grouped(value, 1) },
  exposure: { label: "Time in market", draw: asPercent },
  gross_exposure: { label: "Mean exposure", draw: asPercent },
  turnover: { label: "Turnover a year", draw: (value) => `${grouped(value, 2)}×` },
  trades: { label: "Closed trades", draw: count },
  open_trades: { label: "Open at the end", draw: count },
  final_equity: { label: "Final equity", draw: (value) => rupees(value, false) },
};

export const NO_INTERVAL = "No interval yet";

export function metric(
  run: Pick<RunDetail, "metrics" | "metric_reasons">,
  name: string,
): { text: string | null; why: string } {
  const value = (run.metrics as Metrics)[name];
  const why = run.metric_reasons[name] ?? "the server did not compute it";
  if (typeof value !== "number" || !Number.isFinite(value)) return { text: null, why };
  return { text: (METRICS[name]?.draw ?? asRatio)(value), why };
}

const DEFINITIONS: Record<string, { text: string; formula: string }> = {
  cagr: {
    text: "Growth a year at which the opening capital would have become the final equity.",
    formula: "(Π (1 + r)) ^ (252 / sessions) − 1",
  },
  sharpe: {
    text: "Mean daily return divided by its standard deviation, times √252; the cash rate is taken as zero.",
    formula: "mean(r) ÷ sd(r) · √252",
  },
  max_drawdown: {
    text: "Deepest fall of the equity from its running peak, at closes; the opening capital is the first peak.",
    formula: "min (equity ÷ running peak − 1)",
  },
  volatility: { text: "Standard deviation of the daily returns, times √252.", formula: "sd(r) · √252" },
  profit_factor: {
    text: "Rupees won by closed trades over rupees lost by closed trades, after charges.",
    formula: "Σ gains ÷ |Σ losses|",
  },
  trades: { text: "Trades with an entry and an exit inside the run.", formula: "count of closed trades" },
};

const SHOWN: readonly { name: string; twins: readonly string[] }[] = [
  { name: "cagr", twins: ["total_return", "final_equity"] },
  { name: "sharpe", twins: [] },
  { name: "max_drawdown", twins: ["exposure", "gross_exposure"] },
  { name: "volatility", twins: ["turnover", "average_holding"] },
  { name: "profit_factor", twins: ["win_rate", "expectancy"] },
  { name: "trades", twins: ["open_trades", "average_holding"] },
];

/** What stands beside a Sharpe on its card and in its popover. */
export type Beside = Required<Pick<Figure, "twins" | "inputs">>;

/** The headline figures. No interval is computed yet, and each says so instead of showing a bare whisker. */
export function figures(run: RunDetail, sharpe: Beside): Figure[] {
  return SHOWN.map(({ name, twins }) => {
    const { text, why } = metric(run, name);
    const isPercent = text?.endsWith("%") ?? false;
    const definition = DEFINITIONS[name];
    return {
      label: METRICS[name]?.label ?? name,
      value: isPercent && text ? text.slice(0, -1) : text,
      unit: isPercent ? "%" : undefined,
      why,
      definition: definition?.text ?? "",
      formula: definition?.formula,
      interval: name === "trades" ? "A count, no interval" : NO_INTERVAL,
      inputs: [
        { name: "Sessions", value: count(run.daily_chart.length) },
        { name: "Run", value: shortHash(run.run_id) },
        ...(name === "sharpe" ? sharpe.inputs : []),
      ],
      twins:
        name === "sharpe"
          ? sharpe.twins
          : twins.map((twin) => ({
              name: METRICS[twin]?.label ?? twin,
              value: metric(run, twin).text ?? "–",
            })),
    };
  });
}

export interface UnderWater {
  sessions: number;
  start: string;
  end: string;
  recovered: boolean;
}

/** The longest stretch below a former peak, in sessions; null when the equity never fell. */
export function longestUnderWater(
  points: readonly Pick<DailyPoint, "date" | "drawdown">[],
): UnderWater | null {
  let longest: UnderWater | null = null;
  let begin: number | null = null;
  points.forEach((point, index) => {
    if (point.drawdown < 0 && begin === null) begin = index;
    const recovered = point.drawdown >= 0;
    if (begin !== null && (recovered || index === points.length - 1)) {
      const sessions = index - begin + (recovered ? 0 : 1);
      if (longest === null || sessions > longest.sessions) {
        longest = { sessions, start: points[begin]?.date ?? "", end: point.date, recovered };
      }
      if (recovered) begin = null;
    }
  });
  return longest;
}
