import { queryOptions } from "@tanstack/react-query";
import { strategyAPI, unwrap } from "@/lib/api-client";

/** A run never changes, so it is never asked twice. Its head is small and comes first. */
export const runQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.runHead(runId, signal)),
    staleTime: Infinity,
  });

/** Its long tables: megabytes where it traded much. */
export const runTablesQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run-tables", runId],
    queryFn: ({ signal }) => unwrap(strategyAPI.runTables(runId, signal)),
    staleTime: Infinity,
  });

export const tradeFillsQuery = (runId: string, number: number) =>
  queryOptions({
    queryKey: ["trade-fills", runId, number],
    queryFn: ({ signal }) => unwrap(strategyAPI.tradeFills(runId, number, signal)),
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
