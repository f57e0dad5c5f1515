import { shares } from "@/features/market/shares";

test("a share of a tenth of the stocks is drawn, one of fewer or of none is not", () => {
  // 150 of 300 told; 100 of 1,000 told is a tenth; 1 of 2,306 was drawn as 0 %; none told
  expect(shares([75, 40, 0, 0], [150, 100, 1, 0], [300, 1000, 2306, 2306])).toEqual([0.5, 0.4, null, null]);
});
