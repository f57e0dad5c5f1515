"use client";

import { useEffect, useRef, useState } from "react";
import { alpha, useChartColors, type ChartColors } from "@/components/chart-colors";
import { DataTable, type Column } from "@/components/data-table";
import { compactRupees, date, percent, rupees } from "@/lib/format";

export interface EquityPoint {
  date: string;
  equity: number;
  /** A fraction, 0 or negative. */
  drawdown: number;
}

export interface StatsChartProps {
  points: readonly EquityPoint[];
  capital: number;
  name: string;
  log: boolean;
  height?: number;
  asTable: boolean;
}

const MAX_DRAWN = 2400;

/** Equity over the run and its drawdown under it, on one time axis. */
export function StatsChart({ points, capital, name, log, height = 344, asTable }: StatsChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const colors = useChartColors();
  const [failed, setFailed] = useState<string | null>(null);

  useEffect(() => {
    if (asTable) return;
    const element = frame.current;
    if (!element) return;
    let cancelled = false;
    let dispose = () => {};
    load()
      .then(({ init }) => {
        if (cancelled) return;
        const chart = init(element, undefined, { renderer: "canvas" });
        chart.setOption(option(decimated(points), capital, name, log, colors));
        const observer = new ResizeObserver(() => chart.resize());
        observer.observe(element);
        dispose = () => {
          observer.disconnect();
          chart.dispose();
        };
      })
      .catch((error: unknown) => setFailed(String(error)));
    return () => {
      cancelled = true;
      dispose();
    };
  }, [points, capital, name, log, colors, asTable]);

  if (asTable) return <EquityTable points={points} height={height} />;
  const last = points.at(-1);
  const label = last
    ? `Equity of ${name} from ${rupees(capital, false)} on ${date(points[0]?.date ?? "")} to ${rupees(last.equity, false)} on ${date(last.date)}, with the drawdown from its running peak, at worst ${percent(Math.min(...points.map((point) => point.drawdown)))}`
    : `Equity of ${name}`;
  return (
    <div role="img" aria-label={label}>
      {failed ? (
        <p className="card-b er">The chart could not be drawn: {failed}. View it as a table.</p>
      ) : (
        <div ref={frame} style={{ height }} />
      )}
    </div>
  );
}

/** At most `most` points; of each bucket the two extremes of equity and the deepest drawdown stay, so that no peak or trough is lost. */
export function decimated(points: readonly EquityPoint[], most = MAX_DRAWN): readonly EquityPoint[] {
  if (points.length <= most) return points;
  const kept = new Set<number>([0, points.length - 1]);
  const buckets = Math.max(1, Math.floor(most / 3));
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const start = Math.floor((bucket * points.length) / buckets);
    const end = Math.floor(((bucket + 1) * points.length) / buckets);
    let low = start;
    let high = start;
    let deep = start;
    for (let at = start; at < end; at += 1) {
      const point = points[at] as EquityPoint;
      if (point.equity < (points[low] as EquityPoint).equity) low = at;
      if (point.equity > (points[high] as EquityPoint).equity) high = at;
      if (point.drawdown < (points[deep] as EquityPoint).drawdown) deep = at;
    }
    if (end > start) kept.add(low).add(high).add(deep);
  }
  return [...kept].sort((a, b) => a - b).map((index) => points[index] as EquityPoint);
}

async function load() {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.LineChart,
    components.GridComponent,
    components.TooltipComponent,
    components.AxisPointerComponent,
    renderers.CanvasRenderer,
  ]);
  return core;
}

