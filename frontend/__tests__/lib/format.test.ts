import * as format from "@/lib/format";

test.each([
  [1642118, 0, "16,42,118"],
  [999, 0, "999"],
  [1000, 0, "1,000"],
  [100000, 0, "1,00,000"],
  [123456789.5, 2, "12,34,56,789.50"],
  [-1234.5, 1, "\u22121,234.5"],
  [-0.001, 2, "0.00"],
])("groups %p with %p digits as %p", (value, digits, text) => {
  expect(format.grouped(value, digits)).toBe(text);
});

test("rupees keep paise below a lakh and drop them above", () => {
  expect(format.rupees(707.29)).toBe("₹707.29");
  expect(format.rupees(4861904.4)).toBe("₹48,61,904");
  expect(format.rupees(-462.5)).toBe("\u2212₹462.50");
});

test("large amounts use lakh and crore with two or three digits", () => {
  expect(format.compactRupees(1_840_000)).toBe("₹18.4 L");
  expect(format.compactRupees(112_840_000_000)).toBe("₹11,284 cr");
  expect(format.compactRupees(9_999)).toBe("₹9,999");
  expect(format.rupeesInWords(1_000_000)).toBe("₹10 lakh");
  expect(format.rupeesInWords(25_000_000)).toBe("₹2.5 crore");
});

test("a change has its sign, a true minus, and none at zero", () => {
  expect(format.signedPercent(1.24)).toBe("+1.24%");
  expect(format.signedPercent(-0.87)).toBe("\u22120.87%");
  expect(format.signedPercent(-0.001)).toBe("0.00%");
});

test("a probability is never certain by rounding", () => {
  expect(format.probability(0.9999)).toBe("> 0.99");
  expect(format.probability(0.001)).toBe("< 0.01");
  expect(format.probability(0.93)).toBe("0.93");
});

test("dates are exchange dates, whatever the reader's zone", () => {
  expect(format.date("2026-11-20")).toBe("20 Nov 2026");
  expect(format.date("2026-11-20", true)).toBe("Fri 20 Nov 2026");
  expect(format.dateRange("2018-01-09", "2018-11-19")).toBe("9 Jan 2018 – 19 Nov 2018");
});

test("instants are told in India's time", () => {
  expect(format.istTime(new Date("2026-11-20T20:00:00Z"))).toBe("01:30:00");
  expect(format.istDate(new Date("2026-11-20T20:00:00Z"))).toBe("2026-11-21");
});

test("an axis leaves out the zeros of round ticks", () => {
  expect([800_000, 1_000_000, 1_250_000, 100_000_000].map(format.axisRupees)).toEqual([
    "₹8 L",
    "₹10 L",
    "₹12.5 L",
    "₹10 cr",
  ]);
  expect([0, 500_000, 12_000_000].map(format.axisCount)).toEqual(["0", "5 L", "1.2 cr"]);
});

test("a number that a person chose is written with as few digits as tell it", () => {
  expect(format.exact(0.05)).toBe("0.05");
  // steps of a small parameter stay apart: half a hundredth of a percent is no 0.0001
  expect([0.00005, 0.0001, 0.00025].map(format.exact)).toEqual(["0.00005", "0.0001", "0.00025"]);
  expect([0.0000001, 1 / 3, 12.5, 1_234_567].map(format.exact)).toEqual([
    "0.0000001",
    "0.333333",
    "12.5",
    "12,34,567",
  ]);
});
