"use client";

import { useEffect, useRef, useState } from "react";
import type { EChartsType } from "echarts/core";
import { useChartColors, type ChartColors } from "@/components/chart-colors";
import { downloadUrl } from "@/lib/csv";
import { MONTHS } from "@/lib/format";

/** A statistics chart: loads the library when it is first needed, follows the size of its frame, and has a text in its place. */
export function EChart({
  option,
  label,
  height,
  file = "chart",
}: {
  option: Record<string, unknown>;
  label: string;
  height: number;
  /** Name of the picture, without its ending. */
  file?: string;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const colors = useChartColors();

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let cancelled = false;
    let dispose = () => {};
    loadCharts()
      .then(({ init }) => {
        if (cancelled) return;
        const made = init(element, undefined, { renderer: "canvas" });
        const observer = new ResizeObserver(() => made.resize());
        observer.observe(element);
        dispose = () => {
          observer.disconnect();
          made.dispose();
        };
        setChart(made);
      })
      .catch((error: unknown) => setFailed(String(error)));
    return () => {
      cancelled = true;
      dispose();
      setChart(null);
    };
  }, []);
  useEffect(() => {
    chart?.setOption(option, { notMerge: true });
  }, [chart, option]);

  const save = () => {
    if (!chart) return;
    const picture = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: colors.surface });
    downloadUrl(`${file}.png`, picture);
  };
  return (
    <div className="echart">
      <div role="img" aria-label={label}>
        {failed ? (
          <p className="card-b er">The chart could not be drawn: {failed}. View it as a table.</p>
        ) : (
          <div ref={frame} style={{ height }} />
        )}
      </div>
      {!failed && (
        <button
          type="button"
          className="png"
          aria-label={`Save as PNG: ${file}`}
          onClick={save}
          disabled={!chart}
        >
          PNG
        </button>
      )}
    </div>
  );
}

/** The library; a page that will draw asks for it before it has anything to draw. */
export const loadCharts = () => import("./echarts");

const FEW_YEARS = 2;

/** For axes of sessions: labels stand at the first one of a year, of few years at the first one of a month. */
function periodOf(days: readonly string[]): number {
  const years = new Set(days.map((day) => day.slice(0, 4)));
  return years.size > FEW_YEARS ? 4 : 7;
}

/** The time axis of one grid: sessions without gaps, a label and a line at each new year or month. */
export function sessionAxis(
  days: readonly string[],
  colors: ChartColors,
  { gridIndex = 0, labels = true }: { gridIndex?: number; labels?: boolean } = {},
) {
  const period = periodOf(days);
  const starts = (index: number) =>
    index > 0 && days[index]?.slice(0, period) !== days[index - 1]?.slice(0, period);
  return {
    type: "category" as const,
    gridIndex,
    data: days,
    boundaryGap: false,
    axisLine: { onZero: false, lineStyle: { color: colors.border } },
    axisTick: { show: false },
    axisLabel: {
      color: colors.axis,
      fontSize: 12,
      show: labels,
      interval: starts,
      formatter: (day: string) =>
        period === 4 || day.slice(5, 7) === "01" ? day.slice(0, 4) : MONTHS[Number(day.slice(5, 7)) - 1],
      hideOverlap: true,
    },
    splitLine: { show: true, interval: starts, lineStyle: { color: colors.grid } },
  };
}

const SAFE: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** A text for a tooltip, which is HTML. */
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (mark) => SAFE[mark] ?? mark);
