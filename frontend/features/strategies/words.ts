import type { LibraryEntry } from "@/lib/types";

const BARS: Record<string, string> = {
  "1d": "Daily bars",
  "1h": "Bars of an hour",
};

export const barsOf = (timeframe: string): string =>
  BARS[timeframe] ?? `${timeframe.replace(/m$/, "")}-minute bars`;

export const pageOf = (strategyId: string): string =>
  `/quant/strategy/?strategy=${encodeURIComponent(strategyId)}`;

export const formOf = (strategyId: string): string =>
  `/quant/backtest/?strategy=${encodeURIComponent(strategyId)}`;

/** Why a strategy cannot be run; null where it can. */
export function stateOf(entry: LibraryEntry): { badge: string; sentence: string } | null {
  if (entry.state === "ready") return null;
  if (entry.state === "gone") {
    return {
      badge: "No file",
      sentence: "Its file is no longer in the strategies folder; its versions and runs are kept.",
    };
  }
  const { file, line, message, expected } = entry.error ?? {
    file: "its file",
    line: null,
    message: "does not load",
    expected: "a strategy",
  };
  const where = line === null ? file : `${file}, line ${line}`;
  return { badge: "Does not load", sentence: `${where}: ${message}. Expected ${expected}` };
}
