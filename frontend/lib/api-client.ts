import createClient from "openapi-fetch";
import type { paths } from "./api-types";
import { withRows } from "./columns";
import { ApiError, toApiError } from "./errors";
import { noteAnswer } from "./market-seen";
import { retryingFetch } from "./retry";
import { sendFiles, type UploadOptions } from "./upload";
import type {
  ActionAnswer,
  ActionDecision,
  ActionsPage,
  BacktestRequest,
  BarsSeries,
  CheckedExpression,
  ClientRow,
  CombinedHoldings,
  Comparison,
  Coverage,
  CoverageYear,
  DataStatus,
  DecisionRequest,
  DecisionsPage,
  DeletedPortfolio,
  FactorExposures,
  FieldCard,
  FileImported,
  FilePreview,
  FindingsPage,
  FunctionCard,
  Health,
  HeatMap,
  HeldScreen,
  ImproveAnswer,
  ImproveRequest,
  IndexInfo,
  Job,
  JobAccepted,
  JobDetail,
  Landscape,
  LedgerLineIn,
  LedgerPage,
  LibraryEntry,
  MadeStrategy,
  Market,
  MarketChoice,
  MarketOverview,
  MarketStatus,
  NearMisses,
  PerformanceReport,
  Policy,
  PolicyRequest,
  PortfolioActions,
  PortfolioCreate,
  PortfolioDetail,
  PortfolioPage,
  PresetCard,
  PushBrowser,
  PushStatus,
  PushSubscriptionIn,
  Provenance,
  RebalanceAnswer,
  RebalanceRequest,
  RiskAnalysis,
  RunAnalysis,
  RunDetail,
  RunHead,
  RunTables,
  RunsPage,
  SavedScreen,
  ScreenerPage,
  ScreenEventPage,
  ScreenHistory,
  ScreenQuestion,
  SearchHit,
  SectorCount,
  Significance,
  SnapshotsPage,
  StockDelivery,
  StockEvents,
  StockFigures,
  StockLines,
  StockPortfolio,
  StrategyCard,
  StrategyChange,
  StrategyLoadError,
  StrategyVersion,
  StrategyWish,
  StressAnswer,
  StressRequest,
  Sweep,
  SweepAccepted,
  SweepDoubt,
  SweepMetric,
  SweepPoints,
  SweepRequest,
  SweepsPage,
  SyncState,
  TaxReport,
  TradeFill,
  Verification,
  WalkForward,
  WalkForwardAccepted,
  WalkForwardRequest,
  WalkForwardsPage,
  WalkForwardVerified,
  WatchlistItem,
  WhyAnswer,
} from "./types";

export { ApiError, getErrorMessage, fieldProblems } from "./errors";

/** Same origin when built; NEXT_PUBLIC_API_URL only in development, when the rewrite of next.config is not wanted. */
function apiBase(): string {
  if (process.env.NODE_ENV === "development" && process.env.NEXT_PUBLIC_API_URL)
    return process.env.NEXT_PUBLIC_API_URL;
  return typeof window === "undefined" ? "http://127.0.0.1:8000" : window.location.origin;
}

async function heardFetch(request: Request): Promise<Response> {
  const asked = performance.now();
  const response = await retryingFetch(request);
  if (request.method === "GET") noteAnswer(response, asked); // a switch in this window is no news to it
  return response;
}

export const api = createClient<paths>({ baseUrl: apiBase(), fetch: heardFetch });

/** One of the two is set. */
export type Result<T> = { data: T; error: null } | { data: null; error: ApiError };

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Settles a call: never throws, except when the caller itself aborted it. */
export async function result<T>(call: Promise<Answer>): Promise<Result<T>> {
  try {
    const { data, error, response } = await call;
    if (!response.ok || error !== undefined) return { data: null, error: toApiError(error, response) };
    return { data: data as T, error: null };
  } catch (thrown) {
    if (thrown instanceof ApiError) return { data: null, error: thrown };
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    return {
      data: null,
      error: new ApiError("The answer could not be read.", "UNREADABLE_ANSWER", 0, String(thrown)),
    };
  }
}

