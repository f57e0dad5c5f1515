import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { RunPage } from "@/features/backtest/run-page";
import { inWords, reasonName, refusalsOf, wasCut } from "@/features/backtest/refusals";
import type { RunDetail } from "@/lib/types";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { partsOf, run, smaCross } from "../support/wire";

const row = (sequence: number, symbol: string, reason: string, wanted: number, granted: number) => ({
  at: "2021-03-18",
  book: "sma_cross",
  decided_at: "2021-03-17",
  granted,
  intent: "8e51b2f307ebdbc3",
  key: "aa31b504f2e7dc3f",
  product: "CNC",
  reason,
  sequence,
  side: "BUY",
  symbol,
  wanted,
});

function page(change: Partial<RunDetail>, search = "") {
  const shown = { ...run, ...change };
  fakeApi({
    ...partsOf(shown),
    "GET /api/portfolio/strategies/available": [smaCross],
  });
  return renderApp(<RunPage />, `?run=${run.run_id}${search}`);
}

test("orders that were refused and cut down have a table of their own", async () => {
  const { container } = page({
    rejections: [
      row(10, "CORALIS", "MAX_POSITIONS", 154, 0),
      row(11, "ARUVI", "INSUFFICIENT_CASH", 855, 275),
    ],
    warnings: ["1 order refused: MAX_POSITIONS."],
  });
  expect(await screen.findByText("1 order refused: no free position.")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("tab", { name: "Refused and cut orders 2" }));
  const table = await screen.findByRole("grid", { name: "Refused and cut orders" });
  expect(table).toHaveAttribute("aria-rowcount", "3");
  expect(table).toHaveTextContent("No free position");
  expect(table).toHaveTextContent("Not enough cash");
  expect(screen.getByText("Cut down")).toBeInTheDocument();
  expect(screen.queryByRole("grid", { name: "Trades" })).not.toBeInTheDocument();
  expect(await axe(container)).toHaveNoViolations();
});

test("a run that filled all its orders says so", async () => {
  page({ rejections: [] }, "&orders=refused");
  expect(await screen.findByText("No order was refused or cut down")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "CSV" })).toBeDisabled();
});

test("the link from the warnings opens the refused orders and takes the focus along", async () => {
  page({
    rejections: [row(10, "CORALIS", "MAX_POSITIONS", 154, 0)],
    warnings: ["1 order refused: MAX_POSITIONS."],
    refused: { MAX_POSITIONS: 1 },
  });
  await screen.findByRole("grid", { name: "Trades" });
  await userEvent.click(screen.getByRole("button", { name: "See the 1 order" }));
  await waitFor(() => expect(screen.getByRole("tab", { name: "Refused and cut orders 1" })).toHaveFocus());
  expect(screen.getByRole("grid", { name: "Refused and cut orders" })).toBeInTheDocument();
});

test("the member-days that could not be traded are told at the top", async () => {
  page({ coverage: { member_days: 24_800, traded: 24_795 } });
  expect(await screen.findByText("24,795 of 24,800 member-days traded, 99.9%")).toBeInTheDocument();
});

test("a row of unknown shape is read with care", () => {
  const [odd] = refusalsOf({ rejections: [{ symbol: 5, granted: "all" }] });
  expect(odd).toMatchObject({ sequence: 0, symbol: "", granted: null });
  expect(odd && wasCut(odd)).toBe(false);
  expect(reasonName("PRICE_BAND")).toBe("Price band");
  expect(inWords("3 orders refused: PRICE_BAND. POINT-IN-TIME, CORALIS.")).toBe(
    "3 orders refused: PRICE_BAND. POINT-IN-TIME, CORALIS.",
  );
});

test.each([
  ["82 orders refused: MAX_POSITIONS.", "82 orders refused: no free position."],
  ["1642 orders cut down: POLICY.", "1,642 orders cut down: risk policy."],
  ["The policy refused 3 orders: SECTOR.", "The policy refused 3 orders: one sector."],
  [
    "HALTED on 2021-03-04: the drawdown limit was reached",
    "HALTED on 4 Mar 2021: the drawdown limit was reached",
  ],
  [
    "FROZEN: 123456.78 rupees of the final equity are 1 holding that could not be sold: HDFC 123456.78 (NO TRADE SINCE 2023-07-12).",
    "FROZEN: ₹1,23,457 of the final equity are 1 holding that could not be sold: HDFC ₹1,23,457 (NO TRADE SINCE 12 Jul 2023).",
  ],
])("the warning %p is read as %p", (warning, read) => expect(inWords(warning)).toBe(read));
