import { told } from "@/lib/told";

test.each([
  // dates and times
  ["HALTED on 2021-03-04: no entry", "HALTED on 4 Mar 2021: no entry"],
  ["(TCS at 2023-02-01T09:20:00)", "(TCS at 1 Feb 2023, 09:20)"],
  ["between 2015-01-01 and 2024-12-31", "between 1 Jan 2015 and 31 Dec 2024"],
  // rupees
  ["up to 123456.78 rupees (1.20% of", "up to ₹1,23,457 (1.20% of"],
  ["would be 950.50 rupees.", "would be ₹950.50."],
  ["HDFC 123456.70 (last traded 2023-07-12)", "HDFC ₹1,23,457 (last traded 12 Jul 2023)"],
  ["HDFC -60517.00 (last traded 2023-07-12)", "HDFC \u2212₹60,517.00 (last traded 12 Jul 2023)"],
  ["1230911.00 rupees (9.37 % of it), up to 25 % of", "₹12,30,911 (9.37% of it), up to 25% of"],
  ["HDFC 950.70 (last traded 2023-07-12)", "HDFC ₹950.70 (last traded 12 Jul 2023)"],
  ["is sized at a fixed sum (1.5e+06).", "is sized at a fixed sum (15,00,000)."],
  ["is sized at a fixed sum (150000).", "is sized at a fixed sum (1,50,000)."],
  ["30 % of the equity, 10.5 % a year", "30% of the equity, 10.5% a year"],
  ["Needs 84397.0 more years after 150000", "Needs 84,397.0 more years after 1,50,000"],
  // counts, by what is counted, so that a year stays a year
  ["1642 orders refused: no free position.", "1,642 orders refused: no free position."],
  ["Held over (2048 bars) in 2048", "Held over (2,048 bars) in 2048"],
  ["1250 of 2480 sessions of the exchange", "1,250 of 2,480 sessions of the exchange"],
  ["TCS 2020-01-01 ×0.5, 0.12345 times", "TCS 1 Jan 2020 ×0.5, 0.12345 times"],
  // measures
  [
    "chosen by the highest max_drawdown on the last 504 sessions",
    "chosen by the highest maximum drawdown on the last 504 sessions",
  ],
  ["chosen by the highest sharpe on", "chosen by the highest Sharpe ratio on"],
  ["chosen by the highest cagr on", "chosen by the highest CAGR on"],
  // what is no number of ours
  ["of engine 1.06aa350e81c4 and data 7.abc1234567", "of engine 1.06aa350e81c4 and data 7.abc1234567"],
])("%p is written %p", (text, shown) => expect(told(text)).toBe(shown));
