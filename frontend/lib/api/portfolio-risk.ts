import type {
  FactorExposures,
  ImproveAnswer,
  ImproveRequest,
  RebalanceAnswer,
  RebalanceRequest,
  RiskAnalysis,
  StockPortfolio,
  StressAnswer,
  StressRequest,
} from "../types";
import { api, result } from "./client";

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
