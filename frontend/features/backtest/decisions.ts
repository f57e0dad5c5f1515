import { sentence } from "@/components/data-jobs";
import type { RunDetail } from "@/lib/types";

/**
 * What the risk policy decided of one order, of all target weights of a strategy (SCALE; then without a symbol), or saw
 * of the account (without a strategy, too).
 */
export interface Decision {
  sequence: number;
  at: string;
  outcome: string;
  rule: string;
  state: string;
  symbol: string | null;
  book: string | null;
  side: string | null;
  /** Shares, of a SCALE rupees; so is what was granted. */
  wanted: number | null;
  granted: number | null;
  price: number | null;
  equity: number | null;
  cash: number | null;
  limit: number | null;
  stop_used: number | null;
  would_have_made: number | null;
}

/** The policy's names of rules, in words; the first is short, the second says what it was about. */
const RULES: Record<string, [string, string]> = {
  NONE: ["No limit met", "The whole order passed"],
  DAILY_STOP: ["Daily stop", "The session's loss had reached the daily stop"],
  DAILY_STOP_NEAR: ["Daily stop near", "The loss was at 80% of the daily stop or more"],
  DAILY_STOP_WARNING: ["Half of the daily stop", "The loss was at half of the daily stop or more"],
  HALTED: ["Halted", "The drawdown limit was reached: no entry until a person says so"],
  LIQUIDITY: ["Turnover", "More than the agreed share of the stock's median turnover, or that was unknown"],
  INSTRUMENT: ["One instrument", "The limit of one instrument"],
  SECTOR: ["One sector", "The limit of one sector"],
  STRATEGY: ["One strategy", "The limit of one strategy, less what its correlation with the others takes"],
  EXPOSURE: ["Exposure", "The limit of what may be invested in this state"],
  CASH_RESERVE: ["Cash reserve", "What stays in cash"],
  STATE: ["State", "The account changed its state"],
};

export const ruleName = (rule: string): string => RULES[rule]?.[0] ?? sentence(rule.toLowerCase());
export const ruleText = (rule: string): string => RULES[rule]?.[1] ?? ruleName(rule);

/** The run's rows are open JSON, so every field is looked at before it is used. */
export function decisionsOf(run: Pick<RunDetail, "decisions">): Decision[] {
  return run.decisions.map((row, index) => ({
    sequence: number(row.sequence) ?? index,
    at: text(row.at) ?? "",
    outcome: text(row.outcome) ?? "",
    rule: text(row.rule) ?? "",
    state: text(row.state) ?? "",
    symbol: text(row.symbol),
    book: text(row.book),
    side: text(row.side),
    wanted: number(row.wanted),
    granted: number(row.granted),
    price: number(row.price),
    equity: number(row.equity),
    cash: number(row.cash),
    limit: number(row.limit),
    stop_used: number(row.stop_used),
    would_have_made: number(row.would_have_made),
  }));
}

/** Whom a decision is about, where that is no instrument. */
export const ofWhom = ({ outcome }: Pick<Decision, "outcome">): string =>
  outcome === "SCALE" ? "All targets" : "Account";

/** What was refused or cut down, counted, and what it would have made where that is known. */
export function refusedByPolicy(decisions: readonly Decision[]): {
  count: number;
  made: number;
  known: number;
} {
  const held = decisions.filter(({ outcome }) => outcome === "REJECT" || outcome === "TRIM");
  const known = held.filter((row) => row.would_have_made !== null);
  return {
    count: held.length,
    made: known.reduce((sum, row) => sum + (row.would_have_made ?? 0), 0),
    known: known.length,
  };
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
