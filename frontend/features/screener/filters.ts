"use client";

import {
  createSerializer,
  parseAsArrayOf,
  parseAsInteger,
  parseAsIsoDate,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
  type inferParserType,
} from "nuqs";
import { ALL_STOCKS } from "@/lib/queries";
import type { ScreenQuestion } from "@/lib/types";

export const DEFAULT_SORT = "turnover";

/** The types a screen can be of, with what they are called. */
export const TYPES = {
  EQUITY: "Shares, main board",
  SME: "SME shares",
  ETF: "ETFs",
  REIT: "REITs",
  INVIT: "InvITs",
  RIGHTS: "Rights entitlements",
  ALL: "All types",
} as const;
export type InstrumentType = keyof typeof TYPES;
export const TYPE_IDS = Object.keys(TYPES) as InstrumentType[];

/** Everything that decides what is on screen lives in the URL, to be linked and reloaded. */
export const screenerParams = {
  q: parseAsString.withDefault(""),
  preset: parseAsString.withDefault(ALL_STOCKS),
  symbol: parseAsString.withDefault(""),
  sector: parseAsString,
  index: parseAsString.withDefault(ALL_STOCKS),
  type: parseAsStringLiteral(TYPE_IDS).withDefault("EQUITY"),
  asof: parseAsIsoDate,
  sort: parseAsString.withDefault(DEFAULT_SORT),
  order: parseAsStringLiteral(["asc", "desc"] as const).withDefault("desc"),
  columns: parseAsArrayOf(parseAsString),
  page: parseAsInteger.withDefault(1),
  stock: parseAsString,
  /** The saved screen that was opened. */
  screen: parseAsInteger,
  /** Set by links that name a saved screen alone: the rest of the URL is then taken from it. */
  open: parseAsInteger,
};

const written = createSerializer(screenerParams);

export interface ScreenerFilters {
  q: string;
  preset: string;
  symbol: string;
  sector: string | null;
  index: string;
  type: InstrumentType;
  asof: string | null;
  sort: string;
  order: "asc" | "desc";
}

export function useScreenerState() {
  const [state, setState] = useQueryStates(screenerParams);
  const filters: ScreenerFilters = {
    q: state.q,
    preset: state.preset,
    symbol: state.symbol,
    sector: state.sector,
    index: state.index,
    type: state.type,
    asof: state.asof ? state.asof.toISOString().slice(0, 10) : null,
    sort: state.sort,
    order: state.order,
  };
  const { columns, stock, screen, page, open } = state;
  /** Ask for another screen: a step that the browser's Back undoes, unless it is the same one again. */
  const ask = (next: Change) => {
    const then = { ...next, page: null };
    const same = written({ ...state, ...then }) === written({ ...state, page: null });
    const typing = Object.keys(next).join() === "symbol" && next.symbol && state.symbol; // one more letter
    void setState(then, { history: same || typing ? "replace" : "push" });
  };
  return { filters, columns, stock, screen, page, open, set: setState, ask };
}

export type Change = Partial<Nullable<inferParserType<typeof screenerParams>>>;
type Nullable<T> = { [K in keyof T]: T[K] | null };

type FilterKey = "preset" | "symbol" | "sector" | "index" | "type";

/** The filters beside the expression that narrow the list, for chips and for the count on the phone's button. */
export function activeFilters(
  filters: ScreenerFilters,
  nameOf: (index: string) => string,
): { key: FilterKey; label: string; value: string }[] {
  return [
    ...(filters.preset !== ALL_STOCKS
      ? [{ key: "preset" as const, label: "Preset", value: filters.preset }]
      : []),
    ...(filters.index !== ALL_STOCKS
      ? [{ key: "index" as const, label: "Index", value: nameOf(filters.index) }]
      : []),
    ...(filters.type !== "EQUITY"
      ? [{ key: "type" as const, label: "Type", value: TYPES[filters.type] }]
      : []),
    ...(filters.sector ? [{ key: "sector" as const, label: "Sector", value: filters.sector }] : []),
    ...(filters.symbol ? [{ key: "symbol" as const, label: "Symbol", value: filters.symbol }] : []),
  ];
}

/** What is on screen as a saved screen has it; the day and the prefix of a symbol are not part of it. */
export function questionOf(filters: ScreenerFilters, columns: readonly string[] | null): ScreenQuestion {
  return {
    q: filters.q || null,
    filter_type: filters.preset,
    index: filters.index,
    instrument_type: filters.type,
    sector: filters.sector,
    columns: [...(columns ?? [])],
    sort_by: filters.sort,
    sort_order: filters.order,
  };
}

/** The URL of a saved screen's question. */
export function stateOf(question: ScreenQuestion): Change {
  return {
    q: question.q || null,
    preset: question.filter_type ?? null,
    index: question.index ?? null,
    type: question.instrument_type ?? null,
    sector: question.sector ?? null,
    symbol: null,
    columns: question.columns?.length ? question.columns : null,
    sort: question.sort_by ?? null,
    order: question.sort_order ?? null,
    page: null,
  };
}

export const sameQuestion = (a: ScreenQuestion, b: ScreenQuestion): boolean => plain(a) === plain(b);

const plain = (question: ScreenQuestion): string =>
  JSON.stringify([
    question.q || null,
    question.filter_type,
    question.index,
    question.instrument_type,
    question.sector ?? null,
    question.columns ?? [],
    question.sort_by,
    question.sort_order,
  ]);
