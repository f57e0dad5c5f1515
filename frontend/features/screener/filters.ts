"use client";

import { parseAsArrayOf, parseAsIsoDate, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { ALL_STOCKS } from "@/lib/queries";

/** Everything that decides what is on screen lives in the URL, to be linked and reloaded. */
export const screenerParams = {
  symbol: parseAsString.withDefault(""),
  sector: parseAsString,
  index: parseAsString.withDefault(ALL_STOCKS),
  asof: parseAsIsoDate,
  sort: parseAsString.withDefault("turnover"),
  order: parseAsStringLiteral(["asc", "desc"] as const).withDefault("desc"),
  columns: parseAsArrayOf(parseAsString),
  stock: parseAsString,
};

export interface ScreenerFilters {
  symbol: string;
  sector: string | null;
  index: string;
  asof: string | null;
  sort: string;
  order: "asc" | "desc";
}

export function useScreenerState() {
  const [state, setState] = useQueryStates(screenerParams);
  const filters: ScreenerFilters = {
    symbol: state.symbol,
    sector: state.sector,
    index: state.index,
    asof: state.asof ? state.asof.toISOString().slice(0, 10) : null,
    sort: state.sort,
    order: state.order,
  };
  return { filters, columns: state.columns, stock: state.stock, set: setState };
}

/** The filters that narrow the list, for chips and for the count on the phone's button. */
export function activeFilters(
  filters: ScreenerFilters,
): { key: "symbol" | "sector" | "index"; label: string; value: string }[] {
  return [
    ...(filters.index !== ALL_STOCKS
      ? [{ key: "index" as const, label: "Index", value: filters.index }]
      : []),
    ...(filters.sector ? [{ key: "sector" as const, label: "Sector", value: filters.sector }] : []),
    ...(filters.symbol ? [{ key: "symbol" as const, label: "Symbol", value: filters.symbol }] : []),
  ];
}
