import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/components/toast";
import { portfolioAPI, unwrap, type PortfoliosQuery, type Result, type TaxAsked } from "@/lib/api-client";
import { ApiError, getErrorMessage } from "@/lib/errors";

const ROOT = "portfolios";

export const portfoliosQuery = (query: PortfoliosQuery) =>
  queryOptions({
    queryKey: [ROOT, "list", query],
    queryFn: ({ signal }) => unwrap(portfolioAPI.listStockPortfolios(query, signal)),
    placeholderData: (before) => before,
  });

export const clientsQuery = queryOptions({
  queryKey: [ROOT, "clients"],
  queryFn: ({ signal }) => unwrap(portfolioAPI.clients(signal)),
});

export const deletedQuery = queryOptions({
  queryKey: [ROOT, "deleted"],
  queryFn: ({ signal }) => unwrap(portfolioAPI.deleted(signal)),
});

export const portfolioQuery = (id: number, asof: string | null) =>
  queryOptions({
    queryKey: [ROOT, id, "detail", asof],
    queryFn: ({ signal }) => unwrap(portfolioAPI.getStockPortfolio(id, asof ?? undefined, signal)),
    placeholderData: (before) => before,
  });

export const ledgerQuery = (id: number, page: number) =>
  queryOptions({
    queryKey: [ROOT, id, "ledger", page],
    queryFn: ({ signal }) => unwrap(portfolioAPI.transactions(id, page, signal)),
    placeholderData: (before) => before,
  });

export const actionsQuery = (id: number) =>
  queryOptions({
    queryKey: [ROOT, id, "actions"],
    queryFn: ({ signal }) => unwrap(portfolioAPI.actions(id, signal)),
  });

export const performanceQuery = (id: number, start: string | null, benchmark: string | null) =>
  queryOptions({
    queryKey: [ROOT, id, "performance", start, benchmark],
    queryFn: ({ signal }) =>
      unwrap(
        portfolioAPI.performance(
          id,
          { start: start ?? undefined, benchmark: benchmark ?? undefined },
          signal,
        ),
      ),
    placeholderData: (before) => before,
  });

export const combinedQuery = (client: string | null) =>
  queryOptions({
    queryKey: [ROOT, "combined", client],
    queryFn: ({ signal }) => unwrap(portfolioAPI.combined(client ?? undefined, signal)),
    placeholderData: (before) => before,
  });

export const taxQuery = (id: number, asked: TaxAsked) =>
  queryOptions({
    queryKey: [ROOT, id, "tax", asked],
    queryFn: ({ signal }) => unwrap(portfolioAPI.tax(id, asked, signal)),
    placeholderData: (before) => before,
  });

/** A change of a portfolio: everything that was read of any is read again, and a refusal is told. */
export function useChange<Input, Output>(
  call: (input: Input) => Promise<Result<Output>>,
  { done, quiet = false }: { done?: (output: Output, input: Input) => void; quiet?: boolean } = {},
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => unwrap(call(input)),
    onSuccess: (output, input) => {
      void client.invalidateQueries({ queryKey: [ROOT] });
      done?.(output, input);
    },
    onError: (error) => {
      if (!quiet) toast({ title: "Nothing was changed", text: getErrorMessage(error), tone: "er" });
    },
  });
}

/** Whether a change was refused because somebody else's came first. */
export const isStale = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

/** Reads everything of portfolios again: the way out of a stale version. */
export function useReadAgain(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [ROOT] });
}