/** For queries: the data, or the ApiError thrown. */
export async function unwrap<T>(settled: Promise<Result<T>>): Promise<T> {
  const { data, error } = await settled;
  if (error) throw error;
  return data as T;
}

type InstrumentType = NonNullable<ScreenQuestion["instrument_type"]>;

export interface ScreenerQuery {
  page: number;
  limit: number;
  sort_by: string;
  sort_order: "asc" | "desc";
  symbol?: string;
  sector?: string;
  index?: string;
  instrument_type?: InstrumentType;
  asof?: string;
  q?: string;
  filter_type?: string;
  columns?: string;
  spark?: number;
  facets?: boolean;
}

export interface ScreenAsk {
  q?: string;
  filter_type?: string;
  index?: string;
  instrument_type?: InstrumentType;
  asof?: string;
}

export interface HistoryAsk {
  q: string;
  index?: string;
  start?: string;
  end?: string;
  wait?: number;
}

export const healthAPI = {
  get: (signal?: AbortSignal) => result<Health>(api.GET("/api/health", { signal })),
};

export const screenerAPI = {
  page: (query: ScreenerQuery, signal?: AbortSignal) =>
    result<ScreenerPage>(api.GET("/api/screener/", { params: { query }, signal })),
  fields: (signal?: AbortSignal) =>
    result<{ fields: FieldCard[] }>(api.GET("/api/screener/fields", { signal })),
  indices: (signal?: AbortSignal) =>
    result<{ indices: IndexInfo[]; default: string }>(api.GET("/api/screener/indices", { signal })),
  check: (q: string, signal?: AbortSignal) =>
    result<CheckedExpression>(api.GET("/api/screener/check", { params: { query: { q } }, signal })),
  functions: (signal?: AbortSignal) =>
    result<{ functions: FunctionCard[] }>(api.GET("/api/screener/functions", { signal })),
  presets: (signal?: AbortSignal) =>
    result<{ presets: PresetCard[] }>(api.GET("/api/screener/presets", { signal })),
};

export const screensAPI = {
  list: (signal?: AbortSignal) => result<SavedScreen[]>(api.GET("/api/screener/screens", { signal })),
  create: (name: string, question: ScreenQuestion) =>
    result<SavedScreen>(api.POST("/api/screener/screens", { body: { name, question } })),
  change: (screen_id: number, body: { name: string; version: number; question: ScreenQuestion }) =>
    result<SavedScreen>(
      api.PUT("/api/screener/screens/{screen_id}", { params: { path: { screen_id } }, body }),
    ),
  watch: (screen_id: number, watching: boolean) =>
    result<SavedScreen>(
      api.PATCH("/api/screener/screens/{screen_id}", {
        params: { path: { screen_id } },
        body: { watching },
      }),
    ),
  remove: (screen_id: number) =>
    result<null>(api.DELETE("/api/screener/screens/{screen_id}", { params: { path: { screen_id } } })),
  restore: (screen_id: number) =>
    result<SavedScreen>(
      api.POST("/api/screener/screens/{screen_id}/restore", { params: { path: { screen_id } } }),
    ),
  events: (query: { page: number; limit: number; unread?: boolean }, signal?: AbortSignal) =>
    result<ScreenEventPage>(api.GET("/api/screener/events", { params: { query }, signal })),
  readEvents: (ids: number[] | null) =>
    result<{ read: number; unread: number }>(api.POST("/api/screener/events/read", { body: { ids } })),
  why: (symbol: string, query: ScreenAsk, signal?: AbortSignal) =>
    result<WhyAnswer>(api.GET("/api/screener/why/{symbol}", { params: { path: { symbol }, query }, signal })),
  nearMisses: (query: ScreenAsk, signal?: AbortSignal) =>
    result<NearMisses>(api.GET("/api/screener/near-misses", { params: { query }, signal })),
  makeStrategy: (body: StrategyWish) => result<MadeStrategy>(api.POST("/api/screener/strategies", { body })),
  history: (query: HistoryAsk, signal?: AbortSignal) =>
    result<ScreenHistory | { job: Job }>(api.GET("/api/screener/history", { params: { query }, signal })),
  held: (symbol: string, query: { days: number; asof?: string }, signal?: AbortSignal) =>
    result<HeldScreen[]>(
      api.GET("/api/screener/held/{symbol}", { params: { path: { symbol }, query }, signal }),
    ),
};

