"use client";

import { useQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { Icon } from "@/components/icon";
import type { ChartMarker } from "@/components/chart-markers";
import { PriceChart } from "@/components/price-chart";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, date } from "@/lib/format";
import { barsQuery, linesQuery } from "@/lib/queries";
import type { BarsSeries } from "@/lib/types";

type Adjust = "price" | "total" | "none";

const NOTES: Record<Adjust, string> = {
  price: "Prices adjusted for splits, bonuses and rights; the last bar is as traded.",
  total: "Prices adjusted for splits, bonuses, rights and dividends; the last bar is as traded.",
  none: "Prices as traded. A split or a bonus shows as a jump.",
};

export interface StockChartProps {
  symbol: string;
  /** `raw`: the price as traded, which is put where it lies among the adjusted ones. */
  markers?: readonly (ChartMarker & { raw?: number })[];
  /** Two exchange dates to open on, with some bars around them. */
  between?: { start: string; end: string | null };
  height?: number | "pane";
  /** The day up to which it is known; without it the latest. */
  asof?: string | null;
  /** Expressions of the language, drawn over the candles or under them. */
  lines?: string;
  /** Beside the choice of adjustment. */
  actions?: ReactNode;
}

/** Candles of one stock with the choice of adjustment; loads, fails and refreshes by itself. */
export function StockChart({
  symbol,
  markers,
  between,
  height = 390,
  asof = null,
  lines = "",
  actions,
}: StockChartProps) {
  const [adjust, setAdjust] = useState<Adjust>("price");
  const query = useQuery(barsQuery(symbol, adjust, asof));
  const bars = query.data;
  const drawn = useQuery({ ...linesQuery(symbol, lines, adjust, asof), enabled: lines !== "" });
  const wanted = drawn.data?.adjust === adjust && lines !== "" ? drawn.data.lines : undefined;
  const raw = useQuery({ ...barsQuery(symbol, "none"), enabled: markers !== undefined && adjust !== "none" });
  const placed = useMemo(
    () => (bars ? pricedMarkers(markers, bars, adjust === "none" ? bars : raw.data) : markers),
    [markers, bars, raw.data, adjust],
  );
  const start = between?.start;
  const end = between?.end ?? null;
  const focus = useMemo(
    () => (bars && start ? barsBetween(bars, start, end) : undefined),
    [bars, start, end],
  );
  return (
    <DataState
      query={query}
      failed={`The chart of ${symbol} cannot be drawn`}
      loading={
        <div
          className={`sk ${height === "pane" ? "panehigh" : ""}`}
          style={height === "pane" ? undefined : { height: height + 84 }}
          role="status"
          aria-label="Loading the chart"
        />
      }
      isEmpty={(data) => data.t.length === 0}
      empty={
        <EmptyState title="No bars" icon="spark">
          {symbol} has no stored session.
        </EmptyState>
      }
    >
      {(data) => (
        <PriceChart
          key={`${data.symbol} ${start ?? ""}`}
          bars={data}
          markers={placed}
          lines={wanted}
          height={height}
          focus={focus}
          note={
            <>
              {drawn.error && (
                <span className="er" role="alert">
                  <Icon name="err" size="xs" /> The indicators stopped: {drawn.error.message}{" "}
                </span>
              )}
              {NOTES[adjust]}{" "}
              {adjust !== "none" &&
                (data.actions.length === 0
                  ? "No corporate action on file."
                  : `${count(data.actions.length)} ${data.actions.length === 1 ? "action" : "actions"}.`)}
              {data.jumps.length > 0 && (
                <span className="wn">
                  {" "}
                  <Icon name="warn" size="xs" /> {jumpNote(data.jumps)}
                </span>
              )}
            </>
          }
          actions={
            <>
              {actions}
              <span className="input sel" style={{ height: "var(--control-h-sm)", width: 142, fontSize: 12 }}>
                <select
                  aria-label="Adjustment"
                  value={adjust}
                  onChange={(event) => setAdjust(event.target.value as Adjust)}
                >
                  <option value="price">Price-adjusted</option>
                  <option value="total">Total return</option>
                  <option value="none">As traded</option>
                </select>
                <Icon name="down" size="xs" />
              </span>
            </>
          }
        />
      )}
    </DataState>
  );
}

/** Marks at the price of their fill on the chart's own scale: as traded, times the adjusted over the raw close of that day. */
export function pricedMarkers(
  markers: StockChartProps["markers"],
  bars: BarsSeries,
  raw: BarsSeries | undefined,
): readonly ChartMarker[] | undefined {
  if (!markers || !raw) return markers;
  const rawAt = new Map(raw.t.map((day, at) => [day, raw.c[at]]));
  const shownAt = new Map(bars.t.map((day, at) => [day, bars.c[at]]));
  return markers.map((marker) => {
    const [shown, traded] = [shownAt.get(marker.at), rawAt.get(marker.at)];
    if (marker.raw === undefined || typeof shown !== "number" || typeof traded !== "number") return marker;
    return { ...marker, price: (marker.raw * shown) / traded };
  });
}

function jumpNote(jumps: readonly string[]): string {
  const [first] = jumps;
  if (jumps.length === 1 && first) return `A move on ${date(first)} has no listed action.`;
  return `${count(jumps.length)} moves have no listed action.`;
}

/** The bars around a trade: a quarter of its length on both sides, at least 20 bars. */
export function barsBetween(
  bars: BarsSeries,
  start: string,
  end: string | null,
): { from: number; to: number } {
  const first = lowerBound(bars.t, start.slice(0, 10));
  const last = end ? lowerBound(bars.t, end.slice(0, 10)) : bars.t.length - 1;
  const margin = Math.max(20, Math.round((last - first) / 4));
  // A mark on one of the last bars has its price beside it, which needs room too.
  const room = Math.ceil((last - first + 2 * margin) / 10);
  return { from: Math.max(-1, first - margin), to: Math.min(bars.t.length + room, last + margin) };
}

function lowerBound(days: readonly string[], day: string): number {
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((days[middle] as string) < day) low = middle + 1;
    else high = middle;
  }
  return low;
}
