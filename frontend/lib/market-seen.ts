/**
 * Which market the server's answers are about. Each answer says so in its header X-Market, whoever chose the market and wherever; here
 * the last word is kept, for the mark on every page, for the files that are downloaded, and to notice that it changed.
 */
import { useSyncExternalStore } from "react";
import type { Market } from "./types";

export type MarketMark = "NSE" | "SAMPLE";

let seen: MarketMark | null = null;
let changedAt = 0;
const listeners = new Set<() => void>();
const onChange = new Set<(now: MarketMark) => void>();

const markOf = (market: Market): MarketMark => (market === "sample" ? "SAMPLE" : "NSE");

/** The market last seen; null before the first answer that is about one. */
export const marketSeen = (): MarketMark | null => seen;

/** What an answer to a request of that moment says. One that was on its way while the market changed is not listened to. */
export function noteAnswer(response: Response, asked: number): void {
  const mark = response.headers.get("X-Market");
  if ((mark !== "NSE" && mark !== "SAMPLE") || mark === seen || asked < changedAt) return;
  const before = seen;
  set(mark);
  if (before !== null) onChange.forEach((told) => told(mark));
}

/** The market was switched in this window: nobody needs to be told. */
export function noteSwitch(market: Market): void {
  if (seen !== markOf(market)) set(markOf(market));
}

function set(mark: MarketMark): void {
  seen = mark;
  changedAt = performance.now();
  listeners.forEach((listener) => listener());
}

export function useMarketSeen(): MarketMark | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    marketSeen,
    () => null,
  );
}

/** Is told when answers begin to be about another market without a switch in this window. */
export function whenMarketChanges(told: (now: MarketMark) => void): () => void {
  onChange.add(told);
  return () => void onChange.delete(told);
}

/** As in a window that was just opened; for tests. */
export function forgetMarket(): void {
  seen = null;
  changedAt = 0;
  listeners.forEach((listener) => listener());
}
