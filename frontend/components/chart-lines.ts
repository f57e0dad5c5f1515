import type { IChartApi, ISeriesApi, SeriesMarker, Time } from "lightweight-charts";
import type { ChartColors } from "@/components/chart-colors";
import { compactCount, grouped } from "@/lib/format";
import type { BarsAction, StockLine } from "@/lib/types";

/** Height of the pane of a line that is no price. */
export const LINE_PANE = 78;

export const lineColor = (colors: ChartColors, at: number): string =>
  colors.series[at % colors.series.length] as string;

/** Prices over the candles; each other line in a pane of its own under the volume. */
export function addLines(
  { LineSeries }: typeof import("lightweight-charts"),
  chart: IChartApi,
  days: readonly string[],
  lines: readonly StockLine[],
  colors: ChartColors,
): ISeriesApi<"Line">[] {
  let pane = 1;
  return lines.map((line, at) => {
    if (!line.on_price) pane += 1;
    const drawn = chart.addSeries(
      LineSeries,
      {
        color: lineColor(colors, at),
        lineWidth: 1,
        priceLineVisible: false,
        lastValueVisible: false,
        crosshairMarkerVisible: false,
        priceFormat: {
          type: "custom",
          formatter: (value: number) => lineValue(line, value),
          minMove: 0.0001,
        },
      },
      line.on_price ? 0 : pane,
    );
    drawn.setData(
      days.map((time, index) => {
        const value = line.values[index];
        if (value === null || value === undefined) return { time };
        // The library joins the values on both sides of a gap, in the colour of the first of them.
        return typeof line.values[index + 1] === "number"
          ? { time, value }
          : { time, value, color: "transparent" };
      }),
    );
    if (!line.on_price) {
      drawn.priceScale().applyOptions({
        scaleMargins: { top: 0.2, bottom: 0.1 },
        tickMarkDensity: 1.6,
        entireTextOnly: true,
      });
      chart.panes()[pane]?.setHeight(LINE_PANE);
    }
    return drawn;
  });
}

/** A value of a line in the digits of its size. */
export function lineValue(line: StockLine, value: number): string {
  if (line.unit === "flag") return value > 0 ? "yes" : "no";
  const size = Math.abs(value);
  if (size >= 100_000) return compactCount(value);
  return grouped(value, size >= 1000 ? 0 : size >= 1 ? 2 : 4);
}

/** Lines by the names people have for them; any other expression of the language can be drawn too. */
export const USUAL_LINES: readonly { label: string; q: string }[] = [
  { label: "SMA 20", q: "sma(close, 20)" },
  { label: "SMA 50", q: "sma(close, 50)" },
  { label: "SMA 200", q: "sma(close, 200)" },
  { label: "EMA 20", q: "ema(close, 20)" },
  { label: "Bollinger, upper", q: "bb_upper(close, 20, 2)" },
  { label: "Bollinger, lower", q: "bb_lower(close, 20, 2)" },
  { label: "SuperTrend", q: "supertrend(10, 3)" },
  { label: "RSI 14", q: "rsi(close, 14)" },
  { label: "MACD", q: "macd(close, 12, 26)" },
  { label: "MACD, signal", q: "macd_signal(close, 12, 26, 9)" },
  { label: "ADX 14", q: "adx(14)" },
  { label: "ATR 14", q: "atr(14)" },
  { label: "Stochastic %K", q: "stoch_k(14, 3)" },
];

export const lineLabel = (line: StockLine): string =>
  USUAL_LINES.find((one) => one.q === line.name)?.label ?? line.label;

const LETTERS: Record<string, string> = {
  SPLIT: "S",
  BONUS: "B",
  DIVIDEND: "D",
  CONSOLIDATION: "C",
  RIGHTS: "Rt",
  DEMERGER: "Dm",
};

/** The letter of an action; of one that nothing tells more of, A. */
export const actionLetter = (kind: string): string => LETTERS[kind.split("+")[0] ?? ""] ?? "A";

/** Corporate actions as lettered squares under their bar; a day that has several shows the letters of all. */
export function actionMarks(
  actions: readonly BarsAction[],
  days: ReadonlyMap<string, number>,
  colors: ChartColors,
): SeriesMarker<Time>[] {
  const letters = new Map<string, string[]>();
  for (const action of actions) {
    if (!days.has(action.ex_date)) continue;
    letters.set(action.ex_date, [...(letters.get(action.ex_date) ?? []), actionLetter(action.kind)]);
  }
  return [...letters].map(([time, some]) => ({
    time,
    position: "belowBar",
    shape: "square",
    size: 0.6,
    color: colors.axis,
    text: [...new Set(some)].join(" "),
  }));
}
