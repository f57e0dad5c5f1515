"use client";

import { useMemo } from "react";
import { alpha, useChartColors, type ChartColors } from "@/components/chart-colors";
import { Charted } from "@/components/charted";
import { font, tooltipStyle, valueAxis } from "@/components/chart-parts";
import { EChart, sessionAxis } from "@/components/echart";
import { date, grouped, MONTHS, percent, rupees } from "@/lib/format";
import type { RunAnalysis, RunHead } from "@/lib/types";
import { useRange } from "@/lib/use-range";

const MAX_DRAWN = 2400;

/** Indices of at most about `most` values; of each bucket the lowest and the highest stay. */
export function keptExtremes(values: readonly number[], most = MAX_DRAWN): number[] {
  if (values.length <= most) return values.map((_, at) => at);
  const kept = new Set<number>([0, values.length - 1]);
  const buckets = Math.max(1, Math.floor(most / 2));
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * values.length) / buckets);
    const to = Math.floor(((bucket + 1) * values.length) / buckets);
    let low = from;
    let high = from;
    for (let at = from; at < to; at += 1) {
      if ((values[at] as number) < (values[low] as number)) low = at;
      if ((values[at] as number) > (values[high] as number)) high = at;
    }
    if (to > from) kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

/** How much of the equity was at work, and how much was turned over in each month. */
export function Exposure({ run, found }: { run: RunHead; found: RunAnalysis }) {
  const colors = useChartColors();
  const days = useMemo(() => run.daily_chart.map((point) => point.date), [run.daily_chart]);
  const { drawn } = useRange(days);
  const [first, last] = drawn;
  const option = useMemo(
    () => draw(run, found, days, first, last, colors),
    [run, found, days, first, last, colors],
  );
  const exposures = run.daily_chart.map((point) => point.exposure);
  const turned = new Map(found.turnover.map((month) => [monthOf(month), month.share]));
  const shares = found.turnover.map((month) => month.share ?? 0);
  return (
    <Charted
      title="Exposure and turnover"
      of="Exposure by session, and turnover of its month"
      days={days.slice(first, last + 1)}
      series={[
        {
          name: "Exposure",
          unit: "%",
          values: exposures.slice(first, last + 1),
          draw: inPercent,
        },
        {
          name: "Turnover, month",
          unit: "%",
          values: days.slice(first, last + 1).map((day) => turned.get(day.slice(0, 7))),
          draw: inPercent,
        },
      ]}
      height={220}
      foot="Above, positions over equity at each close; below, the smaller of a month’s purchases and sales over its mean equity."
    >
      <EChart
        option={option}
        height={220}
        file="exposure-and-turnover"
        label={`Exposure at each close, at most ${percent(exposures.reduce((a, b) => Math.max(a, b), 0))} of the equity; and turnover by month, at most ${percent(shares.reduce((a, b) => Math.max(a, b), 0))}`}
      />
    </Charted>
  );
}

const inPercent = (value: number): string => grouped(100 * value, 1);

const monthOf = ({ year, month }: RunAnalysis["turnover"][number]): string =>
  `${year}-${String(month).padStart(2, "0")}`;

function draw(
  run: RunHead,
  found: RunAnalysis,
  days: readonly string[],
  first: number,
  last: number,
  colors: ChartColors,
) {
  const part = run.daily_chart.slice(first, last + 1);
  const kept = keptExtremes(part.map((point) => point.exposure));
  const [from, to] = [days[first]?.slice(0, 7) ?? "", days[last]?.slice(0, 7) ?? ""];
  const months = found.turnover.filter((month) => monthOf(month) >= from && monthOf(month) <= to);
  const axis = (gridIndex: number) =>
    valueAxis(colors, (value) => percent(value, 0), { gridIndex, min: 0, splitNumber: 2 });
  return {
    animation: false,
    textStyle: font(),
    grid: [
      { left: 12, right: 56, top: 12, height: "42%" },
      { left: 12, right: 56, top: "60%", bottom: 24 },
    ],
    tooltip: {
      trigger: "axis" as const,
      ...tooltipStyle(colors),
      formatter: (params: unknown) => {
        const [at] = params as { dataIndex: number; axisIndex: number }[];
        if (!at) return "";
        if (at.axisIndex === 0) {
          const point = part[kept[at.dataIndex] ?? 0];
          return point ? `${date(point.date, true)}<br>Exposure ${percent(point.exposure)}` : "";
        }
        const month = months[at.dataIndex];
        if (!month) return "";
        return `${MONTHS[month.month - 1]} ${month.year}<br>Bought ${rupees(month.bought, false)}<br>Sold ${rupees(month.sold, false)}<br>Turnover ${percent(month.share ?? 0)}`;
      },
    },
    xAxis: [
      sessionAxis(
        kept.map((at) => part[at]?.date ?? ""),
        colors,
        { labels: false },
      ),
      {
        ...sessionAxis(
          months.map((month) => `${monthOf(month)}-01`),
          colors,
          { gridIndex: 1 },
        ),
        boundaryGap: true,
      },
    ],
    yAxis: [axis(0), axis(1)],
    series: [
      {
        type: "line" as const,
        data: kept.map((at) => part[at]?.exposure),
        showSymbol: false,
        step: "end" as const,
        lineStyle: { color: colors.accent, width: 1.2 },
        itemStyle: { color: colors.accent },
        areaStyle: { color: alpha(colors.accent, 0.1) },
      },
      {
        type: "bar" as const,
        xAxisIndex: 1,
        yAxisIndex: 1,
        barCategoryGap: "20%",
        data: months.map((month) => month.share),
        itemStyle: { color: colors.benchmark },
      },
    ],
  };
}
