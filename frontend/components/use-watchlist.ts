import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { toast } from "@/components/toast";
import { marketAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { watchlistQuery } from "@/lib/queries";

/** The watchlist as a set of symbols, and a way on and off it. */
export function useWatchlist() {
  const client = useQueryClient();
  const list = useQuery(watchlistQuery);
  const watched = useMemo(() => new Set(list.data?.map((item) => item.symbol)), [list.data]);
  const change = useMutation({
    mutationFn: async ({ symbol, on }: { symbol: string; on: boolean }) => {
      await (on ? unwrap(marketAPI.watch(symbol)) : unwrap(marketAPI.unwatch(symbol)));
      return { symbol, on };
    },
    onSuccess: async ({ symbol, on }) => {
      await client.invalidateQueries({ queryKey: watchlistQuery.queryKey });
      toast({
        title: `${symbol} ${on ? "is on the watchlist" : "is off the watchlist"}`,
        action: { label: "Undo", run: () => change.mutate({ symbol, on: !on }) },
      });
    },
    onError: (error) =>
      toast({ title: "The watchlist was not changed", text: getErrorMessage(error), tone: "er" }),
  });
  return { watched, toggle: (symbol: string) => change.mutate({ symbol, on: !watched.has(symbol) }) };
}
