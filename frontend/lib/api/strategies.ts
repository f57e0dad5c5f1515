import { withRows } from "../columns";
import type {
  BacktestRequest,
  Comparison,
  Job,
  JobAccepted,
  LibraryEntry,
  Policy,
  PolicyRequest,
  RunAnalysis,
  RunDetail,
  RunHead,
  RunTables,
  RunsPage,
  Significance,
  StrategyCard,
  StrategyChange,
  StrategyLoadError,
  StrategyVersion,
  TradeFill,
  Verification,
} from "../types";
import { api, result, type Result } from "./client";

const IN_COLUMNS = { accept: "application/vnd.smarttrader.columns+json" };

/** An answer that came in columns, with its tables as rows. */
const inRows = <T>(found: Result<T>): Result<T> =>
  found.data === null ? found : { data: withRows(found.data), error: null };

export const strategyAPI = {
  available: (signal?: AbortSignal) =>
    result<StrategyCard[]>(api.GET("/api/portfolio/strategies/available", { signal })),
  library: (signal?: AbortSignal) =>
    result<LibraryEntry[]>(api.GET("/api/portfolio/strategies/library", { signal })),
  versions: (strategy_id: string, signal?: AbortSignal) =>
    result<StrategyVersion[]>(
      api.GET("/api/portfolio/strategies/{strategy_id}/versions", {
        params: { path: { strategy_id } },
        signal,
      }),
    ),
  /** Changes what is written about a strategy; a text that is null becomes empty. */
  write: (strategy_id: string, body: StrategyChange) =>
    result<StrategyCard>(
      api.PATCH("/api/portfolio/strategies/{strategy_id}", { params: { path: { strategy_id } }, body }),
    ),
  loadErrors: (signal?: AbortSignal) =>
    result<StrategyLoadError[]>(api.GET("/api/portfolio/strategies/load-errors", { signal })),
  /** Answers with the run, or with the job that is computing it. The key makes a second click the same request. */
  backtest: (body: BacktestRequest, idempotencyKey: string) =>
    result<RunDetail | { job: Job }>(
      api.POST("/api/portfolio/strategies/backtest", {
        params: { query: { wait: 1 }, header: { "idempotency-key": idempotencyKey } },
        body,
      }),
    ),
  policies: (signal?: AbortSignal) =>
    result<Policy[]>(api.GET("/api/portfolio/strategies/policy", { signal })),
  createPolicy: (body: PolicyRequest) =>
    result<Policy>(api.POST("/api/portfolio/strategies/policy", { body })),
  runs: (query: { page: number; limit: number; strategy_id?: string }, signal?: AbortSignal) =>
    result<RunsPage>(api.GET("/api/portfolio/strategies/runs", { params: { query }, signal })),
  /** Computes the run again and compares the bytes. */
  verify: (run_id: string, wait: number) =>
    result<Verification | JobAccepted>(
      api.POST("/api/portfolio/strategies/runs/{run_id}/verify", {
        params: { path: { run_id }, query: { wait } },
      }),
    ),
  /** How much of a run's Sharpe could be chance, with the trials counted until now. */
  significance: (run_id: string, signal?: AbortSignal) =>
    result<Significance>(
      api.GET("/api/portfolio/strategies/runs/{run_id}/significance", {
        params: { path: { run_id } },
        signal,
      }),
    ),
  /** The run taken apart: months, falls, distributions, intervals. */
  analysis: (run_id: string, signal?: AbortSignal) =>
    result<RunAnalysis>(
      api.GET("/api/portfolio/strategies/runs/{run_id}/analysis", { params: { path: { run_id } }, signal }),
    ),
  /** Two to six runs; the others are held against the first. */
  compare: (run: readonly string[], signal?: AbortSignal) =>
    result<Comparison>(
      api.GET("/api/portfolio/strategies/runs/compare", {
        params: { query: { run: [...run] } },
        signal,
      }),
    ),
  /** A run without its long tables. */
  runHead: async (run_id: string, signal?: AbortSignal): Promise<Result<RunHead>> =>
    inRows(
      await result<RunHead>(
        api.GET("/api/portfolio/strategies/runs/{run_id}/head", {
          params: { path: { run_id }, header: IN_COLUMNS },
          signal,
        }),
      ),
    ),
  /** Its trades, refusals and decisions. */
  runTables: async (run_id: string, signal?: AbortSignal): Promise<Result<RunTables>> =>
    inRows(
      await result<RunTables>(
        api.GET("/api/portfolio/strategies/runs/{run_id}/tables", {
          params: { path: { run_id }, header: IN_COLUMNS },
          signal,
        }),
      ),
    ),
  /** What one trade was filled with, and what each fill was charged. */
  tradeFills: (run_id: string, number: number, signal?: AbortSignal) =>
    result<TradeFill[]>(
      api.GET("/api/portfolio/strategies/runs/{run_id}/trades/{number}/fills", {
        params: { path: { run_id, number } },
        signal,
      }),
    ),
};
