import type {
  BarsSeries,
  MarketOverview,
  MarketStatus,
  SearchHit,
  SectorCount,
  StockDelivery,
  StockEvents,
  StockFigures,
  StockLines,
  WatchlistItem,
} from "../types";
import { api, result } from "./client";

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