function option(
  points: readonly EquityPoint[],
  capital: number,
  name: string,
  log: boolean,
  colors: ChartColors,
) {
  const days = points.map((point) => point.date);
  const axisLabel = { color: colors.axis, fontSize: 12 };
  const splitLine = { lineStyle: { color: colors.grid } };
  const xAxis = (gridIndex: number, labels: boolean) => ({
    type: "category" as const,
    gridIndex,
    data: days,
    boundaryGap: false,
    axisLine: { onZero: false, lineStyle: { color: colors.border } },
    axisTick: { show: false },
    axisLabel: {
      ...axisLabel,
      show: labels,
      interval: yearStarts(days),
      formatter: (day: string) => day.slice(0, 4),
      hideOverlap: true,
    },
    splitLine: { show: true, interval: yearStarts(days), lineStyle: { color: colors.grid } },
  });
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
    grid: [
      { left: 12, right: 66, top: 12, height: "58%" },
      { left: 12, right: 66, top: "66%", bottom: 24 },
    ],
    axisPointer: { link: [{ xAxisIndex: "all" as const }], lineStyle: { color: colors.borderStrong } },
    tooltip: {
      trigger: "axis" as const,
      backgroundColor: colors.overlay,
      borderColor: colors.borderStrong,
      textStyle: { color: colors.text, fontSize: 12 },
      formatter: (params: unknown) => tooltip(params, points),
    },
    xAxis: [xAxis(0, false), xAxis(1, true)],
    yAxis: [
      {
        gridIndex: 0,
        type: "value" as const,
        position: "right" as const,
        scale: true,
        axisLabel: { ...axisLabel, formatter: (value: number) => compactRupees(log ? 10 ** value : value) },
        splitLine,
        splitNumber: 4,
      },
      {
        gridIndex: 1,
        type: "value" as const,
        position: "right" as const,
        max: 0,
        axisLabel: { ...axisLabel, formatter: (value: number) => percent(value, 0) },
        splitLine,
        splitNumber: 2,
      },
    ],
    series: [
      {
        type: "line" as const,
        name,
        xAxisIndex: 0,
        yAxisIndex: 0,
        // The library's own log axis has ticks at powers of ten alone: too few for an equity curve.
        data: points.map((point) => (log ? Math.log10(point.equity) : point.equity)),
        showSymbol: false,
        lineStyle: { color: colors.accent, width: 1.8 },
        itemStyle: { color: colors.accent },
        areaStyle: log ? undefined : { color: alpha(colors.accent, 0.08), origin: "start" as const },
      },
      {
        type: "line" as const,
        name: "Drawdown",
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: points.map((point) => point.drawdown),
        showSymbol: false,
        lineStyle: { color: colors.loss, width: 1.2 },
        itemStyle: { color: colors.loss },
        areaStyle: { color: alpha(colors.lossFill, 0.28), origin: "end" as const },
      },
    ],
  };
}

/** Labels stand at the first session of a year. */
function yearStarts(days: readonly string[]) {
  return (index: number) => index > 0 && days[index]?.slice(0, 4) !== days[index - 1]?.slice(0, 4);
}

function tooltip(params: unknown, points: readonly EquityPoint[]): string {
  const [first] = params as { dataIndex: number }[];
  const point = first && points[first.dataIndex];
  if (!point) return "";
  return `${date(point.date, true)}<br>${rupees(point.equity)}<br>Drawdown ${percent(point.drawdown, 2)}`;
}

const COLUMNS: Column<EquityPoint>[] = [
  {
    id: "date",
    header: "Session",
    width: 140,
    cell: (point) => <span className="num">{date(point.date)}</span>,
  },
  {
    id: "equity",
    header: "Equity",
    unit: "₹",
    align: "right",
    width: 150,
    cell: (point) => rupees(point.equity, true).slice(1),
  },
  {
    id: "drawdown",
    header: "Drawdown",
    unit: "%",
    align: "right",
    width: 120,
    cell: (point) => (point.drawdown * 100).toFixed(2).replace("-", "\u2212"),
  },
];

function EquityTable({ points, height }: { points: readonly EquityPoint[]; height: number }) {
  return (
    <DataTable
      label="Equity and drawdown by session"
      columns={COLUMNS}
      rowCount={points.length}
      rowAt={(index) => points[points.length - 1 - index]}
      rowKey={(point) => point.date}
      height={height}
    />
  );
}
