"use client";

import { useEffect, useRef, useState } from "react";
import type { ChartColors } from "@/components/chart-colors";

/** A statistics chart: loads the library when it is first needed, follows the size of its frame, and has a text in its place. */
export function EChart({
  option,
  label,
  height,
}: {
  option: Record<string, unknown>;
  label: string;
  height: number;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState<string | null>(null);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let cancelled = false;
    let dispose = () => {};
    load()
      .then(({ init }) => {
        if (cancelled) return;
        const chart = init(element, undefined, { renderer: "canvas" });
        chart.setOption(option);
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
  }, [option]);

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

async function load() {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.BarChart,
    charts.LineChart,
    components.GridComponent,
    components.TooltipComponent,
    components.AxisPointerComponent,
    renderers.CanvasRenderer,
  ]);
  return core;
}

/** For axes of sessions: labels stand at the first one of a year. */
function yearStarts(days: readonly string[]) {
  return (index: number) => index > 0 && days[index]?.slice(0, 4) !== days[index - 1]?.slice(0, 4);
}

/** The time axis of one grid: sessions without gaps, a label and a line at each new year. */
export function sessionAxis(
  days: readonly string[],
  colors: ChartColors,
  { gridIndex = 0, labels = true }: { gridIndex?: number; labels?: boolean } = {},
) {
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
      interval: yearStarts(days),
      formatter: (day: string) => day.slice(0, 4),
      hideOverlap: true,
    },
    splitLine: { show: true, interval: yearStarts(days), lineStyle: { color: colors.grid } },
  };
}
