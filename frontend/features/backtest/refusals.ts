import { sentence } from "@/components/data-jobs";
import { told } from "@/lib/told";
import type { RunDetail } from "@/lib/types";
import { ruleName } from "./decisions";

/** An order that was not filled as asked: refused when nothing of it was granted, else cut down. */
export interface Refusal {
  sequence: number;
  symbol: string;
  book: string;
  side: string;
  reason: string;
  decided_at: string;
  at: string;
  /** Of an exit that found no bar: the end of the run, up to which it waited. */
  until: string | null;
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
    long: "Its budget did not pay for one share",
  },
  CHARGES: {
    short: "Charges",
    long: "Its budget paid for a share, but not for the charges on it as well",
  },
  INSUFFICIENT_CASH: { short: "Not enough cash", long: "The cash at that open did not pay for all of it" },
  MAX_POSITIONS: { short: "No free position", long: "As many positions were open as the run allows" },
  NOTHING_HELD: { short: "Nothing held", long: "An exit of more than was held" },
  STOP_THROUGH: {
    short: "Stop already through",
    long: "The price of the entry was at its own stop already: a broker refuses such a bracket",
  },
  LOCKED_UPPER: { short: "Locked upper", long: "Nobody sold: the bar lies at the upper price band" },
  LOCKED_LOWER: { short: "Locked lower", long: "Nobody bought: the bar lies at the lower price band" },
  VOLUME_CAP: { short: "Volume cap", long: "More than the agreed share of the bar’s volume" },
  EXPIRED: { short: "Expired", long: "Its price did not come within its time" },
  ONE_CANCELS_OTHER: { short: "One cancels other", long: "Its sibling was filled" },
  TRADE_FOR_TRADE: {
    short: "Trade for trade",
    long: "Every trade is delivered: no intraday product, no sale on the day of the purchase",
  },
  AFTER_SQUARE_OFF: {
    short: "After square-off",
    long: "Intraday entries end before the session does",
  },
  SHORT_NOT_PERMITTED: {
    short: "Short not permitted",
    long: "Delivery cannot be sold short overnight",
  },
  OPPOSITE_HELD: { short: "Opposite held", long: "The book holds the other side of it" },
  POLICY: { short: "Risk policy", long: "A risk policy refused or cut it" },
  NO_TRADE_SINCE: {
    short: "No trade since",
    long: "The exit waited to the end of the run: the stock did not trade again",
  },
  DELISTED: {
    short: "Delisted",
    long: "The exit waited to the end of the run: the stock is no longer in the exchange’s list",
  },
  QUARANTINED: {
    short: "Quarantined",
    long: "The exit waited to the end of the run: after a move that nothing explains the number of shares is not known",
  },
};

export const reasonName = (reason: string): string =>
  REASONS[reason]?.short ?? sentence(reason.toLowerCase());

export const reasonText = (reason: string): string => REASONS[reason]?.long ?? reasonName(reason);

/** A warning of the engine as it is read: "82 orders refused: no free position." */
export const inWords = (text: string): string =>
  told(
    text
      .replace(
        /^(The policy .*: )([A-Z_]+)(?=\.$)/,
        (_, before: string, rule: string) => before + lower(ruleName(rule)),
      )
      .replace(/(?<=(?:refused|cut down): )[A-Z_]+(?=\.$)/, (reason) =>
        reason in REASONS ? lower(reasonName(reason)) : reason,
      )
      .replace(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (name) => (name in REASONS ? lower(reasonName(name)) : name)),
  );

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

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
    until: text(row.until) || null,
    wanted: number(row.wanted),
    granted: number(row.granted),
  }));
}

export const wasCut = (refusal: Refusal): boolean => (refusal.granted ?? 0) > 0;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
