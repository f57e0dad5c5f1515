import type { Figure, Whisker } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import { count, grouped, percent, rupees, shortHash } from "@/lib/format";
import type { DailyPoint, Metrics, RunAnalysis, RunHead } from "@/lib/types";
import { inputsOf, worked } from "./definitions";

type Draw = (value: number) => string;

const asPercent: Draw = (value) => percent(value, 1);
const asPercent2: Draw = (value) => percent(value, 2);
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
  omega: { label: "Omega at zero", draw: asRatio },
  martin_ratio: { label: "Martin ratio", draw: asRatio },
  ulcer_index: { label: "Ulcer index", draw: asPercent },
  mean_drawdown: { label: "Mean drawdown", draw: asPercent },
  longest_drawdown: { label: "Longest drawdown, sessions", draw: count },
  recovery_sessions: { label: "Recovery of the deepest, sessions", draw: count },
  downside_deviation: { label: "Downside deviation", draw: asPercent },
  var_95: { label: "Value at risk, 95 %, a day", draw: asPercent2 },
  cvar_95: { label: "Mean loss beyond it", draw: asPercent2 },
  var_99: { label: "Value at risk, 99 %, a day", draw: asPercent2 },
  cvar_99: { label: "Mean loss beyond it, 99 %", draw: asPercent2 },
  tail_ratio: { label: "Tail ratio", draw: asRatio },
  skewness: { label: "Skewness", draw: asRatio },
  kurtosis: { label: "Kurtosis (normal: 3)", draw: asRatio },
  best_day: { label: "Best day", draw: asPercent2 },
  worst_day: { label: "Worst day", draw: asPercent2 },
  winning_days: { label: "Winning days", draw: asPercent },
  best_month: { label: "Best month", draw: asPercent },
  worst_month: { label: "Worst month", draw: asPercent },
  winning_months: { label: "Winning months", draw: asPercent },
  beta: { label: "Beta to the index", draw: asRatio },
  alpha: { label: "Alpha a year", draw: asPercent },
  correlation: { label: "Correlation with the index", draw: asRatio },
  tracking_error: { label: "Tracking error", draw: asPercent },
  information_ratio: { label: "Information ratio", draw: asRatio },
  win_rate: { label: "Win rate", draw: asPercent },
  profit_factor: { label: "Profit factor", draw: asRatio },
  expectancy: { label: "Profit a trade", draw: (value) => rupees(value) },
  payoff: { label: "Average win over average loss", draw: asRatio },
  sqn: { label: "System quality (SQN)", draw: asRatio },
  kelly: { label: "Kelly share", draw: asPercent },
  average_holding: { label: "Sessions a trade", draw: (value) => grouped(value, 1) },
  mean_adverse_excursion: { label: "Mean worst excursion of a trade", draw: asPercent },
  mean_favourable_excursion: { label: "Mean best excursion of a trade", draw: asPercent },
  exposure: { label: "Time in market", draw: asPercent },
  gross_exposure: { label: "Mean exposure", draw: asPercent },
  net_exposure: { label: "Mean net exposure", draw: asPercent },
  turnover: { label: "Turnover a year", draw: (value) => `${grouped(value, 2)}×` },
  trades: { label: "Closed trades", draw: count },
  open_trades: { label: "Open at the end", draw: count },
  final_equity: { label: "Final equity", draw: (value) => rupees(value, false) },
  frozen_value: { label: "Frozen: could not be sold", draw: (value) => rupees(value, false) },
  frozen_share: { label: "Frozen, of the final equity", draw: asPercent2 },
  frozen_positions: { label: "Frozen holdings", draw: count },
  final_equity_without_frozen: {
    label: "Final equity were they worth nothing",
    draw: (value) => rupees(value, false),
  },
};

