import type { Figure } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import { count, dateRange, grouped, likeIt, percent, probability, ratio, shortHash } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type {
  HeatMap,
  Landscape,
  Metrics,
  PlacedPoint,
  Sweep,
  SweepDoubt,
  SweepMetric,
  SweepPoint,
} from "@/lib/types";
import { parameters } from "./words";

type Input = NonNullable<Figure["inputs"]>[number];

/** A value as it is written, or a dash. */
const shown = (value: number | null | undefined, draw: (value: number) => string): string =>
  value == null ? "–" : draw(value);

const NO_INTERVAL = "None for a point; its run has one";

/** Calmar is made of two figures that a table has beside it; the others of the account's returns and trades. */
function withNumbers(metric: SweepMetric, metrics: Metrics): string | undefined {
  const formula = DEFINITIONS[metric]?.formula;
  const { cagr, max_drawdown: depth } = metrics;
  if (metric !== "calmar" || typeof cagr !== "number" || typeof depth !== "number") return formula;
  return `${formula}\n= ${percent(cagr, 2)} ÷ ${percent(Math.abs(depth), 2)}`;
}

/** Of which search, on which universe and sessions. */
function about(sweep: Sweep, base: number): Input[] {
  const of = sweep.bases.find((one) => one.base === base);
  return [
    ...(of
      ? [
          { name: "Universe", value: of.universe },
          { name: "Period", value: dateRange(of.start_date, of.end_date) },
        ]
      : []),
    { name: "Sweep", value: shortHash(sweep.sweep_id) },
  ];
}

/** A measure of a point: what it is, its formula, and what else is known of the point. */
export function pointFigure(
  sweep: Sweep,
  metric: SweepMetric,
  point: Pick<SweepPoint, "params" | "metrics" | "failed" | "base"> | undefined,
): Figure {
  const metrics: Metrics = point?.metrics ?? {};
  const value = metrics[metric];
  const beside = (["cagr", "volatility", "max_drawdown", "trades"] as const).filter(
    (name) => name !== metric && typeof metrics[name] === "number",
  );
  return {
    label: labelOf(metric),
    value: typeof value === "number" ? written(metric, value) : null,
    why: point ? (point.failed ?? "Not defined; the run of it says why") : "There is no point",
    definition: DEFINITIONS[metric]?.text ?? "",
    formula: withNumbers(metric, metrics),
    interval: NO_INTERVAL,
    inputs: point && [
      { name: "Point", value: parameters(point.params) },
      ...beside.map((name) => ({ name: labelOf(name), value: written(name, metrics[name] as number) })),
      ...about(sweep, point.base),
    ],
  };
}

/** A measure in the cells of the heat map. */
export function cellsFigure(sweep: Sweep, heat: HeatMap): Figure {
  const known = heat.median.flat().filter((value) => value !== null);
  const over = heat.others.join(", ");
  const { metric } = heat;
  const most = known.length > 0 ? Math.max(...known) : null;
  return {
    label: `${labelOf(metric)}, the highest cell`,
    value: most === null ? null : written(metric, most),
    why: "No cell has a value",
    definition: `${DEFINITIONS[metric]?.text ?? ""} ${over ? `A cell shows its median over ${over}.` : "A cell is one point."}`,
    formula: over
      ? `median(${labelOf(metric)} of the cell’s points)\n${DEFINITIONS[metric]?.formula}`
      : DEFINITIONS[metric]?.formula,
    interval: NO_INTERVAL,
    inputs: [
      { name: "Lowest cell", value: most === null ? "–" : written(metric, Math.min(...known)) },
      { name: "Cells with a value", value: `${count(known.length)} of ${count(heat.median.flat().length)}` },
      { name: "Points in them", value: count(heat.points.flat().reduce((sum, one) => sum + one, 0)) },
      { name: "Sweep", value: shortHash(sweep.sweep_id) },
    ],
  };
}

/** Where a point stands: the median around it, or its percentile; of the chosen one. */
export function placeFigure(sweep: Sweep, found: Landscape, of: "around" | "percentile"): Figure {
  const { metric, chosen } = found;
  const draw = (value: number) => (of === "percentile" ? percent(value, 0) : written(metric, value));
  const placed: [string, PlacedPoint | null][] = [
    ["Peak", found.peak],
    ["Plateau", found.plateau],
  ];
  const told =
    of === "around"
      ? {
          label: "Around it",
          why: "It has no neighbours",
          definition: `${labelOf(metric)} in the middle of the chosen point and the points one step of the grid away: what is left of it where one misses it a little.`,
          formula: `median(${labelOf(metric)} of the point and its neighbours)`,
        }
      : {
          label: "Percentile",
          why: "It has no value",
          definition: `Share of all points whose ${labelOf(metric)} is no better than that of the chosen one.`,
          formula: "count(values ≤ its value) ÷ count(values)",
        };
  return {
    ...told,
    value: chosen?.[of] == null ? null : draw(chosen[of]),
    interval: "None: it is counted over all points",
    inputs: [
      { name: "Chosen", value: chosen ? parameters(chosen.params) : "none" },
      { name: `Its ${labelOf(metric)}`, value: shown(chosen?.value, (value) => written(metric, value)) },
      ...placed.flatMap(([name, one]) => (one ? [{ name, value: shown(one[of], draw) }] : [])),
      { name: "Points", value: count(found.points) },
      ...about(sweep, chosen?.base ?? 0),
    ],
  };
}

