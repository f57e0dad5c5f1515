"use client";

import { useMemo } from "react";
import { useChartColors, type ChartColors } from "@/components/chart-colors";
import { EChart } from "@/components/echart";
import { axisRupees, compactRupees, signedPercent } from "@/lib/format";
import type { StressAnswer } from "@/lib/types";

type ConeAnswer = StressAnswer["cone"];

/** Bands of 90 and 50 of 100 futures and their median, in rupees where the value is known. */
export function Cone({ cone, value }: { cone: ConeAnswer; value: number | null }) {
  const colors = useChartColors();
  const option = useMemo(() => drawn(cone, value, colors), [cone, value, colors]);
  const [low, , middle, , high] = cone.levels.map((level) => level.at(-1) ?? 1);
  const told = (level: number | undefined) => signedPercent(100 * ((level ?? 1) - 1), 1);
  return (
    <EChart
      option={option}
      label={`After ${cone.horizon} sessions: 5 of 100 futures end below ${told(low)}, half below ${told(middle)}, 95 below ${told(high)}`}
      height={320}
    />
  );
}

function drawn(cone: ConeAnswer, value: number | null, colors: ChartColors) {
  const scale = value ?? 100;
  const levels = cone.levels.map((level) => level.map((one) => one * scale));
  const sessions = Array.from({ length: cone.horizon + 1 }, (_, at) => String(at));
  const band = (upper: number, lower: number, opacity: number) => ({
    type: "line" as const,
    stack: "cone",
    data: (levels[upper] ?? []).map((one, at) => one - (levels[lower]?.[at] ?? 0)),
    showSymbol: false,
    silent: true,
    lineStyle: { width: 0 },
    itemStyle: { color: colors.accent },
    areaStyle: { color: colors.accent, opacity },
  });
  const show = (amount: number) => (value === null ? amount.toFixed(0) : compactRupees(amount));
  const all = [...(levels[0] ?? []), ...(levels[4] ?? [])];
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
    grid: { left: 12, right: 66, top: 12, bottom: 24 },
    tooltip: {
      trigger: "axis" as const,
      backgroundColor: colors.overlay,
      borderColor: colors.borderStrong,
      textStyle: { color: colors.text, fontSize: 12 },
      formatter: (params: unknown) => {
        const [first] = params as { dataIndex: number }[];
        const at = first?.dataIndex ?? 0;
        return [
          `Session ${at}`,
          ...cone.quantiles.map(
            (quantile, row) => `${Math.round(100 * quantile)} of 100 below ${show(levels[row]?.[at] ?? 0)}`,
          ),
        ].join("<br>");
      },
    },
    xAxis: {
      type: "category" as const,
      data: sessions,
      boundaryGap: false,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colors.border } },
      axisLabel: {
        color: colors.axis,
        fontSize: 12,
        interval: Math.max(1, Math.floor(cone.horizon / 6)) - 1,
      },
    },
    yAxis: {
      type: "value" as const,
      position: "right" as const,
      min: Math.min(...all) * 0.98,
      max: Math.max(...all) * 1.02,
      axisLabel: {
        color: colors.axis,
        fontSize: 12,
        showMinLabel: false,
        showMaxLabel: false,
        formatter: (amount: number) => (value === null ? amount.toFixed(0) : axisRupees(amount)),
      },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: colors.grid } },
    },
    series: [
      {
        type: "line" as const,
        stack: "cone",
        data: levels[0],
        showSymbol: false,
        silent: true,
        lineStyle: { width: 0 },
        itemStyle: { color: colors.accent },
      },
      band(1, 0, 0.14),
      band(3, 1, 0.28),
      band(4, 3, 0.14),
      {
        type: "line" as const,
        name: "Median",
        data: levels[2],
        showSymbol: false,
        lineStyle: { color: colors.accent, width: 1.8 },
        itemStyle: { color: colors.accent },
      },
    ],
  };
}