/** The interval of a figure in words and as a whisker; what says why there is none. */
function doubt(
  run: RunHead,
  name: string,
  analysis: RunAnalysis | Error | undefined,
): { interval: string; whisker?: Whisker } {
  if (name === "trades") return { interval: "A count, no interval" };
  if (!INTERVALS.has(name)) return { interval: "No interval is drawn for it" };
  if (!analysis) return { interval: "Interval not known yet" };
  if (analysis instanceof Error) return { interval: `Interval not known: ${analysis.message}` };
  const { luck } = analysis;
  if (typeof luck === "string") return { interval: `No interval: ${luck}` };
  const found = luck.intervals[name];
  const value = (run.metrics as Metrics)[name];
  if (!found || typeof value !== "number") return { interval: "No interval: not defined in every draw" };
  const draw = METRICS[name]?.draw ?? asRatio;
  const [low, high] = [draw(found.low), draw(found.high)];
  return {
    interval: `${low.endsWith("%") ? low.slice(0, -1) : low} to ${high}`,
    whisker: { value, low: found.low, high: found.high },
  };
}

const INTERVALS = new Set(["cagr", "sharpe", "max_drawdown", "volatility"]);

export function metric(
  run: Pick<RunHead, "metrics" | "metric_reasons">,
  name: string,
): { text: string | null; why: string } {
  const value = (run.metrics as Metrics)[name];
  const why = run.metric_reasons[name] ?? "the server did not compute it";
  if (typeof value !== "number" || !Number.isFinite(value)) return { text: null, why };
  return { text: (METRICS[name]?.draw ?? asRatio)(value), why };
}

const SHOWN: readonly { name: string; twins: readonly string[] }[] = [
  { name: "cagr", twins: ["final_equity", "frozen_value"] },
  { name: "sharpe", twins: [] },
  { name: "max_drawdown", twins: ["exposure", "gross_exposure"] },
  { name: "volatility", twins: ["turnover", "downside_deviation"] },
  { name: "profit_factor", twins: ["win_rate", "expectancy"] },
  { name: "trades", twins: ["open_trades", "average_holding"] },
];

/** What stands beside a Sharpe on its card and in its popover. */
export type Beside = Required<Pick<Figure, "twins" | "inputs">>;

/** The headline figures, each with its interval once it is known, or why there is none. */
export function figures(run: RunHead, sharpe: Beside, analysis?: RunAnalysis | Error): Figure[] {
  return SHOWN.map(({ name, twins }) => {
    const { text, why } = metric(run, name);
    const isPercent = text?.endsWith("%") ?? false;
    const definition = DEFINITIONS[name];
    return {
      name,
      label: METRICS[name]?.label ?? name,
      value: isPercent && text ? text.slice(0, -1) : text,
      unit: isPercent ? "%" : undefined,
      why,
      definition: definition?.text ?? "",
      formula: formulaOf(run, name),
      ...doubt(run, name, analysis),
      inputs: [
        ...inputsOf(run, definition?.of),
        { name: "Run", value: shortHash(run.run_id) },
        ...(name === "sharpe" ? sharpe.inputs : []),
      ],
      twins:
        name === "sharpe"
          ? sharpe.twins
          : twins.map((twin) => ({
              name: METRICS[twin]?.label.split(":")[0] ?? twin, // what follows a colon has no room on a card
              value: metric(run, twin).text ?? "–",
            })),
    };
  });
}

/** The formula, and under it the same with the run's numbers. */
function formulaOf(run: RunHead, name: string): string | undefined {
  const own = worked(run, name);
  const formula = DEFINITIONS[name]?.formula;
  return own === null ? formula : `${formula}\n= ${own}`;
}

/** Any metric of a run as a figure that opens: what it is, its formula, what it is made of. */
export function opened(run: RunHead, name: string, analysis?: RunAnalysis | Error): Figure {
  const { text, why } = metric(run, name);
  const definition = DEFINITIONS[name];
  return {
    label: METRICS[name]?.label ?? name,
    value: text,
    why,
    definition: definition?.text ?? "",
    formula: formulaOf(run, name),
    ...doubt(run, name, analysis),
    inputs: [...inputsOf(run, definition?.of), { name: "Run", value: shortHash(run.run_id) }],
  };
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
