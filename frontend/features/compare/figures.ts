import type { Figure } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import { count, date, grouped, percent, shortHash } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { Comparison } from "@/lib/types";
import { difference as apart, unitOf, verdict } from "./words";

type Measure = Comparison["measures"][number];

/** What differs from a run's own figures: here the sessions are those that all runs have. */
const TEXTS: Record<string, string> = {
  max_drawdown: "Deepest fall of the equity from its running peak, at closes of the shared sessions.",
};

/** The formula with the numbers of a run in it, where they are few enough to be written. */
function worked(found: Comparison, name: string, of = 0): string | null {
  const growth = found.growth[of] ?? [];
  const falls = found.drawdown[of] ?? [];
  const last = growth.at(-1);
  if (last === undefined) return null;
  if (name === "cagr") return `${grouped(last, 4)} ^ (252 / ${count(growth.length - 1)}) − 1`;
  if (name !== "max_drawdown" || falls.length === 0) return null;
  const at = falls.indexOf(Math.min(...falls));
  const peak = Math.max(...growth.slice(0, at + 1));
  return `${grouped(growth[at] ?? 1, 4)} on ${date(found.days[at] ?? "")} ÷ ${grouped(peak, 4)} − 1`;
}

/** A figure of one of the runs, and its difference from the first. */
export function cellFigure(
  found: Comparison,
  measure: Measure,
  titles: readonly string[],
  at: number,
): Figure {
  const show = (value: number) => written(measure.name, value);
  const less = (value: number) => apart(measure.name, value);
  const value = measure.values[at] ?? null;
  const difference = at > 0 ? measure.differences[at - 1] : undefined;
  const numbers = worked(found, measure.name, at);
  const formula = DEFINITIONS[measure.name]?.formula;
  const growth = found.growth[at] ?? [];
  const { method } = found;
  return {
    label: `${labelOf(measure.name)}, ${titles[at]}`,
    value: value === null ? null : show(value),
    why: measure.reasons[at] ?? "Not known",
    definition: TEXTS[measure.name] ?? DEFINITIONS[measure.name]?.text ?? "",
    formula: numbers === null ? formula : `${formula}\n= ${numbers}`,
    inputs: [
      { name: `Growth to ${date(found.days.at(-1) ?? "")}`, value: grouped(growth.at(-1) ?? 1, 4) },
      { name: "Sessions", value: count(found.days.length) },
      ...(difference?.value == null
        ? []
        : [
            {
              name: "Less the first run’s",
              value: `${less(difference.value)} ${unitOf(measure.name)}`.trim(),
            },
            {
              name: `Interval of it, ${percent(method.confidence, 0)}`,
              value:
                difference.low === null || difference.high === null
                  ? (difference.reason ?? "–")
                  : `${less(difference.low)} to ${less(difference.high)}`,
            },
            { name: "So", value: verdict(measure, at - 1) },
          ]),
    ],
    source: `the closes of run ${shortHash(found.runs[at]?.run_id ?? "")} on the sessions that all have`,
  };
}

/** A figure of the first run, and how far each of the others lies from it. */
export function measureFigure(found: Comparison, measure: Measure, titles: readonly string[]): Figure {
  const show = (value: number) => written(measure.name, value);
  const less = (value: number) => apart(measure.name, value);
  const [first, ...others] = measure.values;
  const numbers = worked(found, measure.name);
  const formula = DEFINITIONS[measure.name]?.formula;
  const { method } = found;
  return {
    label: labelOf(measure.name),
    value: first == null ? null : show(first),
    why: measure.reasons[0] ?? "Not known",
    definition: TEXTS[measure.name] ?? DEFINITIONS[measure.name]?.text ?? "",
    formula: numbers === null ? formula : `${formula}\n= ${numbers}, of the first run`,
    interval: "Of the differences, below",
    inputs: [
      { name: "Of", value: titles[0] },
      ...others.flatMap((value, at) => {
        const difference = measure.differences[at];
        const { low = null, high = null } = difference ?? {};
        return [
          { name: titles[at + 1] ?? "", value: value === null ? "–" : show(value) },
          {
            name: "less the first",
            value:
              difference?.value == null
                ? (difference?.reason ?? "–")
                : `${less(difference.value)} ${unitOf(measure.name)}`.trim() +
                  (low === null || high === null
                    ? ""
                    : `, ${less(low)} to ${less(high)}. ${verdict(measure, at)}`),
          },
        ];
      }),
      { name: "Sessions", value: count(found.days.length) },
      ...(method.reason
        ? [{ name: "Draws", value: method.reason }]
        : [
            { name: "Draws", value: `${count(method.resamples)}, ${percent(method.confidence, 0)} interval` },
            { name: "Block, sessions", value: grouped(method.block ?? 1, 1) },
          ]),
    ],
  };
}

/** The correlation of two runs. */
export function correlationFigure(found: Comparison, titles: readonly string[], a = 0, b = 1): Figure {
  const cell = found.correlation[a]?.[b] ?? null;
  return {
    label: "Correlation of daily returns",
    value: cell === null ? null : grouped(cell, 2),
    why: "One of the two does not vary",
    definition: "Pearson’s correlation of two runs, day by day, on the sessions that all have.",
    formula: "cov(r, s) ÷ (sd(r) · sd(s))",
    interval: "None is drawn for it",
    inputs: [
      { name: "Of", value: `${titles[a]} and ${titles[b]}` },
      { name: "Returns", value: count(found.days.length - 1) },
    ],
  };
}
