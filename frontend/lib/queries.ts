import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import {
  dataAPI,
  healthAPI,
  jobsAPI,
  marketAPI,
  pushAPI,
  screenerAPI,
  screensAPI,
  stockAPI,
  strategyAPI,
  unwrap,
} from "./api-client";
import { ownPush } from "./push";
import { jobRuns } from "./use-job";

/** Queries that several places read: key and fetch together. A change of market or of data invalidates all of them at once. */
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => unwrap(healthAPI.get(signal)),
  refetchInterval: 30_000,
  // whoever comes back from a terminal sees at once which market is open
  refetchOnWindowFocus: "always",
});

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: ({ signal }) => unwrap(jobsAPI.list(signal)),
  refetchInterval: (query) => (query.state.data?.data.some(jobRuns) ? 2_000 : 15_000),
});

export const marketChoiceQuery = queryOptions({
  queryKey: ["market-choice"],
  queryFn: ({ signal }) => unwrap(dataAPI.market(signal)),
});

export const marketStatusQuery = queryOptions({
  queryKey: ["market-status"],
  queryFn: ({ signal }) => unwrap(marketAPI.status(signal)),
  refetchInterval: 60_000,
});

export const indicesQuery = queryOptions({
  queryKey: ["data", "indices"],
  queryFn: ({ signal }) => unwrap(screenerAPI.indices(signal)),
});

/** "NIFTY50" → "NIFTY 50", once the indices are known; any other universe as it is. */
export function useIndexName(): (id: string) => string {
  const indices = useQuery(indicesQuery);
  return (id) => indices.data?.indices.find((index) => index.id === id)?.name ?? id;
}

export const sectorsQuery = queryOptions({
  queryKey: ["data", "sectors"],
  queryFn: ({ signal }) => unwrap(marketAPI.sectors(signal)),
});

type Adjust = "price" | "total" | "none";

export const barsQuery = (symbol: string, adjust: Adjust = "price", asof: string | null = null) =>
  queryOptions({
    queryKey: ["data", "bars", symbol, adjust, asof],
    queryFn: ({ signal }) => unwrap(marketAPI.bars(symbol, adjust, asof, signal)),
  });

/** Expressions on each bar; the lines of before stay while those of other expressions come. */
export const linesQuery = (symbol: string, q: string, adjust: Adjust, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "lines", symbol, q, adjust, asof],
    queryFn: ({ signal }) => unwrap(stockAPI.lines(symbol, { q, adjust, ...(asof && { asof }) }, signal)),
    retry: false,
  });

export const strategiesQuery = queryOptions({
  queryKey: ["strategies"],
  queryFn: ({ signal }) => unwrap(strategyAPI.available(signal)),
});

/** Every strategy there is or was, with what its stored runs say; each run changes it. */
export const libraryQuery = queryOptions({
  queryKey: ["strategies", "library"],
  queryFn: ({ signal }) => unwrap(strategyAPI.library(signal)),
  staleTime: 0,
});

/** Files are edited while the page is open: asked again with every visit. */
export const loadErrorsQuery = queryOptions({
  queryKey: ["strategies", "load-errors"],
  queryFn: ({ signal }) => unwrap(strategyAPI.loadErrors(signal)),
  staleTime: 0,
});

export const RUNS_PER_PAGE = 100;

export const runsQuery = (page: number, strategy: string | null) =>
  queryOptions({
    queryKey: ["runs", page, strategy],
    queryFn: ({ signal }) =>
      unwrap(
        strategyAPI.runs({ page, limit: RUNS_PER_PAGE, ...(strategy && { strategy_id: strategy }) }, signal),
      ),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
  });

export const policiesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: ({ signal }) => unwrap(strategyAPI.policies(signal)),
});

export const functionsQuery = queryOptions({
  queryKey: ["functions"],
  queryFn: ({ signal }) => unwrap(screenerAPI.functions(signal)),
  staleTime: Infinity,
});

export const presetsQuery = queryOptions({
  queryKey: ["presets"],
  queryFn: ({ signal }) => unwrap(screenerAPI.presets(signal)),
  staleTime: Infinity,
});

export const screensQuery = queryOptions({
  queryKey: ["data", "screens"],
  queryFn: ({ signal }) => unwrap(screensAPI.list(signal)),
});

export const watchlistQuery = queryOptions({
  queryKey: ["data", "watchlist"],
  queryFn: ({ signal }) => unwrap(marketAPI.watchlist(signal)),
});

/** What happened in watched screens; the count is asked for now and then, since the evening's import makes them. */
export const unreadEventsQuery = queryOptions({
  queryKey: ["data", "events", "unread"],
  queryFn: ({ signal }) => unwrap(screensAPI.events({ page: 1, limit: 1 }, signal)),
  refetchInterval: 60_000,
});

/** Whether notifications are set up, and which browsers are told. */
export const pushQuery = queryOptions({
  queryKey: ["push", "status"],
  queryFn: ({ signal }) => unwrap(pushAPI.status(signal)),
});

/** What this browser itself knows of being notified. */
export const ownPushQuery = queryOptions({ queryKey: ["push", "own"], queryFn: ownPush, staleTime: 0 });

export const fieldsQuery = queryOptions({
  queryKey: ["data", "fields"],
  queryFn: ({ signal }) => unwrap(screenerAPI.fields(signal)),
});

export const ALL_STOCKS = "ALL";

/** One stock's row of the screener, found by its exact symbol in the whole market. */
export const stockRowQuery = (symbol: string, asof: string | null = null) =>
  queryOptions({
    queryKey: ["data", "stock-row", symbol, asof],
    queryFn: async ({ signal }) => {
      const page = await unwrap(
        screenerAPI.page(
          {
            page: 1,
            limit: 50,
            sort_by: "symbol",
            sort_order: "asc",
            symbol,
            index: ALL_STOCKS,
            ...(asof && { asof }),
          },
          signal,
        ),
      );
      return { row: page.data.find((row) => row.symbol === symbol) ?? null, meta: page.meta };
    },
  });
