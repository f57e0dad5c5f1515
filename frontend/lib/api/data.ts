import { ApiError } from "../errors";
import type {
  ActionDecision,
  ActionsPage,
  Coverage,
  CoverageYear,
  DataStatus,
  DecisionRequest,
  DecisionsPage,
  FindingsPage,
  Job,
  Market,
  MarketChoice,
  Provenance,
  SnapshotsPage,
  SyncState,
} from "../types";
import { sendFiles, type UploadOptions } from "../upload";
import { api, apiBase, result, type Result } from "./client";

export const dataAPI = {
  status: (signal?: AbortSignal) => result<DataStatus>(api.GET("/api/data/status", { signal })),
  findings: (
    query: { page: number; limit: number; severity?: string; rule?: string },
    signal?: AbortSignal,
  ) => result<FindingsPage>(api.GET("/api/data/findings", { params: { query }, signal })),
  coverage: (year: number, signal?: AbortSignal) =>
    result<Coverage>(api.GET("/api/data/coverage", { params: { query: { year } }, signal })),
  coverageYears: (signal?: AbortSignal) =>
    result<CoverageYear[]>(api.GET("/api/data/coverage/years", { signal })),
  snapshots: (query: { page: number; limit: number }, signal?: AbortSignal) =>
    result<SnapshotsPage>(api.GET("/api/data/snapshots", { params: { query }, signal })),
  provenance: (symbol: string, date: string, signal?: AbortSignal) =>
    result<Provenance>(api.GET("/api/data/provenance", { params: { query: { symbol, date } }, signal })),
  quarantine: (query: { page: number; limit: number }, signal?: AbortSignal) =>
    result<ActionsPage>(
      api.GET("/api/data/actions", { params: { query: { ...query, status: "QUARANTINED" } }, signal }),
    ),
  decisions: (query: { page: number; limit: number }, signal?: AbortSignal) =>
    result<DecisionsPage>(api.GET("/api/data/actions/decisions", { params: { query }, signal })),
  decide: (body: DecisionRequest) =>
    result<ActionDecision>(api.POST("/api/data/actions/decisions", { body })),
  undoDecision: (decision_id: number) =>
    result<ActionDecision>(
      api.POST("/api/data/actions/decisions/{decision_id}/undo", { params: { path: { decision_id } } }),
    ),
  importPath: (path: string) => result<{ job: Job }>(api.POST("/api/data/import", { body: { path } })),
  importFiles: async (files: readonly File[], options?: UploadOptions): Promise<Result<{ job: Job }>> => {
    try {
      const body = await sendFiles(`${apiBase()}/api/data/import`, files, options);
      return { data: body as { job: Job }, error: null };
    } catch (thrown) {
      if (thrown instanceof ApiError) return { data: null, error: thrown };
      throw thrown;
    }
  },
  syncState: (signal?: AbortSignal) => result<SyncState>(api.GET("/api/data/sync", { signal })),
  switchSync: (enabled: boolean) => result<SyncState>(api.PUT("/api/data/sync", { body: { enabled } })),
  sync: (from: string | null) => result<{ job: Job }>(api.POST("/api/data/sync", { body: { from } })),
  sample: () => result<{ job: Job }>(api.POST("/api/data/sample", {})),
  market: (signal?: AbortSignal) => result<MarketChoice>(api.GET("/api/data/market", { signal })),
  setMarket: (market: Market) => result<MarketChoice>(api.PUT("/api/data/market", { body: { market } })),
};