/** What a report of significance tells beside a deflated Sharpe. */
export interface Deflation {
  deflated_sharpe: number | null;
  trials: number;
  reasons: Record<string, string>;
  sharpe?: number | null;
  sessions?: number;
  probabilistic_sharpe?: number | null;
  expected_max_sharpe?: number | null;
  trials_compared?: number;
  trials_unknown?: number;
  skewness?: number | null;
  kurtosis?: number | null;
}

export function deflatedFigure(label: string, left: Deflation | undefined, why: string): Figure {
  return {
    label,
    value: left?.deflated_sharpe == null ? null : probability(left.deflated_sharpe),
    why,
    definition: "Probability that its Sharpe is above the best that luck alone gives in so many trials.",
    formula:
      "Φ((S − S₀) · √(T − 1) ÷ √(1 − skewness · S + (kurtosis − 1) ÷ 4 · S²))\nS the Sharpe a session, S₀ the best by luck alone\nS₀ = √V · ((1 − γ) · Φ⁻¹(1 − 1 ÷ N) + γ · Φ⁻¹(1 − 1 ÷ (N · e)))\nN all trials, γ = 0.5772…, V the variance of the Sharpe ratios of those of a like record:\nthree quarters of the returns and of the days of the longer one, or more",
    interval: "A probability, no interval",
    inputs: left && [
      { name: "Sharpe a year", value: shown(left.sharpe, ratio) },
      { name: "Trials", value: count(left.trials) },
      { name: "Best by luck alone, a year", value: shown(left.expected_max_sharpe, ratio) },
      { name: "Trials of a like record", value: shown(left.trials_compared, (value) => likeIt(value, left)) },
      { name: "Probabilistic Sharpe", value: shown(left.probabilistic_sharpe, probability) },
      { name: "Sessions T", value: shown(left.sessions, count) },
      { name: "Skewness", value: shown(left.skewness, ratio) },
      { name: "Kurtosis, normal is 3", value: shown(left.kurtosis, ratio) },
    ],
  };
}

/** As much of the doubt about points as its figures are made of. */
type Told = Pick<
  SweepDoubt["bases"][number],
  "configurations" | "points" | "sessions" | "pbo" | "spa" | "reason"
>;

const rested = (told: Told): Input[] => [
  { name: "Points kept", value: `${count(told.configurations)} of ${count(told.points)}` },
  { name: "Sessions", value: count(told.sessions) },
];

export function overfittingFigure(told: Told): Figure {
  const { pbo } = told;
  return {
    label: "Probability of overfitting",
    value: pbo?.probability == null ? null : probability(pbo.probability),
    why: pbo?.reason ?? told.reason ?? "unknown",
    definition:
      "Of the best in one half of the sessions being no better than the median in the other (CSCV), over all ways to halve them.",
    formula:
      "count(ln(ω ÷ (1 − ω)) ≤ 0) ÷ halves\nω the rank out of sample of the best in sample ÷ (points + 1)",
    interval: "A probability, no interval",
    inputs: [
      ...rested(told),
      ...(pbo
        ? [
            { name: "Blocks", value: shown(pbo.blocks, count) },
            { name: "Halves", value: shown(pbo.combinations, count) },
            { name: "Mean logit", value: shown(pbo.mean_logit, ratio) },
            { name: "Chosen one lost in", value: shown(pbo.loss, (value) => percent(value, 0)) },
          ]
        : []),
    ],
  };
}

export function luckFigure(told: Told): Figure {
  const { spa } = told;
  return {
    label: "p that no point earns anything",
    value: spa?.consistent == null ? null : probability(spa.consistent),
    why: spa?.reason ?? told.reason ?? "unknown",
    definition:
      "Hansen’s test of superior predictive ability (SPA) over all points: how often luck alone gives a best point as good.",
    formula:
      "(1 + count(V* ≥ V)) ÷ (1 + draws)\nV = max(0, max over points of √T · mean ÷ ω); V* of draws about what is not clearly bad",
    interval: "A probability, no interval",
    inputs: [
      ...rested(told),
      ...(spa
        ? [
            { name: "V", value: shown(spa.statistic, ratio) },
            {
              name: "Its bounds",
              value: `${shown(spa.lower, probability)} to ${shown(spa.upper, probability)}`,
            },
            { name: "White’s reality check", value: shown(spa.reality_check, probability) },
            { name: "Draws", value: shown(spa.resamples, count) },
            { name: "Block, sessions", value: shown(spa.block, (value) => grouped(value, 1)) },
          ]
        : []),
    ],
  };
}