export const pushAPI = {
  status: (signal?: AbortSignal) => result<PushStatus>(api.GET("/api/push", { signal })),
  subscribe: (body: PushSubscriptionIn) => result<PushBrowser>(api.POST("/api/push/subscriptions", { body })),
  unsubscribe: (browser_id: number) =>
    result<null>(api.DELETE("/api/push/subscriptions/{browser_id}", { params: { path: { browser_id } } })),
  test: (browser_id: number) =>
    result<{ job: Job }>(
      api.POST("/api/push/subscriptions/{browser_id}/test", { params: { path: { browser_id } } }),
    ),
};

export const marketAPI = {
  search: (query: string, signal?: AbortSignal) =>
    result<SearchHit[]>(
      api.GET("/api/market/search", {
        params: { query: { query, exclude_indices: true, limit: 8 } },
        signal,
      }),
    ),
  sectors: (signal?: AbortSignal) =>
    result<{ sectors: SectorCount[] }>(api.GET("/api/market/sectors", { signal })),
  bars: (symbol: string, adjust: "price" | "total" | "none", asof: string | null, signal?: AbortSignal) =>
    result<BarsSeries>(
      api.GET("/api/market/bars/{symbol}", {
        params: { path: { symbol }, query: { adjust, ...(asof && { asof }) } },
        signal,
      }),
    ),
  status: (signal?: AbortSignal) => result<MarketStatus>(api.GET("/api/market/status", { signal })),
  overview: (query: { index?: string; asof?: string }, signal?: AbortSignal) =>
    result<MarketOverview>(api.GET("/api/market/overview", { params: { query }, signal })),
  watchlist: (signal?: AbortSignal) => result<WatchlistItem[]>(api.GET("/api/market/watchlist", { signal })),
  watch: (symbol: string) => result<WatchlistItem>(api.POST("/api/market/watchlist", { body: { symbol } })),
  unwatch: (symbol: string) =>
    result<null>(api.DELETE("/api/market/watchlist/{symbol}", { params: { path: { symbol } } })),
};

const STOCK = "/api/market/stocks/{symbol}" as const;

