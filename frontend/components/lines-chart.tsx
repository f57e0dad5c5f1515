"use client";

import { useMemo } from "react";
import { useChartColors, type ChartColors } from "@/components/chart-colors";
import { EChart, sessionAxis } from "@/components/echart";
import { date } from "@/lib/format";

export interface Line {
  name: string;
  values: readonly (number | null)[];
}

interface LinesChartProps {
  label: string;
  days: readonly string[];
  /** The first is drawn in the accent, the others in the order of the series. */
  lines: readonly Line[];
  format: (value: number) => string;
  /** Counts: the axis has whole numbers alone. */
  whole?: boolean;
  height?: number;
}

/** Figures by session, on one axis. */
export function LinesChart({ label, days, lines, format, whole = false, height = 220 }: LinesChartProps) {
  const colors = useChartColors();
  const drawn = useMemo(
    () => option(days, lines, format, whole, colors),
    [days, lines, format, whole, colors],
  );
  return (
    <>
      {lines.length > 1 && (
        <div className="row g3 wrap xs t2" style={{ padding: "8px 12px 0" }} aria-hidden="true">
          {lines.map(({ name }, at) => (
            <span key={name} className="row" style={{ gap: 6 }}>
              <i className="sw" style={{ background: lineColor(colors, at) }} />
              {name}
            </span>
          ))}
        </div>
      )}
      <EChart option={drawn} label={label} height={height} />
    </>
  );
}

/** The accent, then the series from the second on: the first is as blue as the accent. */
const lineColor = (colors: ChartColors, at: number): string =>
  at === 0 ? colors.accent : (colors.series[at % colors.series.length] as string);

const SAFE: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (mark) => SAFE[mark] ?? mark);

function option(
  days: readonly string[],
  lines: readonly Line[],
  format: (value: number) => string,
  whole: boolean,
  colors: ChartColors,
) {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
    grid: { left: 12, right: 56, top: 12, bottom: 24 },
    tooltip: {
      trigger: "axis" as const,
      backgroundColor: colors.overlay,
      borderColor: colors.borderStrong,
      textStyle: { color: colors.text, fontSize: 12 },
      formatter: (params: unknown) => {
        const at = (params as { dataIndex: number }[])[0]?.dataIndex ?? 0;
        const rows = lines.map(({ name, values }) => {
          const value = values[at];
          return `${escaped(name)} ${value === null || value === undefined ? "–" : format(value)}`;
        });
        return [date(days[at] ?? "", true), ...rows].join("<br>");
      },
    },
    xAxis: [sessionAxis(days, colors)],
    yAxis: [
      {
        type: "value" as const,
        position: "right" as const,
        axisLabel: { color: colors.axis, fontSize: 12, formatter: format },
        axisTick: { show: false },
        splitNumber: 4,
        ...(whole && { minInterval: 1 }),
        splitLine: { lineStyle: { color: colors.grid } },
      },
    ],
    series: lines.map(({ name, values }, at) => ({
      type: "line" as const,
      name,
      data: [...values],
      showSymbol: false,
      sampling: "lttb" as const,
      lineStyle: { color: lineColor(colors, at), width: 1.3 },
      itemStyle: { color: lineColor(colors, at) },
    })),
  };
}
