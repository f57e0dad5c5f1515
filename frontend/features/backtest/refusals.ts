import { sentence } from "@/components/data-jobs";
import type { RunDetail } from "@/lib/types";

/** An order that was not filled as asked: refused when nothing of it was granted, else cut down. */
export interface Refusal {
  sequence: number;
  symbol: string;
  book: string;
  side: string;
  reason: string;
  decided_at: string;
  at: string;
  wanted: number | null;
  granted: number | null;
}

/** The engine's names of reasons, in words. A name that is not here is shown as it is, only readable. */
const REASONS: Record<string, { short: string; long: string }> = {
  NOT_AFTER_DECISION: {
    short: "Not after its decision",
    long: "The order was for a bar no later than the one it was decided at",
  },
  NO_BAR: { short: "No bar", long: "The stock did not trade in the session that the entry was for" },
  BELOW_ONE_SHARE: {
    short: "Below one share",
    long: "Its budget did not pay for one share and its charges",
  },
  INSUFFICIENT_CASH: { short: "Not enough cash", long: "The cash at that open did not pay for all of it" },
  MAX_POSITIONS: { short: "No free position", long: "As many positions were open as the run allows" },
  NOTHING_HELD: { short: "Nothing held", long: "A sale of more than was held" },
};

export const reasonName = (reason: string): string =>
  REASONS[reason]?.short ?? sentence(reason.toLowerCase());

export const reasonText = (reason: string): string => REASONS[reason]?.long ?? reasonName(reason);

/** A sentence of the engine with its reasons in words: "82 orders refused: no free position." */
export const inWords = (text: string): string =>
  text.replace(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (name) => REASONS[name]?.short.toLowerCase() ?? name);

/** The run's rows are open JSON, so every field is looked at before it is used. */
export function refusalsOf(run: Pick<RunDetail, "rejections">): Refusal[] {
  return run.rejections.map((row, index) => ({
    sequence: number(row.sequence) ?? index,
    symbol: text(row.symbol),
    book: text(row.book),
    side: text(row.side),
    reason: text(row.reason),
    decided_at: text(row.decided_at),
    at: text(row.at),
    wanted: number(row.wanted),
    granted: number(row.granted),
  }));
}

export const wasCut = (refusal: Refusal): boolean => (refusal.granted ?? 0) > 0;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
