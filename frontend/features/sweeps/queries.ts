import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { sweepAPI, unwrap, walkAPI } from "@/lib/api-client";
import type { Sweep, SweepCard, SweepMetric } from "@/lib/types";

export const atWork = (sweep: Pick<SweepCard, "state"> | undefined): boolean =>
  sweep?.state === "QUEUED" || sweep?.state === "RUNNING";

/** What of a sweep is looked at. */
export interface View {
  sweep: Sweep;
  metric: SweepMetric;
  base: number;
  point: number | null;
}

const LIMIT = 50;

export const sweepsQuery = (page: number) =>
  queryOptions({
    queryKey: ["sweeps", page],
    queryFn: ({ signal }) => unwrap(sweepAPI.page({ page, limit: LIMIT }, signal)),
    refetchInterval: (query) => (query.state.data?.data.some(atWork) ? 2_000 : false),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

export const walksQuery = (page: number) =>
  queryOptions({
    queryKey: ["walk-forwards", page],
    queryFn: ({ signal }) => unwrap(walkAPI.page({ page, limit: LIMIT }, signal)),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

export const sweepQuery = (id: string) =>
  queryOptions({
    queryKey: ["sweep", id],
    queryFn: ({ signal }) => unwrap(sweepAPI.get(id, signal)),
    refetchInterval: (query) => (atWork(query.state.data) ? 1_000 : false),
    staleTime: 0,
  });

/** What follows from the points is asked for again as more of them are there. */
export const heatQuery = (sweep: Sweep, x: string, y: string, metric: SweepMetric, base: number) =>
  queryOptions({
    queryKey: ["sweep", sweep.sweep_id, "heat", sweep.done, x, y, metric, base],
    queryFn: ({ signal }) => unwrap(sweepAPI.heat(sweep.sweep_id, { x, y, metric, base }, signal)),
    placeholderData: keepPreviousData,
  });

export const landscapeQuery = (sweep: Sweep, metric: SweepMetric, base: number, point: number | null) =>
  queryOptions({
    queryKey: ["sweep", sweep.sweep_id, "landscape", sweep.done, metric, base, point],
    queryFn: ({ signal }) =>
      unwrap(sweepAPI.landscape(sweep.sweep_id, { metric, base, ...(point !== null && { point }) }, signal)),
    placeholderData: keepPreviousData,
  });

export const pointsQuery = (
  sweep: Sweep,
  metric: SweepMetric,
  descending: boolean,
  base: number,
  page: number,
) =>
  queryOptions({
    queryKey: ["sweep", sweep.sweep_id, "points", sweep.done, metric, descending, base, page],
    queryFn: ({ signal }) =>
      unwrap(
        sweepAPI.points(
          sweep.sweep_id,
          { sort_by: metric, sort_order: descending ? "desc" : "asc", base, page, limit: 25 },
          signal,
        ),
      ),
    placeholderData: keepPreviousData,
  });

export const doubtQuery = (sweep: Sweep) =>
  queryOptions({
    queryKey: ["sweep", sweep.sweep_id, "doubt", sweep.state],
    queryFn: ({ signal }) => unwrap(sweepAPI.overfitting(sweep.sweep_id, signal)),
  });

export const walkQuery = (id: string) =>
  queryOptions({
    queryKey: ["walk-forward", id],
    queryFn: ({ signal }) => unwrap(walkAPI.get(id, signal)),
    staleTime: 5_000, // its doubt is as of now: each later trial changes it
  });
