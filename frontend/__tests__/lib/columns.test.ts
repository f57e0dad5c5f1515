import { rowsOf, withRows } from "@/lib/columns";

test("columns are turned into rows, whatever they hold", () => {
  expect(rowsOf({ date: ["2024-01-01", "2024-01-02"], equity: [1, null] })).toEqual([
    { date: "2024-01-01", equity: 1 },
    { date: "2024-01-02", equity: null },
  ]);
  expect(rowsOf({})).toEqual([]);
});

test("only the tables of an answer are turned, and rows stay rows", () => {
  const answer = {
    run_id: "a",
    trades: { symbol: ["X"] },
    decisions: {},
    daily_chart: [{ equity: 1 }],
    spec: { a: [1] },
  };
  expect(withRows(answer)).toEqual({
    run_id: "a",
    trades: [{ symbol: "X" }],
    decisions: [],
    daily_chart: [{ equity: 1 }],
    spec: { a: [1] },
  });
});
