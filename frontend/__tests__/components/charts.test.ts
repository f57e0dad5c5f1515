import { clearOfLabels, timeTick, visibleBars } from "@/components/price-chart";
import { decimated, logTicks } from "@/components/stats-chart";
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

test("a month that begins at the edge gets room for its name", () => {
  const days = Array.from({ length: 200 }, (_, index) =>
    new Date(Date.UTC(2020, 0, 1 + index)).toISOString().slice(0, 10),
  );
  const march = days.indexOf("2020-03-01");
  const wide = clearOfLabels(days, { from: march - 0.5, to: march + 100 });
  expect(wide.from).toBeLessThan(march - 2);
  const mid = { from: march + 8, to: march + 29 };
  expect(clearOfLabels(days, mid)).toEqual(mid);
  expect(clearOfLabels(days, { from: -0.5, to: 30 }).from).toBe(-0.5);
});

test("ticks of the time axis are written as dates are everywhere", () => {
  expect([timeTick("2025-09-01", 1), timeTick("2025-01-01", 0), timeTick("2025-09-08", 2)]).toEqual([
    "Sep",
    "2025",
    "8",
  ]);
});

test.each([
  [950_000, 1_680_000, [10, 12, 14, 16]],
  [900_000, 8_200_000, [10, 20, 50]],
  [1_010_000, 1_140_000, [10.5, 11]],
  [980_000, 1_230_000, [10, 11, 12]],
  [1_000_000, 200_000_000, [10, 100, 1000]],
])("a log axis from %p to %p has round rupees", (low, high, lakhs) => {
  expect(logTicks(low, high).map((tick) => Math.round(tick / 1000) / 100)).toEqual(lakhs);
});
