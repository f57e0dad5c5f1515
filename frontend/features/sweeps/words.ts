import { exact } from "@/lib/format";
import type { ParameterSchema, StrategyCard, SweepMetric } from "@/lib/types";

/** The measures that are kept of each point. */
export const SEARCHED = [
  "sharpe",
  "total_return",
  "cagr",
  "max_drawdown",
  "calmar",
  "sortino",
  "volatility",
  "exposure",
  "win_rate",
  "profit_factor",
  "turnover",
  "trades",
  "final_equity",
] as const satisfies readonly SweepMetric[];

/** Measures that training may choose by: more of them is better. */
export const CHOOSING = [
  "sharpe",
  "sortino",
  "calmar",
  "cagr",
  "total_return",
  "max_drawdown",
  "profit_factor",
  "win_rate",
] as const satisfies readonly SweepMetric[];
export type Chooser = (typeof CHOOSING)[number];

export const parameters = (params: Record<string, number>): string =>
  Object.entries(params)
    .map(([name, value]) => `${name} ${exact(value)}`)
    .join(" · ");

export type Grid = Record<string, number[] | { start: number; stop: number; step: number }>;

/** "5:50:5" is a range, "5, 10, 20" a list; empty: the parameter does not vary. Throws the sentence to show. */
export function valuesOf(text: string): Grid[string] | null {
  const typed = text.trim();
  if (!typed) return null;
  const parts = typed.split(":").map((part) => part.trim());
  const number = (part: string): number => {
    const value = part === "" ? NaN : Number(part);
    if (!Number.isFinite(value)) throw new Error(`“${part}” is no number`);
    return value;
  };
  if (parts.length === 1) return typed.split(",").map((part) => number(part.trim()));
  if (parts.length !== 3) throw new Error("Give start:stop:step, such as 5:50:5");
  const [start, stop, step] = parts.map(number) as [number, number, number];
  if (step <= 0 || stop < start) throw new Error("The step must be above 0 and the stop not below the start");
  return { start, stop, step };
}

/** How many values a parameter takes. */
export const howMany = (values: Grid[string]): number =>
  Array.isArray(values)
    ? new Set(values).size
    : Math.floor((values.stop - values.start) / values.step + 1e-9) + 1;

/** The parameters of a strategy that are numbers, with what a form needs to ask. */
export const numbers = (card: StrategyCard) =>
  Object.entries((card.parameters as ParameterSchema).properties ?? {});
