"use client";

import { useMemo } from "react";
import { alpha, useChartColors } from "@/components/chart-colors";
import { font, tooltipStyle, valueAxis } from "@/components/chart-parts";
import { EChart } from "@/components/echart";
import { count } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { Landscape } from "@/lib/types";

/** How a measure is spread over all points, and in which bar the chosen one is. */
export function Spread({ found }: { found: Landscape }) {
  const colors = useChartColors();
  const { bins, chosen, metric } = found;
  const option = useMemo(() => {
    if (!bins) return null;
    const middles = bins.counts.map((_, at) => ((bins.edges[at] ?? 0) + (bins.edges[at + 1] ?? 0)) / 2);
    const value = chosen?.value ?? null;
    const mine = (at: number) =>
      value !== null &&
      value >= (bins.edges[at] ?? 0) &&
      (at === bins.counts.length - 1 || value < (bins.edges[at + 1] ?? 0));
    return {
      animation: false,
      textStyle: font(),
      grid: { left: 12, right: 48, top: 12, bottom: 24 },
      tooltip: { trigger: "axis" as const, ...tooltipStyle(colors) },
      xAxis: {
        type: "category" as const,
        data: middles.map((middle) => written(metric, middle)),
        axisLine: { lineStyle: { color: colors.border } },
        axisTick: { show: false },
        axisLabel: { color: colors.axis, fontSize: 12, hideOverlap: true },
      },
      yAxis: valueAxis(colors, count),
      series: [
        {
          type: "bar" as const,
          name: "Points",
          barCategoryGap: "8%",
          data: bins.counts.map((height, at) => ({
            value: height,
            itemStyle: { color: mine(at) ? colors.accent : alpha(colors.accent, 0.35) },
          })),
        },
      ],
    };
  }, [bins, chosen, metric, colors]);
  if (!bins || !option) return null;
  return (
    <EChart
      option={option}
      height={180}
      label={`${labelOf(metric)} of ${count(found.points)} points, from ${written(metric, bins.edges[0] ?? 0)} to ${written(metric, bins.edges.at(-1) ?? 0)}${chosen?.value != null ? `; the chosen point has ${written(metric, chosen.value)}` : ""}`}
    />
  );
}
