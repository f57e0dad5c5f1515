import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { strategyAPI, unwrap } from "@/lib/api-client";

export const MOST_RUNS = 6;

/** Runs never change, so the same ones are never compared twice. */
export const comparisonQuery = (runIds: readonly string[]) =>
  queryOptions({
    queryKey: ["comparison", ...runIds],
    queryFn: ({ signal }) => unwrap(strategyAPI.compare(runIds, signal)),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });

const CHOICE = 500;

/** What one can add: the newest runs. */
export const choiceQuery = queryOptions({
  queryKey: ["runs", "choice"],
  queryFn: ({ signal }) => unwrap(strategyAPI.runs({ page: 1, limit: CHOICE }, signal)),
  staleTime: 5_000,
});
