"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { RangeBar } from "@/components/spark-range";
import { Delta, Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { whyUnknown } from "@/lib/fields";
import { compactCount, compactRupees, grouped } from "@/lib/format";
import { barsQuery, fieldsQuery, stockRowQuery } from "@/lib/queries";
import type { BarsSeries, FieldCard, ScreenerRow } from "@/lib/types";

const YEAR = 252;

/** What a session says of one stock, the latest by default. */
export function KeyFigures({ symbol, asof = null }: { symbol: string; asof?: string | null }) {
  const row = useQuery(stockRowQuery(symbol, asof));
  const bars = useQuery(barsQuery(symbol, "price", asof));
  const cards = useQuery(fieldsQuery);
  const known = new Map(cards.data?.fields.map((card) => [card.name, card]));
  return (
    <DataState
      query={row}
      failed="The key figures stopped"
      isEmpty={(data) => data.row === null}
      empty={
        <EmptyState title={asof ? "Not in that session" : "Not in the latest session"}>
          {symbol} did not trade as a share in {asof ? "that" : "the latest"} session, so there are no figures
          of that day.
        </EmptyState>
      }
    >
      {(data) => data.row && <Figures row={data.row} bars={bars.data} cards={known} />}
    </DataState>
  );
}

function Figures({
  row,
  bars,
  cards,
}: {
  row: ScreenerRow;
  bars: BarsSeries | undefined;
  cards: ReadonlyMap<string, FieldCard>;
}) {
  const number = (field: keyof ScreenerRow & string, draw: (value: number) => ReactNode) => {
    const value = row[field];
    if (typeof value === "number") return draw(value);
    return <Unknown why={whyUnknown(cards.get(field))} />;
  };
  const change = (value: number) => <Delta value={value} />;
  return (
    <dl className="kv num">
      <dt>52-week range</dt>
      <dd>{bars ? <YearRange bars={bars} /> : <Unknown why="The bars are not loaded yet" />}</dd>
      <dt>5 sessions</dt>
      <dd>{number("trend_7d", change)}</dd>
      <dt>21 sessions</dt>
      <dd>{number("trend_30d", change)}</dd>
      <dt>RSI 14</dt>
      <dd>{number("rsi_14", (value) => grouped(value, 1))}</dd>
      <dt>ATR 14</dt>
      <dd>{number("atr_pct", (value) => `${grouped(value, 2)}%`)}</dd>
      <dt>ADX 14</dt>
      <dd>{number("adx", (value) => grouped(value, 1))}</dd>
      <dt>EMA 20</dt>
      <dd>{number("ema_20", (value) => `₹${grouped(value, 2)}`)}</dd>
      <dt>EMA 50</dt>
      <dd>{number("ema_50", (value) => `₹${grouped(value, 2)}`)}</dd>
      <dt>Turnover</dt>
      <dd>{number("turnover", (value) => compactRupees(value))}</dd>
      <dt>Volume</dt>
      <dd>{number("volume", (value) => compactCount(value))}</dd>
      <dt title={cards.get("vol_percentile")?.description}>Volume rank</dt>
      <dd>{number("vol_percentile", (value) => grouped(value, 0))}</dd>
      <dt>20-day breakout</dt>
      <dd>
        {row.is_20d_breakout === null ? (
          <Unknown why={whyUnknown(cards.get("is_20d_breakout"))} />
        ) : row.is_20d_breakout ? (
          "Yes"
        ) : (
          "No"
        )}
      </dd>
      <dt>Market cap</dt>
      <dd>{number("market_cap", (value) => compactRupees(value))}</dd>
      <dt>P/E</dt>
      <dd>{number("pe_ratio", (value) => grouped(value, 1))}</dd>
    </dl>
  );
}

function YearRange({ bars }: { bars: BarsSeries }) {
  const low = Math.min(...bars.l.slice(-YEAR).filter((value) => value !== null));
  const high = Math.max(...bars.h.slice(-YEAR).filter((value) => value !== null));
  const close = bars.c.at(-1);
  if (close === undefined) return <Unknown why="No bar is stored" />;
  return (
    <span className="row narrow" style={{ justifyContent: "flex-end", gap: 6 }}>
      <span className="t3">{grouped(low, 0)}</span>
      <RangeBar low={low} high={high} value={close} />
      <span className="t3">{grouped(high, 0)}</span>
    </span>
  );
}
