import { sentence } from "@/components/data-jobs";
import { date, exact, rupees, signed } from "@/lib/format";
import { PRODUCTS, SIZINGS, type Product, type Sizing } from "@/lib/terms";
import type { Comparison } from "@/lib/types";

type Measure = Comparison["measures"][number];

/** How the difference of two values of a measure is written: of percents in points. */
export const difference = (name: string, value: number): string =>
  name === "sharpe" ? signed(value, 2) : signed(100 * value, 1);

export const unitOf = (name: string): string => (name === "sharpe" ? "" : "points");

/** What the interval says about a difference, in words. */
export function verdict(measure: Measure, at: number): string {
  const difference = measure.differences[at];
  if (!difference || difference.value === null || difference.low === null || difference.high === null)
    return difference?.reason ?? "Not known";
  if (difference.low > 0) return "Higher, beyond what drawing the sessions again explains";
  if (difference.high < 0) return "Lower, beyond what drawing the sessions again explains";
  return "Not told apart: the interval holds zero";
}

const INPUTS: Record<string, string> = {
  start: "First session",
  end: "Last session",
  initial_capital: "Capital",
  max_positions: "Positions at most",
  slippage_bps: "Slippage, basis points",
  impact_bps: "Impact, basis points",
  volume_cap: "Share of a bar’s volume at most",
  data_root: "Prices and members",
  engine_version: "Version of SmartTrader",
  market_rules: "Market rules",
  market_rules_version: "Market rules on file",
  adjustment: "Corporate actions",
  adjustment_version: "Corporate actions on file",
  benchmark_version: "Series of the benchmark",
  sectors_version: "Sectors on file",
  warm_up: "Bars read before the first session",
  timeframe: "Timeframe",
  benchmark: "Benchmark",
  fill_at: "Fills at",
  seed: "Seed",
  "universe.index": "Universe",
  "universe.symbols": "Symbols",
  "universe.asof_members": "Members as of each day",
  "sizing.kind": "Size of an entry",
  "sizing.value": "Size of an entry, amount",
  "costs.plan": "Charges",
  "costs.bps": "Charges, basis points",
};

/** "books.1.params.fast" → "Parameter fast"; with several books, of which one. */
export function inputName(input: string, books: number): string {
  const known = INPUTS[input];
  if (known) return known;
  const book = /^books\.(\d+)\.(.+)$/.exec(input);
  if (!book) return sentence(input.replaceAll(".", ", ").replaceAll("_", " "));
  const [, number, rest = ""] = book;
  const of = books > 1 ? ` of book ${number}` : "";
  if (rest.startsWith("params.")) return `Parameter ${rest.slice("params.".length)}${of}`;
  if (rest === "strategy_id") return `Strategy${of}`;
  if (rest === "source_hash") return `Source of the strategy${of}`;
  return sentence(`${rest.replaceAll("_", " ")}${of}`);
}

const WORDS: Record<string, Record<string, string>> = {
  market_rules: { nse: "The exchange’s", none: "None" },
  adjustment: {
    forward_anchored: "All on file",
    "forward_anchored@strict": "As known on each day",
  },
  sectors: { given: "Read", none: "Not read" },
  benchmark: { none: "None" },
};

const UNSAID: Record<string, string> = {
  max_positions: "No limit",
  volume_cap: "No limit",
  policy: "None",
};

/** A value of an input: null where a run has no such input. */
export function inputValue(input: string, value: unknown): string {
  if (value === null || value === undefined)
    return input.includes(".params.") ? "No such parameter" : (UNSAID[input] ?? "Does not apply");
  if (typeof value === "string" && WORDS[input]?.[value]) return WORDS[input][value];
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (input === "initial_capital" && typeof value === "number") return rupees(value);
  if (typeof value === "string" && input === "sizing.kind" && value in SIZINGS)
    return SIZINGS[value as Sizing].label;
  if (typeof value === "string" && input.endsWith(".product") && value in PRODUCTS)
    return PRODUCTS[value as Product].label;
  if (typeof value === "number" && input.endsWith(".allocation")) return `${exact(100 * value)}%`;
  if (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value)) return date(value);
  if (typeof value === "string") return value;
  if (typeof value === "number") return exact(value);
  if (Array.isArray(value))
    return value.length > 4 ? `${value.length} of them` : value.map(String).join(", ");
  return JSON.stringify(value);
}

/** Hashes of content by the order in which they are met: a hash itself says nothing. */
export const versioned = (row: Comparison["inputs"][number]): Comparison["inputs"][number] =>
  row.changed
    ? { ...row, values: row.values.map((value) => `Version ${[...new Set(row.values)].indexOf(value) + 1}`) }
    : row;
