import { queryOptions } from "@tanstack/react-query";
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
/** Each later trial of the strategy changes it, so it is asked again whenever a run is opened. */
export const significanceQuery = (runId: string) =>
  queryOptions({
    queryKey: ["significance", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.significance(runId, signal)),
    staleTime: 5_000,
  });
