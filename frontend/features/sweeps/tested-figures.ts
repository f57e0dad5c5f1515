import type { Figure } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import { count, date, dateRange, exact, percent, ratio, rupees, shortHash } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { Metrics, SweepMetric, WalkForward } from "@/lib/types";
import { parameters } from "./words";

type Draw = (value: number) => string;

/** The figures of the tested curve that are shown. */
export const TESTED = ["total_return", "cagr", "sharpe", "volatility", "max_drawdown"] as const;
export type TestedMetric = (typeof TESTED)[number];

const opening = (walk: WalkForward): number =>
  Number((walk.spec["base"] as Record<string, unknown>)["initial_capital"]);

/** The account at each session with its fall from the highest before; the opening capital is the first peak. */
export function testedPoints(
  walk: WalkForward,
): { date: string; equity: number; drawdown: number; peak: number }[] {
  let peak = opening(walk);
  return walk.sessions.map((day, at) => {
    const equity = walk.equity[at] ?? peak;
    peak = Math.max(peak, equity);
    return { date: day, equity, drawdown: equity / peak - 1, peak };
  });
}

const about = (walk: WalkForward) => [
  { name: "Sessions tested", value: count(walk.sessions.length) },
  { name: "Windows", value: count(walk.windows.length) },
  { name: "Walk-forward", value: shortHash(walk.walk_forward_id) },
];

/** The formula with the walk's own numbers in it, where they are few enough to be written. */
function worked(walk: WalkForward, metric: TestedMetric): string | null {
  const points = testedPoints(walk);
  const last = points.at(-1);
  if (!last) return null;
  const [first, final] = [rupees(opening(walk), true), rupees(last.equity, true)];
  const a_year = (walk.metrics as Metrics)["periods_per_year"];
  if (metric === "total_return") return `${final} ÷ ${first} − 1`;
  if (metric === "cagr" && typeof a_year === "number")
    return `(${final} ÷ ${first}) ^ (${count(a_year)} / ${count(points.length)}) − 1`;
  if (metric === "max_drawdown") {
    const deepest = points.reduce((low, point) => (point.drawdown < low.drawdown ? point : low), last);
    return `${rupees(deepest.equity, true)} on ${date(deepest.date)} ÷ ${rupees(deepest.peak, true)} − 1`;
  }
  return null;
}

/** The interval of a figure of the tested curve, or why it has none. */
export function testedInterval(
  walk: WalkForward,
  metric: TestedMetric,
): { text: string | null; why: string } {
  if (typeof walk.luck === "string") return { text: null, why: `Nothing was drawn: ${walk.luck}` };
  const [low, high] = walk.luck.intervals[metric] ?? [];
  const why = metric === "total_return" ? "Drawn for a year’s growth" : "Not defined in every draw";
  if (low === undefined || high === undefined) return { text: null, why };
  return { text: `${written(metric, low)} to ${written(metric, high)}`, why };
}

/** A figure of the tested curve. */
export function testedFigure(walk: WalkForward, metric: TestedMetric): Figure {
  const value = (walk.metrics as Metrics)[metric];
  const numbers = worked(walk, metric);
  const formula = DEFINITIONS[metric]?.formula;
  const interval = testedInterval(walk, metric);
  const luck = typeof walk.luck === "string" ? null : walk.luck;
  return {
    label: labelOf(metric),
    value: value == null ? null : written(metric, value),
    why: walk.reasons[metric] ?? "not defined",
    definition: `${metric === "cagr" ? "Growth a year that leads from the opening capital to the final equity." : DEFINITIONS[metric]?.text} Of the sessions tested, put together.`,
    formula: numbers === null ? formula : `${formula}\n= ${numbers}`,
    interval: interval.text ?? `None: ${interval.why}`,
    inputs: [
      { name: "Opening capital", value: rupees(opening(walk)) },
      { name: "Final equity", value: rupees(walk.equity.at(-1) ?? opening(walk), true) },
      ...(luck
        ? [
            { name: "Draws", value: count(luck.resamples) },
            { name: "Block, sessions", value: ratio(luck.block, 1) },
          ]
        : []),
      ...about(walk),
    ],
  };
}

