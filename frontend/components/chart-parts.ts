import type { ChartColors } from "@/components/chart-colors";

/** The frame of a tooltip. */
export const tooltipStyle = (colors: ChartColors) => ({
  backgroundColor: colors.overlay,
  borderColor: colors.borderStrong,
  textStyle: { color: colors.text, fontSize: 12 },
});

/** The type that the page has. */
export const font = () => ({ fontFamily: getComputedStyle(document.documentElement).fontFamily });

/** An axis of values at the right. */
export const valueAxis = (colors: ChartColors, format: (value: number) => string, rest: object = {}) => ({
  type: "value" as const,
  position: "right" as const,
  axisLabel: { color: colors.axis, fontSize: 12, formatter: format },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: colors.grid } },
  splitNumber: 3,
  ...rest,
});