export const stockAPI = {
  lines: (
    symbol: string,
    query: { q: string; adjust?: "price" | "total" | "none"; asof?: string },
    signal?: AbortSignal,
  ) => result<StockLines>(api.GET(`${STOCK}/lines`, { params: { path: { symbol }, query }, signal })),
  delivery: (symbol: string, query: { asof?: string }, signal?: AbortSignal) =>
    result<StockDelivery>(api.GET(`${STOCK}/delivery`, { params: { path: { symbol }, query }, signal })),
  figures: (symbol: string, query: { asof?: string }, signal?: AbortSignal) =>
    result<StockFigures>(api.GET(`${STOCK}/figures`, { params: { path: { symbol }, query }, signal })),
  events: (symbol: string, query: { asof?: string }, signal?: AbortSignal) =>
    result<StockEvents>(api.GET(`${STOCK}/events`, { params: { path: { symbol }, query }, signal })),
};

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
  /** Computes a point again as a run of its own. */
  runPoint: (sweep_id: string, number: number) =>
    result<RunDetail | { job: Job }>(
      api.POST(`${SWEEP}/points/{number}/run`, {
        params: { path: { sweep_id, number }, query: { wait: 60 } },
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

export interface PortfoliosQuery {
  page: number;
  limit: number;
  sort_by?: PortfolioSort;
  sort_order?: "asc" | "desc";
  search?: string;
  client?: string;
  spark?: number;
}

type ListQuery = NonNullable<paths["/api/portfolio/stocks"]["get"]["parameters"]["query"]>;
export type PortfolioSort = NonNullable<ListQuery["sort_by"]>;

/** How a broker's file is to be read; what nobody says is found by itself. */
export interface FileFields {
  layout?: string;
  mapping?: string;
  account?: string;
  asof?: string;
  leave_out?: string;
  not_known?: string;
  digest?: string;
  version?: string;
}

/** `losses` are KIND:YEAR:RUPEES, unused ones of earlier years or other accounts; `surcharge` is percent of the tax. */
export interface TaxAsked {
  year?: string;
  losses?: string[];
  surcharge?: string;
}

const onPortfolio = (portfolio_id: number) => ({ params: { path: { portfolio_id } } });

export const portfolioAPI = {
  listStockPortfolios: (query: PortfoliosQuery, signal?: AbortSignal) =>
    result<PortfolioPage>(api.GET("/api/portfolio/stocks", { params: { query }, signal })),
  getStockPortfolio: (id: number, asof?: string, signal?: AbortSignal) =>
    result<PortfolioDetail>(
      api.GET("/api/portfolio/stocks/{portfolio_id}", {
        params: { path: { portfolio_id: id }, query: { asof } },
        signal,
      }),
    ),
  createStockPortfolio: (body: PortfolioCreate) =>
    result<PortfolioDetail>(api.POST("/api/portfolio/stocks", { body })),
  editStockPortfolio: (
    id: number,
    body: { version: number; name?: string; description?: string | null; client?: string | null },
  ) =>
    result<PortfolioDetail>(api.PATCH("/api/portfolio/stocks/{portfolio_id}", { ...onPortfolio(id), body })),
  deleteStockPortfolio: (id: number) =>
    result<null>(api.DELETE("/api/portfolio/stocks/{portfolio_id}", onPortfolio(id))),
  restoreStockPortfolio: (id: number) =>
    result<PortfolioDetail>(api.POST("/api/portfolio/stocks/{portfolio_id}/restore", onPortfolio(id))),
  duplicateStockPortfolio: (id: number, name: string) =>
    result<PortfolioDetail>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/duplicate", { ...onPortfolio(id), body: { name } }),
    ),
  deleted: (signal?: AbortSignal) =>
    result<DeletedPortfolio[]>(api.GET("/api/portfolio/stocks/deleted", { signal })),
  clients: (signal?: AbortSignal) =>
    result<ClientRow[]>(api.GET("/api/portfolio/stocks/clients", { signal })),
  transactions: (id: number, page: number, signal?: AbortSignal) =>
    result<LedgerPage>(
      api.GET("/api/portfolio/stocks/{portfolio_id}/transactions", {
        params: { path: { portfolio_id: id }, query: { page, limit: 100 } },
        signal,
      }),
    ),
  combined: (client?: string, signal?: AbortSignal) =>
    result<CombinedHoldings>(
      api.GET("/api/portfolio/stocks/combined", { params: { query: { client } }, signal }),
    ),
  addTransactions: (id: number, transactions: LedgerLineIn[]) =>
    result<{ version: number }>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/transactions", {
        ...onPortfolio(id),
        body: { transactions },
      }),
    ),
  /** Both are refused as a CONFLICT where the portfolio has another version by now. */
  changeTransaction: (id: number, transaction_id: number, transaction: LedgerLineIn, version: number) =>
    result<{ version: number }>(
      api.PUT("/api/portfolio/stocks/{portfolio_id}/transactions/{transaction_id}", {
        params: { path: { portfolio_id: id, transaction_id } },
        body: { transaction, version },
      }),
    ),
  removeTransaction: (id: number, transaction_id: number, version: number) =>
    result<null>(
      api.DELETE("/api/portfolio/stocks/{portfolio_id}/transactions/{transaction_id}", {
        params: { path: { portfolio_id: id, transaction_id }, query: { version } },
      }),
    ),
  actions: (id: number, signal?: AbortSignal) =>
    result<PortfolioActions>(
      api.GET("/api/portfolio/stocks/{portfolio_id}/actions", { ...onPortfolio(id), signal }),
    ),
  /** Without a list, all that need no answer. */
  applyActions: (id: number, actions: ActionAnswer[] | null, version?: number) =>
    result<{ transaction_ids: number[]; version: number }>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/actions/apply", {
        ...onPortfolio(id),
        body: { actions, version },
      }),
    ),
  undoActions: (id: number, transaction_ids: number[]) =>
    result<{ version: number }>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/actions/undo", {
        ...onPortfolio(id),
        body: { transaction_ids },
      }),
    ),
  dismissActions: (id: number, ids: string[], dismissed: boolean) =>
    result<{ version: number }>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/actions/dismiss", {
        ...onPortfolio(id),
        body: { ids, dismissed },
      }),
    ),
  performance: (id: number, query: { start?: string; benchmark?: string }, signal?: AbortSignal) =>
    result<PerformanceReport>(
      api.GET("/api/portfolio/stocks/{portfolio_id}/performance", {
        params: { path: { portfolio_id: id }, query },
        signal,
      }),
    ),
  tax: (id: number, asked: TaxAsked, signal?: AbortSignal) =>
    result<TaxReport>(
      api.GET("/api/portfolio/stocks/{portfolio_id}/tax", {
        params: { path: { portfolio_id: id }, query: asked },
        signal,
      }),
    ),
  taxFile: (id: number, { year, losses = [], surcharge }: TaxAsked, format: "csv" | "pdf") => {
    const query = new URLSearchParams({ format, ...(year && { year }), ...(surcharge && { surcharge }) });
    for (const one of losses) query.append("losses", one);
    return `${apiBase()}/api/portfolio/stocks/${id}/tax?${query}`;
  },
  previewFile: (id: number, file: File, fields: FileFields) =>
    sendForm<FilePreview>(`/api/portfolio/stocks/${id}/import/preview`, file, fields),
  importFile: (id: number, file: File, fields: FileFields) =>
    sendForm<FileImported>(`/api/portfolio/stocks/${id}/import`, file, fields),
};

