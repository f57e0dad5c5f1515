"use client";

import { useMemo } from "react";
import { alpha, useChartColors } from "@/components/chart-colors";
import { font, tooltipStyle, valueAxis } from "@/components/chart-parts";
import { EChart, sessionAxis } from "@/components/echart";
import { count, date, grouped, percent } from "@/lib/format";
import type { RunAnalysis } from "@/lib/types";

type Histogram = RunAnalysis["return_bins"];

/** How often returns fell between two edges: losses and gains by colour, and by their side of zero. */
export function Bars({ bins, of, height = 180 }: { bins: Histogram; of: string; height?: number }) {
  const colors = useChartColors();
  const option = useMemo(() => {
    const middles = bins.counts.map((_, at) => ((bins.edges[at] ?? 0) + (bins.edges[at + 1] ?? 0)) / 2);
    const range = (at: number) => `${percent(bins.edges[at] ?? 0)} to ${percent(bins.edges[at + 1] ?? 0)}`;
    return {
      animation: false,
      textStyle: font(),
      grid: { left: 12, right: 52, top: 12, bottom: 24 },
      tooltip: {
        trigger: "axis" as const,
        ...tooltipStyle(colors),
        formatter: (params: unknown) => {
          const [first] = params as { dataIndex: number }[];
          return first ? `${range(first.dataIndex)}<br>${count(bins.counts[first.dataIndex] ?? 0)}` : "";
        },
      },
      xAxis: {
        type: "category" as const,
        data: middles.map((middle) => percent(middle)),
        axisLine: { lineStyle: { color: colors.border } },
        axisTick: { show: false },
        axisLabel: { color: colors.axis, fontSize: 12, hideOverlap: true },
      },
      yAxis: valueAxis(colors, count),
      series: [
        {
          type: "bar" as const,
          barCategoryGap: "8%",
          data: bins.counts.map((value, at) => ({
            value,
            itemStyle: { color: (middles[at] ?? 0) < 0 ? colors.lossFill : colors.gainFill },
          })),
        },
      ],
    };
  }, [bins, colors]);
  const total = bins.counts.reduce((sum, value) => sum + value, 0);
  const below = bins.counts.reduce((sum, value, at) => sum + ((bins.edges[at + 1] ?? 0) <= 0 ? value : 0), 0);
  return (
    <EChart
      option={option}
      file={of.replaceAll(" ", "-")}
      height={height}
      label={`Distribution of ${count(total)} ${of}: ${count(below)} below zero, from ${percent(bins.edges[0] ?? 0)} to ${percent(bins.edges.at(-1) ?? 0)}`}
    />
  );
}

/** The Sharpe of the sessions before each one, and how many trades were open. */
export function Rolling({
  found,
  height = 220,
}: {
  found: Pick<RunAnalysis, "days" | "rolling_sharpe" | "positions" | "rolling_sessions">;
  height?: number;
}) {
  const colors = useChartColors();
  const option = useMemo(() => {
    return {
      animation: false,
      textStyle: font(),
      grid: [
        { left: 12, right: 52, top: 12, height: "52%" },
        { left: 12, right: 52, top: "68%", bottom: 24 },
      ],
      axisPointer: { link: [{ xAxisIndex: "all" as const }], lineStyle: { color: colors.borderStrong } },
      tooltip: {
        trigger: "axis" as const,
        ...tooltipStyle(colors),
        formatter: (params: unknown) => {
          const [first] = params as { dataIndex: number }[];
          if (!first) return "";
          const ratio = found.rolling_sharpe[first.dataIndex];
          const known = typeof ratio === "number" ? grouped(ratio, 2) : "not known yet";
          return `${date(found.days[first.dataIndex] ?? "", true)}<br>Sharpe ${known}<br>${count(found.positions[first.dataIndex] ?? 0)} open`;
        },
      },
      xAxis: [
        sessionAxis(found.days, colors, { labels: false }),
        sessionAxis(found.days, colors, { gridIndex: 1 }),
      ],
      yAxis: [
        valueAxis(colors, (value) => grouped(value, 1), { gridIndex: 0 }),
        valueAxis(colors, count, { gridIndex: 1, minInterval: 1, splitNumber: 2 }),
      ],
      series: [
        {
          type: "line" as const,
          data: found.rolling_sharpe,
          showSymbol: false,
          lineStyle: { color: colors.accent, width: 1.4 },
          itemStyle: { color: colors.accent },
        },
        {
          type: "line" as const,
          xAxisIndex: 1,
          yAxisIndex: 1,
          step: "end" as const,
          data: found.positions,
          showSymbol: false,
          lineStyle: { color: colors.benchmark, width: 1 },
          itemStyle: { color: colors.benchmark },
          areaStyle: { color: alpha(colors.benchmark, 0.2) },
        },
      ],
    };
  }, [found, colors]);
  const known = found.rolling_sharpe.filter((value): value is number => typeof value === "number");
  const span =
    known.length > 0
      ? `from ${grouped(Math.min(...known), 2)} to ${grouped(Math.max(...known), 2)}`
      : "not known: the record is shorter";
  return (
    <EChart
      option={option}
      file="rolling-sharpe-and-trades"
      height={height}
      label={`Sharpe of the last ${count(found.rolling_sessions)} sessions, ${span}; and trades open at each close, at most ${count(Math.max(0, ...found.positions))}`}
    />
  );
}
