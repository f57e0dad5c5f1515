"use client";

import { useMemo } from "react";
import { alpha, useChartColors, type ChartColors } from "@/components/chart-colors";
import { DataTable, type Column } from "@/components/data-table";
import { EChart, escaped, sessionAxis } from "@/components/echart";
import { axisRupees, date, percent, rupees } from "@/lib/format";

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
  /** What stands beside it: a value for each point, in rupees. */
  beside?: { name: string; values: readonly (number | null)[] };
  height?: number;
  asTable: boolean;
}

const MAX_DRAWN = 2400;

interface DrawnPoint extends EquityPoint {
  beside?: number | null;
}

const withBeside = (
  points: readonly EquityPoint[],
  beside: StatsChartProps["beside"],
): readonly DrawnPoint[] =>
  beside ? points.map((point, at) => ({ ...point, beside: beside.values[at] ?? null })) : points;

/** Equity over the run and its drawdown under it, on one time axis. */
export function StatsChart({ points, capital, name, log, beside, height = 344, asTable }: StatsChartProps) {
  const colors = useChartColors();
  const drawn = useMemo(
    () => (asTable ? null : option(decimated(withBeside(points, beside)), name, log, colors, beside?.name)),
    [points, beside, name, log, colors, asTable],
  );
  if (drawn === null) return <EquityTable points={points} height={height} />;
  const last = points.at(-1);
  const label = last
    ? `Equity of ${name} from ${rupees(capital, false)} on ${date(points[0]?.date ?? "")} to ${rupees(last.equity, false)} on ${date(last.date)}, with the drawdown from its running peak, at worst ${percent(Math.min(...points.map((point) => point.drawdown)))}`
    : `Equity of ${name}`;
  return <EChart option={drawn} label={label} height={height} file="equity-and-drawdown" />;
}

/** At most `most` points; of each bucket the two extremes of equity and the deepest drawdown stay, so that no peak or trough is lost. */
export function decimated<T extends EquityPoint>(points: readonly T[], most = MAX_DRAWN): readonly T[] {
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
      const point = points[at] as T;
      if (point.equity < (points[low] as T).equity) low = at;
      if (point.equity > (points[high] as T).equity) high = at;
      if (point.drawdown < (points[deep] as T).drawdown) deep = at;
    }
    if (end > start) kept.add(low).add(high).add(deep);
  }
  return [...kept].sort((a, b) => a - b).map((index) => points[index] as T);
}

function option(
  points: readonly DrawnPoint[],
  name: string,
  log: boolean,
  colors: ChartColors,
  beside: string | undefined,
) {
  const days = points.map((point) => point.date);
  const axisLabel = { color: colors.axis, fontSize: 12 };
  const known = points.flatMap((point) => (typeof point.beside === "number" ? [point.beside] : []));
  const powers = log ? logAxis([...points.map((point) => point.equity), ...known]) : null;
  const scaled = (value: number | null | undefined) =>
    value === null || value === undefined ? null : log ? Math.log10(value) : value;
  const splitLine = { lineStyle: { color: colors.grid } };
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
      formatter: (params: unknown) => tooltip(params, points, beside),
    },
    xAxis: [sessionAxis(days, colors, { labels: false }), sessionAxis(days, colors, { gridIndex: 1 })],
    yAxis: [
      {
        gridIndex: 0,
        type: "value" as const,
        position: "right" as const,
        scale: true,
        axisLabel: {
          ...axisLabel,
          customValues: powers?.ticks,
          formatter: (value: number) => axisRupees(log ? Number((10 ** value).toPrecision(3)) : value),
        },
        axisTick: { show: false, customValues: powers?.ticks },
        min: powers?.min,
        max: powers?.max,
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
      ...(beside
        ? [
            {
              type: "line" as const,
              name: beside,
              data: points.map((point) => scaled(point.beside)),
              showSymbol: false,
              lineStyle: { color: colors.benchmark, width: 1.2 },
              itemStyle: { color: colors.benchmark },
            },
          ]
        : []),
      {
        type: "line" as const,
        name,
        xAxisIndex: 0,
        yAxisIndex: 0,
        // The library's own log axis has ticks at powers of ten alone: too few for an equity curve.
        data: points.map((point) => scaled(point.equity)),
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

const MANTISSAS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const ENOUGH_TICKS = 3;
/** Below this ratio of the highest to the lowest, equal steps in rupees look nearly equal on a log axis too. */
const NARROW = 2.5;

/** Round rupees among the values, for a log axis: the coarsest set with enough of them. */
export function logTicks(low: number, high: number): number[] {
  if (high / low < NARROW) {
    const step = roundStep((high - low) / 4);
    const first = Math.ceil(low / step);
    return Array.from(
      { length: Math.max(0, Math.floor(high / step) - first + 1) },
      (_, at) => (first + at) * step,
    );
  }
  const first = Math.floor(Math.log10(low));
  const powers = Array.from(
    { length: Math.floor(Math.log10(high)) - first + 1 },
    (_, at) => 10 ** (first + at),
  );
  let found: number[] = [];
  for (const mantissas of MANTISSAS) {
    found = powers
      .flatMap((power) => mantissas.map((mantissa) => mantissa * power))
      .filter((tick) => tick >= low && tick <= high);
    if (found.length >= ENOUGH_TICKS) break;
  }
  return found;
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 2.5, 5].find((step) => step * power >= least) ?? 10) * power;
}

/** The values' range in powers of ten with some room, and its ticks; null when a value has no logarithm. */
function logAxis(values: readonly number[]) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!(low > 0) || !Number.isFinite(high) || high === low) return null;
  const room = Math.max(0.002, Math.log10(high / low) * 0.05);
  const ticks = logTicks(low, high);
  return {
    min: Math.log10(low) - room,
    max: Math.log10(high) + room,
    ticks: ticks.length > 1 ? ticks.map((tick) => Math.log10(tick)) : undefined,
  };
}

function tooltip(params: unknown, points: readonly DrawnPoint[], beside: string | undefined): string {
  const [first] = params as { dataIndex: number }[];
  const point = first && points[first.dataIndex];
  if (!point) return "";
  const other =
    beside && typeof point.beside === "number" ? `<br>${escaped(beside)} ${rupees(point.beside)}` : "";
  return `${date(point.date, true)}<br>${rupees(point.equity)}${other}<br>Drawdown ${percent(point.drawdown, 2)}`;
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
