import type { Sort } from "@/components/data-table";

type Value<Row> = (row: Row) => string | number | null;

/** Unknown goes last whichever way the rest is sorted; ties stay in the order of the run. */
export function sortRows<Row>(
  rows: readonly Row[],
  { by, order }: Sort,
  values: Readonly<Record<string, Value<Row>>>,
): Row[] {
  const value = values[by] ?? (() => null);
  const way = order === "asc" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const left = value(a);
    const right = value(b);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "string" || typeof right === "string")
      return way * String(left).localeCompare(String(right));
    return way * (left - right);
  });
}
