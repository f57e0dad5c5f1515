"use client";

import { useMemo } from "react";
import tokens from "@/styles/tokens.json";
import { usePreferences, useResolvedTheme } from "@/lib/preferences";

export interface ChartColors {
  surface: string;
  text: string;
  axis: string;
  grid: string;
  border: string;
  borderStrong: string;
  overlay: string;
  accent: string;
  gain: string;
  gainFill: string;
  loss: string;
  lossFill: string;
  benchmark: string;
  /** For further curves, in this order. */
  series: readonly string[];
}

const SERIES = [
  "series-1",
  "series-2",
  "series-3",
  "series-4",
  "series-5",
  "series-6",
  "series-7",
  "series-8",
] as const;

/** The tokens in hex: canvas charts read neither OKLCH nor CSS variables. */
export function useChartColors(): ChartColors {
  const theme = useResolvedTheme();
  const { gainloss } = usePreferences();
  return useMemo(() => {
    const set = tokens[theme];
    const money = gainloss === "classic" ? set.classic : set;
    return {
      surface: set["surface-1"],
      text: set["text-1"],
      axis: set.axis,
      grid: set.grid,
      border: set.border,
      borderStrong: set["border-strong"],
      overlay: set.overlay,
      accent: set.accent,
      gain: money.gain,
      gainFill: money["gain-fill"],
      loss: money.loss,
      lossFill: money["loss-fill"],
      benchmark: set.benchmark,
      series: SERIES.map((name) => set[name]),
    };
  }, [theme, gainloss]);
}

/** A hex colour with an alpha: volume stands at half strength beside its candles. */
export const alpha = (hex: string, share: number): string =>
  `${hex}${Math.round(share * 255)
    .toString(16)
    .padStart(2, "0")}`;
