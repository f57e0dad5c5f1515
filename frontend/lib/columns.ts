/** A table as columns, as long series travel: half the bytes of rows. */
export type Columns = Readonly<Record<string, readonly unknown[]>>;

/** The same table as rows; a table without columns has none. */
export function rowsOf(columns: Columns): Record<string, unknown>[] {
  const names = Object.keys(columns);
  const length = columns[names[0] ?? ""]?.length ?? 0;
  return Array.from({ length }, (_, at) =>
    Object.fromEntries(names.map((name) => [name, columns[name]?.[at]])),
  );
}

const TABLES = ["daily_chart", "trades", "rejections", "frozen_holdings", "decisions"] as const;

/** An answer in columns with its tables as rows; one that has rows already is left as it is. */
export function withRows<T>(answer: T): T {
  const body = answer as Record<string, unknown>;
  const tables = TABLES.filter((name) => name in body && !Array.isArray(body[name]));
  return { ...answer, ...Object.fromEntries(tables.map((name) => [name, rowsOf(body[name] as Columns)])) };
}