/** A figure with the costs as they are, and beside it with higher ones. */
export function stressedFigure(walk: WalkForward, metric: TestedMetric): Figure {
  const figure = testedFigure(walk, metric);
  return {
    ...figure,
    formula: DEFINITIONS[metric]?.formula,
    interval: "Only of the costs as they are, above",
    inputs: [
      ...walk.stress.map((row) => {
        const value = (row.metrics as Metrics | null)?.[metric];
        return { name: `Costs ${row.factor}×`, value: value == null ? "–" : written(metric, value) };
      }),
      ...about(walk),
    ],
  };
}

/** What is done with the points that a walk is held against; an older one was held against other accounts. */
export function besideIt(variants: WalkForward["variants"]): string {
  return variants.restarted
    ? "each walked forward alone: it begins each test in cash, with the account that the walk had there"
    : "each held right through the tested sessions, without the restarts of the walk";
}

/** How the walk stands beside all points, each fixed. */
export function variantsFigures(walk: WalkForward): { below: Figure; middle: Figure } {
  const { variants } = walk;
  const own = (walk.metrics as Metrics)["sharpe"];
  const inputs = [
    { name: "Sharpe of the walk", value: own == null ? "–" : ratio(own) },
    { name: "Points kept", value: `${count(variants.configurations)} of ${count(variants.points)}` },
    ...(variants.compared == null
      ? []
      : [
          {
            name: "Points compared",
            value: `${count(variants.compared)}${
              variants.not_compared
                ? `, without ${count(variants.not_compared)} that lost the account in a test or never traded`
                : ""
            }`,
          },
        ]),
    ...about(walk),
  ];
  const both = variants.sharpe_median != null && variants.sharpe_best != null;
  return {
    below: {
      label: "Points with a Sharpe no better",
      value: variants.share_below == null ? null : percent(variants.share_below, 0),
      why: "No Sharpe to compare",
      definition: `Share of all points that did no better than walking; ${besideIt(variants)}.`,
      formula: "count(Sharpe of a point ≤ Sharpe of the walk) ÷ count(points with a Sharpe)",
      interval: "None: it is counted over all points",
      inputs,
    },
    middle: {
      label: "Sharpe of the median and the best point",
      value: both ? `${ratio(variants.sharpe_median ?? 0)} and ${ratio(variants.sharpe_best ?? 0)}` : null,
      why: "No point has one",
      definition: `Of all points, ${besideIt(variants)}; the best was not known beforehand.`,
      formula: `median(Sharpe), max(Sharpe)\n${DEFINITIONS["sharpe"]?.formula}`,
      interval: "None: it is counted over all points",
      inputs,
    },
  };
}

/** How fast what was chosen grew in the tests, beside training. */
export function efficiencyFigure(walk: WalkForward): Figure {
  const both = walk.windows.filter(
    (row) => row.params !== null && row.tested_return !== null && row.trained_cagr !== null,
  );
  const a_year = Number((walk.metrics as Metrics)["periods_per_year"]);
  const sessions = both.reduce((sum, row) => sum + row.sessions, 0);
  const together = (of: "tested_return" | "trained_cagr", root: number) =>
    both.length === 0
      ? "–"
      : percent(
          Math.max(
            0,
            both.reduce((product, row) => product * (1 + (row[of] ?? 0)), 1),
          ) **
            root -
            1,
        );
  return {
    label: "Efficiency",
    value: walk.efficiency === null ? null : percent(walk.efficiency, 0),
    why: "Training earned nothing",
    definition:
      "Growth a year of the tests one after another, over that in training of what was chosen: the windows together, not the mean of their years, which short tests would make.",
    formula: `(Π(1 + return of the test) ^ (${count(a_year)} ÷ sessions) − 1) ÷ (Π(1 + CAGR in training) ^ (1 ÷ windows) − 1)`,
    interval: "None is drawn for it",
    inputs: [
      { name: "In the tests, a year", value: together("tested_return", a_year / sessions) },
      { name: "In training, a year", value: together("trained_cagr", 1 / both.length) },
      { name: "Sessions of these tests", value: count(sessions) },
      { name: "Windows with both", value: count(both.length) },
      ...about(walk),
    ],
  };
}