function sendForm<T>(path: string, file: File, fields: FileFields): Promise<Result<T>> {
  const form = new FormData();
  form.append("file", file, file.name);
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined) form.append(name, String(value));
  const answer = async (): Promise<Answer> => {
    const response = await fetch(`${apiBase()}${path}`, { method: "POST", body: form });
    const body: unknown = await response.json();
    return response.ok ? { data: body, response } : { error: body, response };
  };
  return result<T>(answer());
}

export const jobsAPI = {
  list: (signal?: AbortSignal) => result<{ data: Job[] }>(api.GET("/api/jobs", { signal })),
  get: (id: string, signal?: AbortSignal) =>
    result<JobDetail>(api.GET("/api/jobs/{job_id}", { params: { path: { job_id: id } }, signal })),
  cancel: (id: string) =>
    result<Job>(api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: id } } })),
};

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

/** Over how many sessions, beside which index, at the end of which day. */
export interface RiskWindow {
  lookback_days: number;
  benchmark: string | null;
  asof: string | null;
}

export const portfolioRiskAPI = {
  portfolio: (portfolio_id: number, signal?: AbortSignal) =>
    result<StockPortfolio>(
      api.GET("/api/portfolio/stocks/{portfolio_id}", { params: { path: { portfolio_id } }, signal }),
    ),
  analyze: (portfolio_id: number, window: RiskWindow, signal?: AbortSignal) =>
    result<RiskAnalysis>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/analyze", {
        params: { path: { portfolio_id } },
        body: window,
        signal,
      }),
    ),
  factors: (portfolio_id: number, window: RiskWindow, signal?: AbortSignal) =>
    result<FactorExposures>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/factors", {
        params: { path: { portfolio_id } },
        body: window,
        signal,
      }),
    ),
  stress: (portfolio_id: number, body: Partial<StressRequest>, signal?: AbortSignal) =>
    result<StressAnswer>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/stress", {
        params: { path: { portfolio_id } },
        body: body as StressRequest,
        signal,
      }),
    ),
  improve: (portfolio_id: number, body: Partial<ImproveRequest>, signal?: AbortSignal) =>
    result<ImproveAnswer>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/improve", {
        params: { path: { portfolio_id } },
        body: body as ImproveRequest,
        signal,
      }),
    ),
  rebalance: (portfolio_id: number, body: Partial<RebalanceRequest>, signal?: AbortSignal) =>
    result<RebalanceAnswer>(
      api.POST("/api/portfolio/stocks/{portfolio_id}/rebalance", {
        params: { path: { portfolio_id } },
        body: body as RebalanceRequest,
        signal,
      }),
    ),
};
