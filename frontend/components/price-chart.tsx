"use client";

import type {
  IChartApi,
  ISeriesApi,
  ISeriesMarkersPluginApi,
  MouseEventParams,
  Time,
} from "lightweight-charts";
import { useEffect, useMemo, useRef, useState } from "react";
import { alpha, useChartColors, type ChartColors } from "@/components/chart-colors";
import {
  clusterAt,
  clustered,
  drawnMarkers,
  type ChartMarker,
  type Cluster,
} from "@/components/chart-markers";
import {
  actionLetter,
  actionMarks,
  addLines,
  LINE_PANE,
  lineColor,
  lineLabel,
  lineValue,
} from "@/components/chart-lines";
import { DataTable, type Column } from "@/components/data-table";
import { Segmented } from "@/components/fields";
import { toneOf } from "@/components/marks";
import { axisCount, compactCount, count, date, grouped, MONTHS, signedPercent } from "@/lib/format";
import { downloadUrl } from "@/lib/csv";
import type { BarsSeries, StockLine } from "@/lib/types";
import { usePhone } from "@/lib/use-media";

export interface PriceChartProps {
  bars: BarsSeries;
  markers?: readonly ChartMarker[];
  /** Their values stand in the order of the bars. */
  lines?: readonly StockLine[];
  /** Pixels, without the panes of lines that are no prices; "pane" takes what the window leaves. */
  height?: number | "pane";
  /** The bars to open on, by index; without it the last six months. */
  focus?: { from: number; to: number };
  /** At the right of the chart's header: the adjustment, a link. */
  actions?: React.ReactNode;
  note?: React.ReactNode;
}

const RANGES = [
  { value: "1m", label: "1 m", bars: 21 },
  { value: "6m", label: "6 m", bars: 126 },
  { value: "1y", label: "1 y", bars: 252 },
  { value: "5y", label: "5 y", bars: 1260 },
  { value: "all", label: "All", bars: Infinity },
] as const;

type Range = (typeof RANGES)[number]["value"] | "trade";

const NO_LINES: readonly StockLine[] = [];
const VOLUME_PANE_HEIGHT = 72;
/** Pixels between a tick and the last price within which their texts touch. */
const LAST_PRICE_BOX = 17;
const PHONE_BARS = 60;

/** Daily candles, hollow up and filled down, with volume under them. The readout is in the legend line, not in a floating box. */
export function PriceChart({
  bars,
  markers,
  lines = NO_LINES,
  height = 390,
  focus,
  actions,
  note,
}: PriceChartProps) {
  const colors = useChartColors();
  const phone = usePhone();
  const [range, setRange] = useState<Range>(focus ? "trade" : "6m");
  const [asTable, setAsTable] = useState(false);
  const name = bars.name ?? bars.symbol;
  const choices = [...(focus ? [{ value: "trade" as const, label: "Trade" }] : []), ...RANGES];
  return (
    <div>
      <div className="card-h">
        <Segmented<Range> label="Range" value={range} options={choices} onChange={setRange} />
        <span className="sp row">
          {actions}
          <button
            type="button"
            className="btn sm"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "View as chart" : "View as table"}
          </button>
        </span>
      </div>
      {asTable ? (
        <BarsTable bars={bars} height={height === "pane" ? 520 : height} />
      ) : (
        <Candles
          {...{ bars, markers, lines, height: withPanes(height, lines), colors }}
          visible={clearOfLabels(bars.t, visibleBars(bars.t.length, range, focus, phone))}
          label={`Daily candles of ${name}, ${bars.t.length} sessions, with volume`}
        />
      )}
      <div className="card-f row between wrap">
        <span>{note ?? "Prices adjusted for splits, bonuses and rights; the last bar is as traded."}</span>
        <a className="link" href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          Charts by TradingView
        </a>
      </div>
    </div>
  );
}

const withPanes = (height: number | "pane", lines: readonly StockLine[]): number | "pane" =>
  height === "pane" ? height : height + LINE_PANE * lines.filter((line) => !line.on_price).length;

