import type {
  HeatMap,
  Job,
  JobAccepted,
  Landscape,
  RunDetail,
  Sweep,
  SweepAccepted,
  SweepDoubt,
  SweepMetric,
  SweepPoints,
  SweepRequest,
  SweepsPage,
  WalkForward,
  WalkForwardAccepted,
  WalkForwardRequest,
  WalkForwardVerified,
  WalkForwardsPage,
} from "../types";
import { api, result } from "./client";

const SWEEPS = "/api/portfolio/strategies/sweeps";
const SWEEP = `${SWEEPS}/{sweep_id}` as const;
const WALKS = "/api/portfolio/strategies/walk-forwards";

export const sweepAPI = {
  page: (query: { page: number; limit: number }, signal?: AbortSignal) =>
    result<SweepsPage>(api.GET(SWEEPS, { params: { query }, signal })),
  create: (body: SweepRequest) => result<SweepAccepted>(api.POST(SWEEPS, { body })),
  get: (sweep_id: string, signal?: AbortSignal) =>
    result<Sweep>(api.GET(SWEEP, { params: { path: { sweep_id } }, signal })),
  resume: (sweep_id: string) =>
    result<SweepAccepted>(api.POST(`${SWEEP}/resume`, { params: { path: { sweep_id } } })),
  /** Takes the sweep away, too. */
  cancel: (sweep_id: string) =>
    result<unknown>(api.POST(`${SWEEP}/cancel`, { params: { path: { sweep_id } }, parseAs: "text" })),
  points: (
    sweep_id: string,
    query: { sort_by: string; sort_order: "asc" | "desc"; base: number; page: number; limit: number },
    signal?: AbortSignal,
  ) => result<SweepPoints>(api.GET(`${SWEEP}/points`, { params: { path: { sweep_id }, query }, signal })),
  heat: (
    sweep_id: string,
    query: { x: string; y: string; metric: SweepMetric; base: number },
    signal?: AbortSignal,
  ) => result<HeatMap>(api.GET(`${SWEEP}/heatmap`, { params: { path: { sweep_id }, query }, signal })),
  landscape: (
    sweep_id: string,
    query: { metric: SweepMetric; base: number; point?: number },
    signal?: AbortSignal,
  ) => result<Landscape>(api.GET(`${SWEEP}/landscape`, { params: { path: { sweep_id }, query }, signal })),
  overfitting: (sweep_id: string, signal?: AbortSignal) =>
    result<SweepDoubt>(api.GET(`${SWEEP}/overfitting`, { params: { path: { sweep_id } }, signal })),
  /** Computes a point again as a run of its own; on today's data and source though those of the sweep were others. */
  runPoint: (sweep_id: string, number: number, today: boolean) =>
    result<RunDetail | { job: Job }>(
      api.POST(`${SWEEP}/points/{number}/run`, {
        params: { path: { sweep_id, number }, query: { wait: 2, today } },
      }),
    ),
};

export const walkAPI = {
  page: (query: { page: number; limit: number }, signal?: AbortSignal) =>
    result<WalkForwardsPage>(api.GET(WALKS, { params: { query }, signal })),
  create: (body: WalkForwardRequest) => result<WalkForwardAccepted>(api.POST(WALKS, { body })),
  get: (walk_forward_id: string, signal?: AbortSignal) =>
    result<WalkForward>(
      api.GET(`${WALKS}/{walk_forward_id}`, { params: { path: { walk_forward_id } }, signal }),
    ),
  verify: (walk_forward_id: string, wait: number) =>
    result<WalkForwardVerified | JobAccepted>(
      api.POST(`${WALKS}/{walk_forward_id}/verify`, {
        params: { path: { walk_forward_id }, query: { wait } },
      }),
    ),
};
