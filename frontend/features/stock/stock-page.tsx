"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState } from "nuqs";
import { Badge } from "@/components/marks";
import { EmptyState, ErrorState } from "@/components/shared/DataState";
import { StockChart } from "@/components/stock-chart";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { ApiError } from "@/lib/errors";
import { date, grouped } from "@/lib/format";
import { barsQuery } from "@/lib/queries";
import type { BarsSeries } from "@/lib/types";
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
  const bars = useQuery(barsQuery(symbol));
  useCommands([
    {
      id: "back",
      label: "Back to the screener",
      keys: "Escape",
      group: "This page",
      run: () => router.push("/screener/"),
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
          <PriceLine symbol={symbol} />
        </div>
        <Link className="btn" href={`/quant/backtest/?symbols=${encodeURIComponent(symbol)}`}>
          Backtest this stock
        </Link>
      </div>
      <div className="stk">
        <section className="card" aria-label="Price">
          <StockChart symbol={symbol} height="pane" />
        </section>
        <aside className="stack g3" aria-label="Facts">
          <section className="card">
            <div className="card-h">
              <h2>Key figures</h2>
            </div>
            <div className="card-b" style={{ paddingBlock: 4 }}>
              <KeyFigures symbol={symbol} />
            </div>
          </section>
          <InScreens symbol={symbol} />
          {bars.data && <Events bars={bars.data} />}
        </aside>
      </div>
    </div>
  );
}

/** What an action did to a share: how many it became, or what it paid. */
function actionNote({ factor, amount }: BarsSeries["actions"][number]): string {
  if (factor !== null) return `1 share became ${grouped(factor, 4).replace(/\.?0+$/, "")}`;
  return amount === null ? "Amount unknown" : `₹${grouped(amount, 2)} a share`;
}

/** Corporate actions, unexplained moves and old names, newest first. */
function Events({ bars }: { bars: BarsSeries }) {
  const events = [
    ...bars.actions.map((action) => ({
      at: action.ex_date,
      text: action.purpose,
      note: `${actionNote(action)}${action.tier === "LISTED" ? "" : `, ${action.tier}`}`,
    })),
    ...bars.jumps.map((at) => ({ at, text: "Move without a listed action", note: "Not adjusted" })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  const [first] = bars.t;
  return (
    <section className="card">
      <div className="card-h">
        <h2>Events</h2>
      </div>
      <ul className="rowlist">
        {events.map((event) => (
          <li key={`${event.at} ${event.text}`}>
            <span className="num t3 xs w64">{date(event.at)}</span>
            <span className="grow">
              {event.text}
              <span className="t3 xs" style={{ display: "block" }}>
                {event.note}
              </span>
            </span>
          </li>
        ))}
        {bars.former_symbols.length > 0 && (
          <li>
            <span className="t3 xs w64">Formerly</span>
            <span className="grow sym">{bars.former_symbols.join(", ")}</span>
          </li>
        )}
        {first && (
          <li>
            <span className="num t3 xs w64">{date(first)}</span>
            <span className="grow">First stored session</span>
          </li>
        )}
      </ul>
    </section>
  );
}
