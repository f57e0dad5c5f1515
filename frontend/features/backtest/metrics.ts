import type { Figure, Whisker } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import { shortHash } from "@/lib/format";
import { labelOf, shortLabelOf, written } from "@/lib/measures";
import type { DailyPoint, Metrics, RunAnalysis, RunHead } from "@/lib/types";
import { inputsOf, worked } from "./definitions";

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
  const [low, high] = [written(name, found.low), written(name, found.high)];
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
  return { text: written(name, value), why };
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
      label: labelOf(name),
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
              name: shortLabelOf(twin),
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
    label: labelOf(name),
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

/**
 * The longest fall, in sessions from its peak until that was seen again, or to the end; null when the equity never fell.
 * One from the opening capital begins at the first session.
 */
export function longestUnderWater(
  points: readonly Pick<DailyPoint, "date" | "drawdown">[],
): UnderWater | null {
  let longest: UnderWater | null = null;
  let begin: number | null = null;
  points.forEach((point, index) => {
    if (point.drawdown < 0 && begin === null) begin = Math.max(index - 1, 0);
    const recovered = point.drawdown >= 0;
    if (begin !== null && (recovered || index === points.length - 1)) {
      const sessions = index - begin;
      if (longest === null || sessions > longest.sessions) {
        longest = { sessions, start: points[begin]?.date ?? "", end: point.date, recovered };
      }
      if (recovered) begin = null;
    }
  });
  return longest;
}