export function visibleBars(
  total: number,
  range: Range,
  focus: PriceChartProps["focus"],
  phone: boolean,
): { from: number; to: number } {
  if (range === "trade" && focus) return focus;
  const wanted = RANGES.find((choice) => choice.value === range)?.bars ?? 126;
  const size = Math.min(total, phone && range === "6m" ? PHONE_BARS : wanted);
  return { from: total - size - 0.5, to: total + 1 };
}

/** A month that begins at the very edge would have its name cut: some bars before it are shown too. */
export function clearOfLabels(
  days: readonly string[],
  { from, to }: { from: number; to: number },
): { from: number; to: number } {
  const first = Math.max(0, Math.ceil(from));
  const room = Math.ceil((to - from) / 28);
  for (let at = first; at < first + room; at += 1) {
    if (at > 0 && days[at]?.slice(0, 7) !== days[at - 1]?.slice(0, 7))
      return { from: Math.max(-0.5, at - room - 0.5), to };
  }
  return { from, to };
}

interface CandlesProps {
  bars: BarsSeries;
  markers?: readonly ChartMarker[];
  lines: readonly StockLine[];
  height: number | "pane";
  colors: ChartColors;
  visible: { from: number; to: number };
  label: string;
}

function Candles({ bars, markers, lines, height, colors, visible, label }: CandlesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [card, setCard] = useState<{ cluster: Cluster; x: number; y: number } | null>(null);
  const indexOf = useMemo(() => new Map(bars.t.map((day, index) => [day, index])), [bars]);
  const { from, to } = visible;
  const range = useRef({ from, to });

  useEffect(() => {
    let cancelled = false;
    const element = frame.current;
    if (!element) return;
    void import("lightweight-charts").then((library) => {
      if (cancelled) return;
      const drawn = draw(library, element, bars, colors);
      chart.current = drawn.chart;
      library.createSeriesMarkers(drawn.candles, actionMarks(bars.actions, indexOf, colors));
      addLines(library, drawn.chart, bars.t, lines, colors);
      const scale = drawn.chart.timeScale();
      scale.setVisibleLogicalRange(range.current);
      let clusters: Cluster[] = [];
      let spacing = 0;
      const place = () => {
        const seen = scale.getVisibleLogicalRange() ?? range.current;
        spacing = scale.width() / Math.max(1, seen.to - seen.from);
        clusters = clustered(markers ?? [], indexOf, spacing);
        drawn.markers.setMarkers(drawnMarkers(clusters, bars.t, spacing, colors));
      };
      if (markers && markers.length > 0) {
        place();
        scale.subscribeVisibleLogicalRangeChange(place);
      }
      drawn.chart.subscribeCrosshairMove((event: MouseEventParams<Time>) => {
        const index = typeof event.time === "string" ? (indexOf.get(event.time) ?? null) : null;
        setHovered(index);
        const near = index === null ? null : clusterAt(clusters, index, spacing);
        setCard(near && event.point ? { cluster: near, ...event.point } : null);
      });
    });
    return () => {
      cancelled = true;
      chart.current?.remove();
      chart.current = null;
    };
  }, [bars, markers, lines, colors, indexOf]);

  useEffect(() => {
    range.current = { from, to };
    chart.current?.timeScale().setVisibleLogicalRange(range.current);
  }, [from, to]);

  return (
    <div className="pricechart" role="figure" aria-label={label}>
      <Readout bars={bars} lines={lines} colors={colors} index={hovered ?? bars.t.length - 1} />
      {card && <HoverCard {...card} />}
      <div
        ref={frame}
        className={height === "pane" ? "panehigh" : undefined}
        style={height === "pane" ? undefined : { height }}
      />
      <button
        type="button"
        className="png"
        aria-label={`Save as PNG: ${bars.symbol}`}
        onClick={() => {
          if (chart.current)
            downloadUrl(`${bars.symbol}.png`, chart.current.takeScreenshot(true).toDataURL());
        }}
      >
        PNG
      </button>
    </div>
  );
}

