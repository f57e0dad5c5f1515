import { toCsv } from "@/lib/csv";
import { forgetMarket, noteSwitch } from "@/lib/market-seen";

afterEach(forgetMarket);

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

test("a number written as text stays one, and arithmetic does not", () => {
  expect(toCsv(["a", "b", "c", "d"], [["-12.50", "-2+3", "-", "+4.5%"]])).toBe(
    "a,b,c,d\r\n-12.50,'-2+3,-,+4.5%\r\n",
  );
});

test("every row of a file about the sample market says so", () => {
  noteSwitch("sample");
  expect(toCsv(["Symbol"], [["KAVERYA"]])).toBe("Symbol,market\r\nKAVERYA,SAMPLE\r\n");
  noteSwitch("real");
  expect(toCsv(["Symbol"], [["TCS"]])).toBe("Symbol\r\nTCS\r\n");
});
