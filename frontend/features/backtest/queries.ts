import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { strategyAPI, unwrap } from "@/lib/api-client";

/** A run never changes, so it is never asked twice. */
export const runQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.run(runId, signal)),
    staleTime: Infinity,
  });

/** It follows from the run alone. */
export const analysisQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run-analysis", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.analysis(runId, signal)),
    staleTime: Infinity,
  });
/** Files are edited while the page is open: asked again with every visit. */
export const loadErrorsQuery = queryOptions({
  queryKey: ["strategies", "load-errors"],
  queryFn: ({ signal }) => unwrap(strategyAPI.loadErrors(signal)),
  staleTime: 0,
});

/** Each later trial of the strategy changes it, so it is asked again whenever a run is opened. */
export const significanceQuery = (runId: string) =>
  queryOptions({
    queryKey: ["significance", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.significance(runId, signal)),
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
