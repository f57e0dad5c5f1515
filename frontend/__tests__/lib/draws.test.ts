import { inBlocks, ofIntervals } from "@/lib/draws";

const luck = {
  intervals: {},
  cone: { quantiles: [], equity: [] },
  block: 1,
  resamples: 2000,
  confidence: 0.95,
  seed: 0,
};

test("blocks of one session are told as what they are", () => {
  expect(inBlocks(1)).toBe("one session at a time (they do not hang together)");
  expect(inBlocks(1.04)).toBe(inBlocks(1));
  expect(inBlocks(4.26)).toBe("in blocks of 4.3 sessions on average");
});

test("intervals are of returns drawn again, or say why there are none", () => {
  expect(ofIntervals({ ...luck, block: 4.26 })).toBe(
    "Intervals: these returns are drawn again 2,000 times, in blocks of 4.3 sessions on average; 95% of the draws lie between.",
  );
  expect(ofIntervals("the account was lost")).toBe("No intervals: the account was lost.");
});
