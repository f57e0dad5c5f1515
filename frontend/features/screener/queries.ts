import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { screenerAPI, screensAPI, unwrap, type ScreenerQuery } from "@/lib/api-client";
import { ALL_STOCKS } from "@/lib/queries";
import type { ScreenerRow } from "@/lib/types";
import type { ScreenerFilters } from "./filters";

export const PAGE_SIZE = 50;
export const SPARK_SESSIONS = 21;
const EXPORT_PAGE_SIZE = 500;
const AGAIN_MS = 5_000;

export interface ScreenerAsk {
  filters: ScreenerFilters;
  /** Columns that are not part of every row. */
  more: readonly string[];
}

function toQuery({ filters, more }: ScreenerAsk, page: number, limit: number): ScreenerQuery {
  return {
    page,
    limit,
    sort_by: filters.sort,
    sort_order: filters.order,
    index: filters.index,
    ...(filters.type !== "EQUITY" && { instrument_type: filters.type }),
    ...(filters.q && { q: filters.q }),
    ...(filters.preset !== ALL_STOCKS && { filter_type: filters.preset }),
    ...(filters.symbol && { symbol: filters.symbol }),
    ...(filters.sector && { sector: filters.sector }),
    ...(filters.asof && { asof: filters.asof }),
    ...(more.length > 0 && { columns: more.join(", ") }),
  };
}

/** The answer carries its own question, so that old rows on screen are never taken for those of a new one. */
export const screenerPageQuery = (ask: ScreenerAsk, page: number) =>
  queryOptions({
    queryKey: ["data", "screener", ask, page],
    queryFn: async ({ signal }) => ({
      ask,
      ...(await unwrap(
        screenerAPI.page(
          { ...toQuery(ask, page, PAGE_SIZE), spark: SPARK_SESSIONS, facets: page === 1 },
          signal,
        ),
      )),
    }),
    gcTime: 5 * 60_000,
    staleTime: 60_000, // what was asked ahead is not asked again by the click
  });

/** The first page: counts, stamp and facets. The old answer stays until the new one is there. */
export const screenerHeadQuery = (ask: ScreenerAsk) =>
  queryOptions({ ...screenerPageQuery(ask, 1), placeholderData: keepPreviousData });

/** Whether a text is an expression: asked while it is being typed. */
export const checkQuery = (q: string) =>
  queryOptions({
    queryKey: ["data", "screener-check", q],
    queryFn: ({ signal }) => unwrap(screenerAPI.check(q, signal)),
    gcTime: 60_000,
    refetchInterval: (query) => (query.state.status === "error" ? AGAIN_MS : false), // the server may come back
  });

export const nearMissesQuery = (filters: ScreenerFilters) =>
  queryOptions({
    queryKey: ["data", "near-misses", filters],
    queryFn: ({ signal }) => unwrap(screensAPI.nearMisses(asked(filters), signal)),
  });

export const whyQuery = (symbol: string, filters: ScreenerFilters) =>
  queryOptions({
    queryKey: ["data", "why", symbol, filters],
    queryFn: ({ signal }) => unwrap(screensAPI.why(symbol, asked(filters), signal)),
    retry: false,
  });

const asked = (filters: ScreenerFilters) => ({
  ...(filters.q && { q: filters.q }),
  filter_type: filters.preset,
  index: filters.index,
  ...(filters.type !== "EQUITY" && { instrument_type: filters.type }),
  ...(filters.asof && { asof: filters.asof }),
});

/** Every row that passes, for the export: page after page, in the order shown. */
export async function allRows(ask: ScreenerAsk): Promise<ScreenerRow[]> {
  const rows: ScreenerRow[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await unwrap(screenerAPI.page(toQuery(ask, page, EXPORT_PAGE_SIZE)));
    rows.push(...answer.data);
    if (page >= answer.meta.total_pages) return rows;
  }
}