const CARD_LINES = 6;

/** What lies under the pointer; the same is said beside the chart for whoever has none. */
function HoverCard({ cluster, x, y }: { cluster: Cluster; x: number; y: number }) {
  const said = cluster.markers.flatMap((marker) => (marker.details ? [marker.details] : []));
  if (said.length === 0) return null;
  return (
    <div className="hovercard num" aria-hidden="true" style={{ left: x, top: y + 14 }}>
      {said.slice(0, CARD_LINES).map((line) => (
        <div key={line}>{line}</div>
      ))}
      {said.length > CARD_LINES && (
        <div className="t3">and {count(said.length - CARD_LINES)} more: zoom in</div>
      )}
    </div>
  );
}

function draw(
  {
    createChart,
    CandlestickSeries,
    HistogramSeries,
    createSeriesMarkers,
    CrosshairMode,
  }: typeof import("lightweight-charts"),
  element: HTMLElement,
  bars: BarsSeries,
  colors: ChartColors,
): { chart: IChartApi; candles: ISeriesApi<"Candlestick">; markers: ISeriesMarkersPluginApi<Time> } {
  const chart = createChart(element, {
    autoSize: true,
    layout: {
      // The footer of the chart links to TradingView; the logo would stand on the first bars.
      attributionLogo: false,
      background: { color: colors.surface },
      textColor: colors.axis,
      fontFamily: getComputedStyle(document.documentElement).fontFamily,
      fontSize: 12,
      panes: { separatorColor: colors.border, enableResize: true },
    },
    grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
    rightPriceScale: {
      borderColor: colors.border,
      scaleMargins: { top: headroom(element.clientWidth), bottom: 0.06 },
      tickMarkDensity: 4,
      entireTextOnly: true,
    },
    timeScale: {
      borderColor: colors.border,
      rightOffset: 1,
      minBarSpacing: 0.2,
      tickMarkFormatter: (time: Time, kind: number) => timeTick(String(time), kind),
    },
    crosshair: { mode: CrosshairMode.Normal },
    localization: {
      locale: "en-IN",
      timeFormatter: (time: Time) => date(String(time), true),
    },
  });
  const rising = (index: number) => (bars.c[index] ?? 0) >= (bars.o[index] ?? 0);
  const candles: ISeriesApi<"Candlestick"> = chart.addSeries(CandlestickSeries, {
    upColor: colors.surface,
    borderUpColor: colors.gainFill,
    wickUpColor: colors.gainFill,
    downColor: colors.lossFill,
    borderDownColor: colors.lossFill,
    wickDownColor: colors.lossFill,
    priceLineVisible: false,
    priceFormat: {
      type: "custom",
      formatter: priceTick,
      // The last price stands in a box on the axis: a tick's number under it would show above or below its edge.
      tickmarksFormatter: (prices: number[]) => {
        const last = candles.priceToCoordinate(bars.c.at(-1) ?? Number.NaN);
        return prices.map((price) => {
          const at = candles.priceToCoordinate(price);
          const covered = last !== null && at !== null && Math.abs(at - last) < LAST_PRICE_BOX;
          return covered ? "" : priceTick(price);
        });
      },
      minMove: 0.01,
    },
  });
  candles.setData(
    bars.t.map((time, index) => ({
      time,
      open: bars.o[index] as number,
      high: bars.h[index] as number,
      low: bars.l[index] as number,
      close: bars.c[index] as number,
    })),
  );
  const volume = chart.addSeries(
    HistogramSeries,
    {
      priceFormat: { type: "custom", formatter: (value: number) => axisCount(value), minMove: 1 },
      priceLineVisible: false,
      lastValueVisible: false,
    },
    1,
  );
  volume.setData(
    bars.t.map((time, index) => ({
      time,
      value: bars.v[index] ?? 0,
      color: alpha(rising(index) ? colors.gainFill : colors.lossFill, 0.5),
    })),
  );
  volume.priceScale().applyOptions({
    scaleMargins: { top: 0.2, bottom: 0 },
    tickMarkDensity: 1.6,
    entireTextOnly: true,
  });
  chart.panes()[1]?.setHeight(VOLUME_PANE_HEIGHT);
  return { chart, candles, markers: createSeriesMarkers(candles, []) };
}

