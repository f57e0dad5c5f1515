import type { Trade } from "@/lib/types";

export interface Stretch {
  /** Indices of sessions, both inside. */
  from: number;
  to: number;
  trade: Trade;
}

export interface Lane {
  symbol: string;
  stretches: Stretch[];
  /** Sessions inside the range on which it was held. */
  held: number;
  pnl: number;
}

/** Where a day lies among sessions: the last one that is not after it; -1 before the first. */
export function sessionAt(days: readonly string[], day: string): number {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((days[middle] as string) <= day) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** When each instrument was held between two sessions, those held longest first; of equals the earlier symbol. */
export function lanes(
  trades: readonly Trade[],
  days: readonly string[],
  first: number,
  last: number,
): Lane[] {
  const bySymbol = new Map<string, Lane>();
  for (const trade of trades) {
    const from = Math.max(first, sessionAt(days, trade.entry_at.slice(0, 10)));
    const to = Math.min(last, trade.exit_at ? sessionAt(days, trade.exit_at.slice(0, 10)) : last);
    if (to < from || (trade.exit_at && sessionAt(days, trade.exit_at.slice(0, 10)) < first)) continue;
    const lane = bySymbol.get(trade.symbol) ?? { symbol: trade.symbol, stretches: [], held: 0, pnl: 0 };
    lane.stretches.push({ from, to, trade });
    lane.held += to - from + 1;
    lane.pnl += trade.pnl ?? 0;
    bySymbol.set(trade.symbol, lane);
  }
  return [...bySymbol.values()].sort((a, b) => b.held - a.held || (a.symbol < b.symbol ? -1 : 1));
}
