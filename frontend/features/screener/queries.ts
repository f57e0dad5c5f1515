import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { screenerAPI, unwrap, type ScreenerQuery } from "@/lib/api-client";
import type { ScreenerRow } from "@/lib/types";
import type { ScreenerFilters } from "./filters";

export const PAGE_SIZE = 100;
const EXPORT_PAGE_SIZE = 500;

function toQuery(filters: ScreenerFilters, page: number, limit: number): ScreenerQuery {
  return {
    page,
    limit,
    sort_by: filters.sort,
    sort_order: filters.order,
    index: filters.index,
    ...(filters.symbol && { symbol: filters.symbol }),
    ...(filters.sector && { sector: filters.sector }),
    ...(filters.asof && { asof: filters.asof }),
  };
}

/** The answer carries its own filters, so that old rows on screen are never taken for those of a new question. */
export const screenerPageQuery = (filters: ScreenerFilters, page: number) =>
  queryOptions({
    queryKey: ["data", "screener", filters, page],
    queryFn: async ({ signal }) => ({
      filters,
      ...(await unwrap(screenerAPI.page(toQuery(filters, page, PAGE_SIZE), signal))),
    }),
    gcTime: 5 * 60_000,
  });

/** The first page: counts, stamp and facets. The old answer stays until the new one is there. */
export const screenerHeadQuery = (filters: ScreenerFilters) =>
  queryOptions({ ...screenerPageQuery(filters, 1), placeholderData: keepPreviousData });

/** Every row that passes, for the export: page after page, in the order shown. */
export async function allRows(filters: ScreenerFilters): Promise<ScreenerRow[]> {
  const rows: ScreenerRow[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await unwrap(screenerAPI.page(toQuery(filters, page, EXPORT_PAGE_SIZE)));
    rows.push(...answer.data);
    if (page >= answer.meta.total_pages) return rows;
  }
}
