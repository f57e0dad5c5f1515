import { EmptyState } from "@/components/shared/DataState";
import { count } from "@/lib/format";
import { ALL_STOCKS, useIndexName } from "@/lib/queries";
import type { ScreenerMeta } from "@/lib/types";
import type { ScreenerFilters } from "./filters";
import { NearestMisses, Why } from "./reasons";

interface NoStockProps {
  filters: ScreenerFilters;
  meta: ScreenerMeta;
  onClear: () => void;
  onStock: (symbol: string) => void;
}

/** Why the list is empty: the filter to blame, or what each term keeps out and whom it missed by least. */
export function NoStock({ filters, meta, onClear, onStock }: NoStockProps) {
  const asks = meta.expression !== null;
  const index = useIndexName()(filters.index);
  return (
    <div className="scr-none" tabIndex={0} role="region" aria-label="No stock matches">
      <EmptyState
        title="No stock matches"
        action={
          <button type="button" className="btn p" onClick={onClear}>
            Clear filters
          </button>
        }
      >
        {blame(filters, index, asks)} The universe holds {count(meta.universe.shown)} stocks
        {meta.unknown > 0 && `; of ${count(meta.unknown)} it cannot be told`}.
      </EmptyState>
      {asks && filters.symbol && <Why symbol={filters.symbol} filters={filters} />}
      {asks && !filters.symbol && <NearestMisses filters={filters} onStock={onStock} />}
    </div>
  );
}

function blame(filters: ScreenerFilters, index: string, asks: boolean): string {
  const where = filters.index !== ALL_STOCKS ? ` among the members of ${index}` : "";
  const sector = filters.sector ? ` in ${filters.sector}` : "";
  if (filters.symbol)
    return `No symbol begins with “${filters.symbol}”${sector}${where}${asks ? " and matches the expression" : ""}.`;
  if (filters.sector) return `Nothing${sector}${where} matches.`;
  if (asks) return `The expression holds for no stock${where}.`;
  return "This universe has no member that traded in the session.";
}
