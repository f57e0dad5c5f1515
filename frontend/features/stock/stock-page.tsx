"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState, useQueryStates } from "nuqs";
import { TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Badge } from "@/components/marks";
import { EmptyState, ErrorState } from "@/components/shared/DataState";
import { StockChart } from "@/components/stock-chart";
import { useWatchlist } from "@/components/use-watchlist";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { ApiError } from "@/lib/errors";
import { barsQuery, healthQuery } from "@/lib/queries";
import { Delivery } from "./delivery";
import { Events } from "./events";
import { Fundamentals } from "./fundamentals";
import { DEFAULT_LINES, Indicators } from "./indicators";
import { InScreens } from "./in-screens";
import { KeyFigures } from "./key-figures";
import { PriceLine } from "./stock-panel";

export function StockPage() {
  const [symbol] = useQueryState("symbol", parseAsString);
  useCrumbs([{ label: "Screener", href: "/screener/" }, { label: symbol ?? "Stock" }]);
  if (!symbol) {
    return (
      <div className="page">
        <section className="card">
          <EmptyState
            title="No stock is named"
            action={
              <Link className="btn p" href="/screener/">
                Open the screener
              </Link>
            }
          >
            The address of this page ends with a symbol, for example ?symbol=TCS.
          </EmptyState>
        </section>
      </div>
    );
  }
  return <Stock symbol={symbol} />;
}

function Stock({ symbol }: { symbol: string }) {
  const router = useRouter();
  const [{ asof, lines }, set] = useQueryStates({
    asof: parseAsString,
    lines: parseAsString.withDefault(DEFAULT_LINES),
  });
  const health = useQuery(healthQuery);
  const bars = useQuery(barsQuery(symbol, "price", asof));
  const { watched, toggle } = useWatchlist();
  useCommands([
    {
      id: "back",
      label: "Back to where this was opened",
      keys: "Escape",
      group: "This page",
      run: () => (window.history.length > 1 ? router.back() : router.push("/screener/")),
    },
    {
      id: "watch",
      label: "Put the stock on the watchlist, or take it off",
      keys: "w",
      group: "This page",
      run: () => toggle(symbol),
    },
  ]);
  if (bars.error) {
    const unknown = bars.error instanceof ApiError && bars.error.code === "DATA_NOT_FOUND";
    return (
      <div className="page">
        <section className="card">
          {unknown ? (
            <EmptyState
              title={`No stock is named ${symbol}`}
              action={
                <Link className="btn p" href="/screener/">
                  Open the screener
                </Link>
              }
            >
              {bars.error.message}
            </EmptyState>
          ) : (
            <ErrorState
              title="The stock cannot be shown"
              error={bars.error}
              onRetry={() => void bars.refetch()}
            />
          )}
        </section>
      </div>
    );
  }
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>{bars.data?.name ?? symbol}</h1>
            <span className="sym t2">{symbol}</span>
            {bars.data?.sector && <Badge>{bars.data.sector}</Badge>}
            {bars.data?.isin && <code className="mono t3">{bars.data.isin}</code>}
          </div>
          <PriceLine symbol={symbol} asof={asof} />
        </div>
        <div className="row g3 wrap asked" style={{ alignItems: "flex-end" }}>
          <TextField
            label="As of"
            type="date"
            value={asof ?? bars.data?.t.at(-1)?.slice(0, 10) ?? ""}
            min={health.data?.data?.first_session}
            max={health.data?.data?.last_session}
            onChange={(event) => void set({ asof: event.target.value || null })}
          />
          <button
            type="button"
            className="btn"
            aria-pressed={watched.has(symbol)}
            onClick={() => toggle(symbol)}
          >
            <Icon name="star" size="s" />
            {watched.has(symbol) ? "Watched" : "Watch"}
          </button>
          <Link className="btn" href={`/quant/backtest/?symbols=${encodeURIComponent(symbol)}`}>
            Backtest this stock
          </Link>
        </div>
      </div>
      <div className="stk">
        <div className="stack g3" style={{ minWidth: 0 }}>
          <section className="card" aria-label="Price">
            <StockChart
              symbol={symbol}
              asof={asof}
              lines={lines}
              height={420}
              actions={
                <Indicators symbol={symbol} lines={lines} onChange={(next) => void set({ lines: next })} />
              }
            />
          </section>
          <Fundamentals symbol={symbol} asof={asof} />
          <Delivery symbol={symbol} asof={asof} />
        </div>
        <aside className="stack g3" aria-label="Facts">
          <section className="card">
            <div className="card-h">
              <h2>Key figures</h2>
            </div>
            <div className="card-b" style={{ paddingBlock: 4 }}>
              <KeyFigures symbol={symbol} asof={asof} />
            </div>
          </section>
          <InScreens symbol={symbol} asof={asof} />
          <Events symbol={symbol} asof={asof} />
        </aside>
      </div>
    </div>
  );
}
