import { toCsv } from "@/lib/csv";

test("values are plain, texts quoted where they must be, formulas defused", () => {
  const text = toCsv(
    ["Symbol", "Close (₹)"],
    [
      ["A,B", 1234.5],
      ['say "x"', null],
      ["=1+1", -2],
    ],
  );
  expect(text).toBe('Symbol,Close (₹)\r\n"A,B",1234.5\r\n"say ""x""",\r\n\'=1+1,-2\r\n');
});
