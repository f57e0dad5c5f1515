import { count, grouped } from "./format";
import type { RunAnalysis } from "./types";

/** How sessions are drawn again: in blocks of an expected length, of 1 each for itself. */
export const inBlocks = (block: number): string =>
  grouped(block, 1) === "1.0"
    ? "one session at a time (they do not hang together)"
    : `in blocks of ${grouped(block, 1)} sessions on average`;

/** What the intervals of a run's figures are, or why there are none. */
export function ofIntervals(luck: RunAnalysis["luck"]): string {
  if (typeof luck === "string") return `No intervals: ${luck}.`;
  return `Intervals: these returns are drawn again ${count(luck.resamples)} times, ${inBlocks(luck.block)}; ${grouped(100 * luck.confidence)}% of the draws lie between.`;
}
