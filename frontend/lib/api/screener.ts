import type {
  CheckedExpression,
  FieldCard,
  FunctionCard,
  HeldScreen,
  IndexInfo,
  Job,
  MadeStrategy,
  NearMisses,
  PresetCard,
  SavedScreen,
  ScreenEventPage,
  ScreenHistory,
  ScreenQuestion,
  ScreenerPage,
  StrategyWish,
  WhyAnswer,
} from "../types";
import { api, result } from "./client";

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
  instrument_type?: InstrumentType;
  start?: string;
  end?: string;
  wait?: number;
}

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
