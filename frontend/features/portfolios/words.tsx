import { Delta, toneOf, Unknown } from "@/components/marks";
import { grouped, percent, signedRupees } from "@/lib/format";
import type { LedgerKind } from "@/lib/types";

export const KINDS: Record<LedgerKind, string> = {
  OPENING: "Opening",
  BUY: "Buy",
  SELL: "Sell",
  RIGHTS: "Rights",
  SPLIT: "Split",
  BONUS: "Bonus",
  DEMERGER: "Demerger",
  MERGER: "Merger",
  DIVIDEND: "Dividend",
  CHARGES: "Charges",
  DEPOSIT: "Deposit",
  WITHDRAWAL: "Withdrawal",
};

export const ACTION_KINDS: Record<string, string> = {
  ...KINDS,
  SPLIT_OR_BONUS: "Split or bonus",
};

const NO_PRICE = "No price is stored";

/** A decimal string of the ledger in a cell: the unit stands in the header. */
export function Sum({ value, why = NO_PRICE }: { value: string | null; why?: string }) {
  return value === null ? <Unknown why={why} /> : <>{grouped(Number(value), 2)}</>;
}

/** A gain: sign and colour, no arrow, since the percent beside it has one. */
export function GainSum({ value, why = NO_PRICE }: { value: string | null; why?: string }) {
  if (value === null) return <Unknown why={why} />;
  const number = Number(value);
  return <span className={toneOf(number)}>{signedRupees(number, 2).replace("₹", "")}</span>;
}

export function GainPercent({ value, why = NO_PRICE }: { value: number | null; why?: string }) {
  return value === null ? <Unknown why={why} /> : <Delta value={value} />;
}

export function SignedPart({ value }: { value: number | null }) {
  return value === null ? <Unknown why="Not defined" /> : <Delta value={value * 100} />;
}

export const share = (value: number | null): string => (value === null ? "–" : percent(value));
