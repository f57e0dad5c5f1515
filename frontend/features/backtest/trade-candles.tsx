"use client";

import { useMemo } from "react";
import { parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import type { ChartMarker } from "@/components/chart-markers";
import { Icon } from "@/components/icon";
import { toneOf, Unknown } from "@/components/marks";
import { StockChart } from "@/components/stock-chart";
import { barTime, count, counted, grouped, rupees, signedRupees } from "@/lib/format";
import { sentence } from "@/components/data-jobs";
import type { RunDetail, Trade } from "@/lib/types";

export const useCandles = () => useQueryStates({ candles: parseAsString, trade: parseAsInteger });

/** The marks of trades on candles: an entry and an exit each, with what the hover card says of them. */
export function markersOf(trades: readonly Trade[]): (ChartMarker & { raw: number })[] {
  return trades.flatMap((trade) => {
    const said = `${counted(trade.quantity, "share")}${trade.side === "SHORT" ? ", short" : ""}`;
    const result = trade.pnl === null ? "" : `, ${signedRupees(trade.pnl)} after charges`;
    const way =
      trade.side === "SHORT" ? (["Sold short", "Bought back"] as const) : (["Bought", "Sold"] as const);
    const entry = {
      at: trade.entry_at.slice(0, 10),
      side: trade.side === "SHORT" ? ("exit" as const) : ("entry" as const),
      raw: trade.entry_price,
      text: grouped(trade.entry_price, 2),
      details: `${way[0]} ${barTime(trade.entry_at)} at ${rupees(trade.entry_price, true)}, ${said}`,
    };
    if (!trade.exit_at || trade.exit_price === null) return [entry];
    const why = trade.exit_reason ? `, ${sentence(trade.exit_reason.toLowerCase())}` : "";
    return [
      entry,
      {
        at: trade.exit_at.slice(0, 10),
        side: trade.side === "SHORT" ? ("entry" as const) : ("exit" as const),
        raw: trade.exit_price,
        text: grouped(trade.exit_price, 2),
        details: `${way[1]} ${barTime(trade.exit_at)} at ${rupees(trade.exit_price, true)}${why}${result}`,
      },
    ];
  });
}

/** All trades of one instrument on its candles, one after another by buttons, or many as a count until one zooms in. */
export function TradeCandles({ run }: { run: RunDetail }) {
  const [{ candles, trade: at }, set] = useCandles();
  const bySymbol = useMemo(() => {
    const found = new Map<string, Trade[]>();
    for (const trade of run.trades) {
      const of = found.get(trade.symbol);
      if (of) of.push(trade);
      else found.set(trade.symbol, [trade]);
    }
    return found;
  }, [run.trades]);
  const symbols = useMemo(
    () => [...bySymbol.entries()].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)),
    [bySymbol],
  );
  const symbol = candles && bySymbol.has(candles) ? candles : symbols[0]?.[0];
  const trades = useMemo(() => (symbol ? (bySymbol.get(symbol) ?? []) : []), [bySymbol, symbol]);
  const markers = useMemo(() => markersOf(trades), [trades]);
  const chosen = at !== null ? trades[at - 1] : undefined;
  const between = useMemo(
    () =>
      chosen
        ? { start: chosen.entry_at.slice(0, 10), end: chosen.exit_at?.slice(0, 10) ?? null }
        : trades[0]
          ? { start: trades[0].entry_at.slice(0, 10), end: trades.at(-1)?.exit_at?.slice(0, 10) ?? null }
          : undefined,
    [chosen, trades],
  );
  if (!symbol) return null;
  const step = (by: number) => {
    const next = at === null ? (by > 0 ? 1 : trades.length) : at + by;
    void set({ trade: Math.max(1, Math.min(trades.length, next)) });
  };
  return (
    <section className="card" aria-label="Trades on candles">
      <div className="card-h">
        <h2>Trades on candles</h2>
        <span className="sp row wrap">
          <span className="input sel" style={{ width: 190, height: "var(--control-h-sm)", fontSize: 12 }}>
            <select
              aria-label="Instrument"
              value={symbol}
              onChange={(event) => void set({ candles: event.target.value, trade: null })}
            >
              {symbols.map(([name, of]) => (
                <option key={name} value={name}>
                  {name}, {counted(of.length, "trade")}
                </option>
              ))}
            </select>
            <Icon name="down" size="xs" />
          </span>
          <button type="button" className="btn sm" onClick={() => step(-1)} disabled={at === 1}>
            Previous trade
          </button>
          <button type="button" className="btn sm" onClick={() => step(1)} disabled={at === trades.length}>
            Next trade
          </button>
          {chosen && (
            <button type="button" className="btn sm" onClick={() => void set({ trade: null })}>
              All
            </button>
          )}
        </span>
      </div>
      <StockChart key={symbol} symbol={symbol} markers={markers} between={between} height={360} />
      <div className="card-f" role="status">
        {chosen ? (
          <>
            Trade {count(at ?? 0)} of {count(trades.length)}:{" "}
            {markersOf([chosen])
              .map((marker) => marker.details)
              .join("; ")}
            {chosen.open && ", still open at the end"}.
          </>
        ) : (
          <>
            {counted(trades.length, "trade")} of {symbol}, together{" "}
            {trades.some((trade) => trade.pnl === null) ? (
              <Unknown why="One of them has no known value" />
            ) : (
              <Total trades={trades} />
            )}
            . Marks that lie close together are one with their number until one zooms in; prices beside them
            are as traded.
          </>
        )}
      </div>
    </section>
  );
}

function Total({ trades }: { trades: readonly Trade[] }) {
  const total = trades.reduce((sum, trade) => sum + (trade.pnl ?? 0), 0);
  return <span className={`num ${toneOf(total)}`}>{signedRupees(total)}</span>;
}