const priceTick = (price: number): string => grouped(price, price >= 1000 ? 0 : 2);

/** The year at its first session, the month's name at its own, else the day. The library counts kinds: year 0, month 1, day 2. */
export function timeTick(day: string, kind: number): string {
  if (kind === 0) return day.slice(0, 4);
  if (kind === 1) return MONTHS[Number(day.slice(5, 7)) - 1] ?? day;
  return String(Number(day.slice(8, 10)));
}

/** Room for the readout above the candles: it takes two or three lines where the chart is narrow. */
const headroom = (width: number): number => (width < 420 ? 0.26 : width < 560 ? 0.2 : 0.14);

function Readout({
  bars,
  lines,
  colors,
  index,
}: Pick<CandlesProps, "bars" | "lines" | "colors"> & { index: number }) {
  const at = bars.t[index];
  if (at === undefined) return null;
  const close = bars.c[index] as number;
  const before = index > 0 ? bars.c[index - 1] : undefined;
  const change = before ? (close / before - 1) * 100 : null;
  const volume = bars.v[index];
  return (
    <div className="readout num">
      <span>{date(at, true)}</span>
      <span>O {grouped(bars.o[index] as number, 2)}</span>
      <span>H {grouped(bars.h[index] as number, 2)}</span>
      <span>L {grouped(bars.l[index] as number, 2)}</span>
      <span>
        C <b className="b t1">{grouped(close, 2)}</b>
      </span>
      {change !== null && <span className={toneOf(Number(change.toFixed(2)))}>{signedPercent(change)}</span>}
      {volume !== null && volume !== undefined && <span>Volume {compactCount(volume)}</span>}
      {lines.map((line, n) => {
        const value = line.values[index];
        return (
          <span key={line.name} className="row" style={{ gap: 5 }}>
            <i className="sw" style={{ background: lineColor(colors, n) }} />
            {lineLabel(line)} {value === null || value === undefined ? "–" : lineValue(line, value)}
          </span>
        );
      })}
      {bars.actions
        .filter((action) => action.ex_date === at)
        .map((action) => (
          <span key={action.purpose} className="t1">
            {actionLetter(action.kind)} {action.purpose}
          </span>
        ))}
    </div>
  );
}

interface Bar {
  at: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number | null;
}

const price = (id: keyof Bar & string, header: string): Column<Bar> => ({
  id,
  header,
  unit: "₹",
  align: "right",
  width: 96,
  cell: (bar) => grouped(bar[id] as number, 2),
});

const BAR_COLUMNS: Column<Bar>[] = [
  { id: "at", header: "Session", width: 130, cell: (bar) => <span className="num">{date(bar.at)}</span> },
  price("open", "Open"),
  price("high", "High"),
  price("low", "Low"),
  price("close", "Close"),
  {
    id: "volume",
    header: "Volume",
    align: "right",
    width: 120,
    cell: (bar) => (bar.volume === null ? "–" : count(bar.volume)),
  },
];

/** The chart's twin for screen readers and for reading exact values: newest first. */
function BarsTable({ bars, height }: { bars: BarsSeries; height: number }) {
  const total = bars.t.length;
  const rowAt = (index: number): Bar | undefined => {
    const at = total - 1 - index;
    const day = bars.t[at];
    if (day === undefined) return undefined;
    return {
      at: day,
      open: bars.o[at] as number,
      high: bars.h[at] as number,
      low: bars.l[at] as number,
      close: bars.c[at] as number,
      volume: bars.v[at] ?? null,
    };
  };
  return (
    <DataTable
      label={`Sessions of ${bars.symbol}`}
      columns={BAR_COLUMNS}
      rowCount={total}
      rowAt={rowAt}
      rowKey={(bar) => bar.at}
      height={height}
    />
  );
}
