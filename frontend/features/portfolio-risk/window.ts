import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { portfolioRiskAPI, unwrap, type RiskWindow } from "@/lib/api-client";
import type { ImproveRequest, StressRequest } from "@/lib/types";

export const LOOKBACKS = [
  { value: "252", label: "1 y" },
  { value: "756", label: "3 y" },
  { value: "1260", label: "5 y" },
  { value: "2520", label: "10 y" },
] as const;

/** The window of an analysis, in the address so that it can be linked. */
export function useRiskWindow() {
  const [state, set] = useQueryStates({
    lookback: parseAsInteger.withDefault(252),
    benchmark: parseAsString,
    asof: parseAsString,
  });
  const window: RiskWindow = {
    lookback_days: state.lookback,
    benchmark: state.benchmark,
    asof: state.asof,
  };
  return { window, set };
}

const kept = { placeholderData: keepPreviousData, staleTime: 60_000, retry: false } as const;

export const portfolioQuery = (portfolio: number) =>
  queryOptions({
    queryKey: ["portfolio", portfolio],
    queryFn: ({ signal }) => unwrap(portfolioRiskAPI.portfolio(portfolio, signal)),
    retry: false,
  });

export const analysisQuery = (portfolio: number, window: RiskWindow) =>
  queryOptions({
    queryKey: ["portfolio-risk", portfolio, "analyze", window],
    queryFn: ({ signal }) => unwrap(portfolioRiskAPI.analyze(portfolio, window, signal)),
    ...kept,
  });

export const factorsQuery = (portfolio: number, window: RiskWindow) =>
  queryOptions({
    queryKey: ["portfolio-risk", portfolio, "factors", window],
    queryFn: ({ signal }) => unwrap(portfolioRiskAPI.factors(portfolio, window, signal)),
    ...kept,
  });

export const stressQuery = (portfolio: number, asked: Partial<StressRequest>) =>
  queryOptions({
    queryKey: ["portfolio-risk", portfolio, "stress", asked],
    queryFn: ({ signal }) => unwrap(portfolioRiskAPI.stress(portfolio, asked, signal)),
    ...kept,
  });

export const improveQuery = (portfolio: number, asked: Partial<ImproveRequest>) =>
  queryOptions({
    queryKey: ["portfolio-risk", portfolio, "improve", asked],
    queryFn: ({ signal }) => unwrap(portfolioRiskAPI.improve(portfolio, asked, signal)),
    ...kept,
  });

/** Where a report of the portfolio is, over the window that is looked at. */
export function reportHref(portfolio: number, format: string, window: RiskWindow): string {
  const query = new URLSearchParams({ format, lookback_days: String(window.lookback_days) });
  if (window.benchmark) query.set("benchmark", window.benchmark);
  if (window.asof) query.set("asof", window.asof);
  return `/api/portfolio/stocks/${portfolio}/report?${query}`;
}