type Steady = "most_often" | "share" | "mean_step" | "at_edge";

const STEADY: Record<
  Steady,
  { label: string; draw: Draw; why: string; definition: string; formula: string }
> = {
  most_often: {
    label: "Most often",
    draw: exact,
    why: "Nothing was chosen",
    definition: "The value that most windows chose; of equals the lowest.",
    formula: "arg max over values of count(windows that chose it)",
  },
  share: {
    label: "In",
    draw: (value) => percent(value, 0),
    why: "Nothing was chosen",
    definition: "Share of the windows with a choice that chose that value.",
    formula: "count(windows that chose it) ÷ count(windows with a choice)",
  },
  mean_step: {
    label: "Moves by",
    draw: (value) => ratio(value, 1),
    why: "One window alone",
    definition: "Steps of the grid from one window to the next, on average.",
    formula: "mean |place in the grid − place in the window before|",
  },
  at_edge: {
    label: "At an end",
    draw: (value) => percent(value, 0),
    why: "The grid has ends only",
    definition: "Share of the choices at an end of the grid: it may be too narrow.",
    formula: "count(choices at the first or last value) ÷ count(windows with a choice)",
  },
};

/** How steady the choice of a parameter is; the first parameter, with the others among the inputs. */
export function steadyFigure(walk: WalkForward, of: Steady): Figure {
  const { draw, ...told } = STEADY[of];
  const [first, ...others] = Object.entries(walk.stability.parameters);
  const value = first?.[1][of] ?? null;
  return {
    ...told,
    value: value === null ? null : draw(value),
    interval: "None: it is counted over the windows",
    inputs: [
      ...(first ? [{ name: "Parameter", value: first[0] }] : []),
      ...others.map(([name, one]) => {
        const its = one[of];
        return { name, value: its === null ? "–" : draw(its) };
      }),
      { name: "Windows with a choice", value: count(walk.stability.windows - walk.stability.without_choice) },
      ...about(walk),
    ],
  };
}

type OfWindow = "trained" | "tested" | "tested_return" | "trades";

/** A figure of the windows; of the last one. */
export function windowFigure(walk: WalkForward, of: OfWindow): Figure {
  const metric =
    of === "tested_return" ? "total_return" : of === "trades" ? "trades" : (walk.metric as SweepMetric);
  const last = walk.windows.at(-1);
  const value = last?.[of] ?? null;
  const training = of === "trained";
  const label = of === "tested_return" ? "Return" : of === "trades" ? "Trades" : labelOf(metric);
  return {
    label: of === "trained" || of === "tested" ? `${label}, ${training ? "training" : "test"}` : label,
    value: value === null ? null : written(metric, value),
    why: of === "tested_return" ? "The account was lost" : "Not defined in this window",
    definition: training
      ? `${labelOf(metric)} of the choice on the sessions that it was chosen on: the highest of all points.`
      : of === "tested_return"
        ? "What the account gained over the test, after charges and slippage."
        : `${DEFINITIONS[metric]?.text ?? ""} Of the test alone.`,
    formula:
      of === "tested_return"
        ? "equity at the end of the test ÷ equity before it − 1"
        : DEFINITIONS[metric]?.formula,
    interval: "None for one window",
    inputs: last && [
      {
        name: "Window",
        value: training
          ? dateRange(last.train_start, last.train_end)
          : dateRange(last.test_start, last.test_end),
      },
      { name: "Choice", value: last.params ? parameters(last.params) : "none" },
      { name: "Points tried", value: count(last.points) },
      ...about(walk),
    ],
  };
}
