import { visibleBars } from "@/components/price-chart";
import { decimated } from "@/components/stats-chart";
import { barsBetween } from "@/components/stock-chart";
import type { BarsSeries } from "@/lib/types";

test("decimation keeps the ends, every extreme and the deepest drawdown", () => {
  const points = Array.from({ length: 10_000 }, (_, index) => ({
    date: String(index),
    equity: 100 + Math.sin(index / 50),
    drawdown: 0,
  }));
  points[4321] = { date: "peak", equity: 900, drawdown: 0 };
  points[7000] = { date: "trough", equity: 1, drawdown: -0.99 };
  const kept = decimated(points, 300);
  expect(kept.length).toBeLessThanOrEqual(302);
  expect(kept[0]).toBe(points[0]);
  expect(kept.at(-1)).toBe(points.at(-1));
  expect(kept).toContain(points[4321]);
  expect(kept).toContain(points[7000]);
  expect(decimated(points, 20_000)).toBe(points);
});

test("a range counts bars back from the last one", () => {
  expect(visibleBars(1000, "1m", undefined, false).from).toBeCloseTo(978.5);
  expect(visibleBars(10, "5y", undefined, false).from).toBeCloseTo(-0.5);
  expect(visibleBars(1000, "6m", undefined, true).from).toBeCloseTo(939.5);
});

test("a trade is shown with bars before and after it", () => {
  const t = Array.from({ length: 300 }, (_, index) =>
    new Date(Date.UTC(2020, 0, 1 + index)).toISOString().slice(0, 10),
  );
  const bars = { t } as BarsSeries;
  expect(barsBetween(bars, t[100] as string, t[110] as string)).toEqual({ from: 80, to: 130 });
  expect(barsBetween(bars, t[0] as string, null).from).toBe(-1);
});
