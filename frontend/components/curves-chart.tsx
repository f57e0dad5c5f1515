"use client";

import { useMemo } from "react";
import { useChartColors, type ChartColors } from "@/components/chart-colors";
import { EChart, escaped, sessionAxis } from "@/components/echart";
import { date, percent, signedPercent } from "@/lib/format";

export interface CurveSeries {
  name: string;
  /** Value over that of the first session. */
  growth: readonly number[];
  /** Fractions, 0 or negative. */
  drawdown: readonly number[];
}

const MAX_DRAWN = 2400;

/** The colour of each curve: the first is the accent, the others follow in the order of the series. */
export const curveColors = ({ accent, series }: ChartColors): readonly string[] => [
  accent,
  // the first of the series lies next to the accent, the sixth and eighth too
  ...series.filter((_, at) => ![0, 5, 7].includes(at)),
];

/** Growth of several curves on the same sessions and their drawdowns under it, on one time axis. */
export function CurvesChart({
  days,
  curves,
  height = 380,
}: {
  days: readonly string[];
  curves: readonly CurveSeries[];
  height?: number;
}) {
  const colors = useChartColors();
  const drawn = useMemo(() => option(days, curves, colors), [days, curves, colors]);
  const label = `Growth and drawdown from ${date(days[0] ?? "")} to ${date(days.at(-1) ?? "")}: ${curves
    .map(
      ({ name, growth, drawdown }) =>
        `${name} ${signedPercent(100 * ((growth.at(-1) ?? 1) - 1), 1)}, at worst ${percent(Math.min(...drawdown))} below its peak`,
    )
    .join("; ")}`;
  return <EChart option={drawn} label={label} height={height} file="runs-compared" />;
}

/** Indices of at most about `most` sessions; of each bucket every curve keeps its extremes, so that no peak or trough is lost. */
export function keptSessions(curves: readonly CurveSeries[], sessions: number, most = MAX_DRAWN): number[] {
  if (sessions <= most) return Array.from({ length: sessions }, (_, at) => at);
  const kept = new Set<number>([0, sessions - 1]);
  const buckets = Math.max(1, Math.floor(most / (3 * Math.max(1, curves.length))));
  for (const { growth, drawdown } of curves) {
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const start = Math.floor((bucket * sessions) / buckets);
      const end = Math.floor(((bucket + 1) * sessions) / buckets);
      const range = Array.from({ length: end - start }, (_, at) => start + at);
      const extreme = (values: readonly number[], sign: 1 | -1) =>
        range.reduce(
          (best, at) => (sign * (values[at] as number) > sign * (values[best] as number) ? at : best),
          start,
        );
      kept.add(extreme(growth, 1)).add(extreme(growth, -1)).add(extreme(drawdown, -1));
    }
  }
  return [...kept].sort((a, b) => a - b);
}

function option(days: readonly string[], curves: readonly CurveSeries[], colors: ChartColors) {
  const kept = keptSessions(curves, days.length);
  const shown = kept.map((at) => days[at] as string);
  const line = curveColors(colors);
  const axisLabel = { color: colors.axis, fontSize: 12 };
  const splitLine = { lineStyle: { color: colors.grid } };
  const yAxis = (gridIndex: number, format: (value: number) => string, rest: object) => ({
    gridIndex,
    type: "value" as const,
    position: "right" as const,
    axisLabel: { ...axisLabel, formatter: format },
    axisTick: { show: false },
    splitLine,
    ...rest,
  });
  const series = (pick: (curve: CurveSeries) => readonly number[], axis: number, width: number) =>
    curves.map((curve, at) => ({
      type: "line" as const,
      name: curve.name,
      xAxisIndex: axis,
      yAxisIndex: axis,
      data: kept.map((index) => pick(curve)[index]),
      showSymbol: false,
      lineStyle: { color: line[at % line.length], width: at === 0 ? width + 0.4 : width },
      itemStyle: { color: line[at % line.length] },
    }));
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
      formatter: (params: unknown) => tooltip(params, kept, days, curves),
    },
    xAxis: [sessionAxis(shown, colors, { labels: false }), sessionAxis(shown, colors, { gridIndex: 1 })],
    yAxis: [
      yAxis(0, (value) => signedPercent(100 * (value - 1), 0), { scale: true, splitNumber: 4 }),
      yAxis(1, (value) => percent(value, 0), { max: 0, splitNumber: 2 }),
    ],
    series: [...series((curve) => curve.growth, 0, 1.4), ...series((curve) => curve.drawdown, 1, 1)],
  };
}

function tooltip(
  params: unknown,
  kept: readonly number[],
  days: readonly string[],
  curves: readonly CurveSeries[],
): string {
  const [first] = params as { dataIndex: number }[];
  const at = first && kept[first.dataIndex];
  if (at === undefined) return "";
  const rows = curves.map(
    ({ name, growth, drawdown }) =>
      `${escaped(name)} ${signedPercent(100 * ((growth[at] ?? 1) - 1), 1)}, drawdown ${percent(drawdown[at] ?? 0)}`,
  );
  return [date(days[at] ?? "", true), ...rows].join("<br>");
}
