import type { paths } from "../api-types";
import type {
  ActionAnswer,
  ClientRow,
  CombinedHoldings,
  DeletedPortfolio,
  FileImported,
  FilePreview,
  LedgerLineIn,
  LedgerPage,
  PerformanceReport,
  PortfolioActions,
  PortfolioCreate,
  PortfolioDetail,
  PortfolioPage,
  TaxReport,
} from "../types";
import { api, apiBase, result, type Answer, type Result } from "./client";

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
