import type { Column, Sort } from "@/components/data-table";

/** By what a column writes to a file. Unknown goes last whichever way the rest is sorted; ties stay in the order of the run. */
export function sortRows<Row>(
  rows: readonly Row[],
  { by, order }: Sort,
  columns: readonly Column<Row>[],
): Row[] {
  const value = columns.find((column) => column.id === by)?.csv ?? (() => null);
  const way = order === "asc" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const left = value(a) ?? null;
    const right = value(b) ?? null;
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "string" || typeof right === "string")
      return way * String(left).localeCompare(String(right));
    return way * (Number(left) - Number(right));
  });
}
