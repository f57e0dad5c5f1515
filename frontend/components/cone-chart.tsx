"use client";

import { useMemo } from "react";
import { alpha, useChartColors } from "@/components/chart-colors";
import { font, tooltipStyle, valueAxis } from "@/components/chart-parts";
import { EChart, sessionAxis } from "@/components/echart";
import type { Series } from "@/components/charted";
import { axisRupees, count, date, rupees } from "@/lib/format";

/** An account among paths of its returns drawn again: half of them lie in the inner band, nine of ten in the outer one. */
export function ConeChart({
  days,
  paths,
  equity,
  what,
  height = 260,
}: {
  days: readonly string[];
  /** In rupees at each day: the 5th, 25th, 50th, 75th and 95th of a hundred paths. */
  paths: readonly (readonly number[])[];
  equity: readonly number[];
  /** What the account is: "This run". */
  what: string;
  height?: number;
}) {
  const colors = useChartColors();
  const option = useMemo(() => {
    const [low = [], lower = [], middle = [], upper = [], high = []] = paths;
    const band = (from: readonly number[], to: readonly number[], share: number, stack: string) => [
      {
        type: "line" as const,
        stack,
        data: from,
        showSymbol: false,
        lineStyle: { opacity: 0 },
        silent: true,
      },
      {
        type: "line" as const,
        stack,
        data: to.map((value, at) => value - (from[at] ?? 0)),
        showSymbol: false,
        lineStyle: { opacity: 0 },
        areaStyle: { color: alpha(colors.benchmark, share) },
        silent: true,
      },
    ];
    const line = (data: readonly number[], color: string, width: number, type: "solid" | "dashed") => ({
      type: "line" as const,
      data,
      showSymbol: false,
      lineStyle: { color, width, type },
      itemStyle: { color },
    });
    return {
      animation: false,
      textStyle: font(),
      grid: { left: 12, right: 66, top: 12, bottom: 24 },
      tooltip: {
        trigger: "axis" as const,
        ...tooltipStyle(colors),
        formatter: (params: unknown) => {
          const [first] = params as { dataIndex: number }[];
          if (!first) return "";
          const at = first.dataIndex;
          return `${date(days[at] ?? "", true)}<br>${what} ${rupees(equity[at] ?? 0, false)}<br>9 of 10 paths ${rupees(low[at] ?? 0, false)} to ${rupees(high[at] ?? 0, false)}`;
        },
      },
      xAxis: sessionAxis(days, colors),
      yAxis: valueAxis(colors, axisRupees, { scale: true }),
      series: [
        ...band(low, high, 0.16, "wide"),
        ...band(lower, upper, 0.22, "narrow"),
        line(middle, colors.benchmark, 1, "dashed"),
        line(equity, colors.accent, 1.6, "solid"),
      ],
    };
  }, [days, paths, equity, what, colors]);
  const end = (path: readonly number[] | undefined) => rupees(path?.at(-1) ?? 0, false);
  return (
    <EChart
      option={option}
      file="drawn-again"
      height={height}
      label={`${what} ends at ${end(equity)}; nine of ten paths of these returns drawn again end between ${end(paths[0])} and ${end(paths[4])}`}
    />
  );
}

const PERCENTILES = ["5th", "25th", "Median", "75th", "95th"] as const;

/** The same as a table has it: the paths by their place among a hundred, and the account. */
export const coneSeries = (
  paths: readonly (readonly number[])[],
  equity: readonly number[],
  what: string,
): Series[] =>
  [{ name: what, values: equity }, ...PERCENTILES.map((name, at) => ({ name, values: paths[at] ?? [] }))].map(
    (line) => ({ ...line, unit: "₹", draw: count }),
  );
