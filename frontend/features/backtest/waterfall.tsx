"use client";

import { useMemo } from "react";
import { useChartColors } from "@/components/chart-colors";
import { font, tooltipStyle } from "@/components/chart-parts";
import { sentence } from "@/components/data-jobs";
import { EChart } from "@/components/echart";
import { compactRupees, rupees, signedRupees } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { usePhone } from "@/lib/use-media";

export interface Step {
  name: string;
  /** Where its bar begins and ends, in rupees. */
  from: number;
  to: number;
  kind: "whole" | "gain" | "loss";
}

/** From the naive figure to the run's, one cause after another: the first and last bar stand on zero, the steps on the one before. */
export function steps(twin: NonNullable<RunHead["naive_twin"]>, final: number): Step[] {
  let at = twin.final_equity;
  return [
    { name: "Naive engine", from: 0, to: at, kind: "whole" as const },
    ...twin.causes.map(({ cause, difference }): Step => {
      const from = at;
      at += difference;
      return { name: sentence(cause), from, to: at, kind: difference < 0 ? "loss" : "gain" };
    }),
    { name: "This run", from: 0, to: final, kind: "whole" as const },
  ];
}

export function Waterfall({ twin, final }: { twin: NonNullable<RunHead["naive_twin"]>; final: number }) {
  const colors = useChartColors();
  const phone = usePhone();
  const shown = useMemo(() => steps(twin, final), [twin, final]);
  const option = useMemo(() => {
    const ends = shown.flatMap(({ from, to, kind }) => (kind === "whole" ? [to] : [from, to]));
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    // what differs is drawn large: the axis need not begin at zero, and says so by its labels
    const floor = Math.max(0, low - 0.35 * (high - low || high));
    const fill = { whole: colors.accent, gain: colors.gainFill, loss: colors.lossFill };
    return {
      animation: false,
      textStyle: font(),
      grid: phone
        ? { left: 124, right: 74, top: 28, bottom: 24 }
        : { left: 12, right: 66, top: 26, bottom: 44 },
      tooltip: {
        trigger: "axis" as const,
        ...tooltipStyle(colors),
        formatter: (params: unknown) => {
          const [first] = params as { dataIndex: number }[];
          const step = first && shown[first.dataIndex];
          if (!step) return "";
          return `${step.name}<br>${step.kind === "whole" ? rupees(step.to, true) : signedRupees(step.to - step.from, 2)}`;
        },
      },
      [phone ? "yAxis" : "xAxis"]: {
        type: "category" as const,
        inverse: phone,
        data: shown.map((step) => step.name.replaceAll("-", " ")), // lines break at spaces alone
        axisLine: { lineStyle: { color: colors.border } },
        axisTick: { show: false },
        axisLabel: {
          color: colors.axis,
          fontSize: 12,
          interval: 0,
          width: phone ? 112 : 84,
          lineHeight: 15,
          overflow: "break" as const,
        },
      },
      [phone ? "xAxis" : "yAxis"]: {
        type: "value" as const,
        position: phone ? ("bottom" as const) : ("right" as const),
        min: floor,
        axisLabel: { color: colors.axis, fontSize: 12, formatter: compactRupees, showMinLabel: true },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: colors.grid } },
        splitNumber: 3,
      },
      series: [
        {
          type: "bar" as const,
          stack: "step",
          silent: true,
          itemStyle: { color: "transparent" },
          data: shown.map(({ from, to, kind }) => (kind === "whole" ? 0 : Math.min(from, to))),
        },
        {
          type: "bar" as const,
          stack: "step",
          barCategoryGap: "30%",
          data: shown.map(({ from, to, kind }) => ({
            value: kind === "whole" ? to : Math.abs(to - from),
            itemStyle: { color: fill[kind] },
            label: {
              show: true,
              position: phone ? ("right" as const) : ("top" as const),
              color: colors.text,
              fontSize: 12,
              formatter: kind === "whole" ? compactRupees(to) : signed(to - from),
            },
          })),
        },
      ],
    };
  }, [shown, colors, phone]);
  const label = shown
    .map(
      ({ name, from, to, kind }) =>
        `${name} ${kind === "whole" ? rupees(to, false) : signedRupees(to - from)}`,
    )
    .join(", ");
  return (
    <EChart
      option={option}
      height={phone ? 76 + 36 * shown.length : 230}
      file="what-realism-costs"
      label={`Waterfall: ${label}`}
    />
  );
}

const signed = (value: number): string => (value > 0 ? `+${compactRupees(value)}` : compactRupees(value));
