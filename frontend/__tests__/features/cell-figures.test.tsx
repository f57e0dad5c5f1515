import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { Anatomy } from "@/features/backtest/anatomy";
import {
  causeFigure,
  fallFigure,
  frozenFigure,
  laneFigure,
  spanFigure,
} from "@/features/backtest/cell-figures";
import { lanes } from "@/features/backtest/holdings";
import { chargesBy, tradeFigure } from "@/features/backtest/trade-figures";
import { TradesTable } from "@/features/backtest/trades-table";
import type { TradeFill } from "@/lib/types";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { analysis, run } from "../support/wire";

const days = ["2020-01-30", "2020-01-31", "2020-02-03", "2020-02-28", "2020-03-02"];
const equity = [1_000_000, 1_010_000, 1_005_000, 989_800, 994_749];

test("a month opens the last close before it and its own; the first one its own first close", () => {
  // 989,800 ÷ 1,010,000 − 1 = −2 %
  const february = spanFigure(run, days, equity, { year: 2020, month: 2, value: -0.02, whole: true });
  expect(february.value).toBe("−2.00%");
  expect(february.formula).toContain("= ₹9,89,800.00 ÷ ₹10,10,000.00 − 1");
  expect(february.inputs).toEqual([
    { name: "Close before, 31 Jan 2020", value: "₹10,10,000.00" },
    { name: "Last close, 28 Feb 2020", value: "₹9,89,800.00" },
  ]);
  const january = spanFigure(run, days, equity, { year: 2020, month: 1, value: 0.01, whole: false });
  expect(january.inputs?.[0]).toEqual({ name: "First close, 30 Jan 2020", value: "₹10,00,000.00" });
  expect(january.definition).toContain("perhaps a part of the month");
  const year = spanFigure(run, days, equity, { year: 2020, value: -0.005251, whole: false });
  expect(year.formula).toContain("= ₹9,94,749.00 ÷ ₹10,00,000.00 − 1");
});

test("a fall opens its peak, its trough, and when the peak was seen again", () => {
  const fall = { depth: -0.02, peak: "2020-01-31", trough: "2020-02-28", recovery: null, sessions: 3 };
  const depth = fallFigure(run, days, equity, fall, "depth");
  expect(depth.formula).toContain("= ₹9,89,800.00 ÷ ₹10,10,000.00 − 1");
  expect(depth.inputs?.[2]).toEqual({ name: "Not yet recovered, 2 Mar 2020", value: "₹9,94,749.00" });
  // the last session is the 5th, the peak the 2nd: 4 − 1, counted from 0
  expect(fallFigure(run, days, equity, fall, "sessions").formula).toContain("= 4 − 1");
  const capital = fallFigure(run, days, equity, { ...fall, peak: null }, "depth");
  expect(capital.inputs?.[0]).toEqual({ name: "Opening capital", value: "₹10,00,000.00" });
});

test("a cause opens the account before and after it was switched on", () => {
  const causes = [
    { cause: "charges", difference: -100 },
    { cause: "slippage", difference: -50 },
  ];
  const found = causeFigure({ run_id: "r", naive_twin: { final_equity: 1000, causes } }, "slippage");
  expect(found.inputs).toEqual([
    { name: "Without it", value: "₹900.00" },
    { name: "With it", value: "₹850.00" },
    { name: "On before it", value: "charges" },
  ]);
});

test("a holding that could not be sold opens its shares and its last price", () => {
  const row = {
    book: "b", symbol: "ARUVI", key: "k", quantity: 120, last_price: 10.5, last_traded: "2020-03-02", value: 1260,
    reason: "DELISTED" as const, since: "2020-03-10", exit_refused_at: null,
  }; // prettier-ignore
  expect(frozenFigure(run, row).formula).toContain("= 120 × ₹10.50");
});

test("an instrument opens its trades, each with its sessions or what it earned", () => {
  const trade = { ...run.trades[0]!, entry_at: "2020-01-31", exit_at: "2020-02-28", pnl: 1200 };
  const [lane] = lanes(
    [trade, { ...trade, entry_at: "2020-03-02", exit_at: null, pnl: -30, open: true }],
    days,
    0,
    4,
  );
  const held = laneFigure(run, lane!, "held");
  expect(held.value).toBe("4");
  expect(held.inputs?.map(({ value }) => value)).toEqual(["3", "1"]);
  expect(laneFigure(run, lane!, "pnl").value).toBe("+₹1,170.00");
});

const fills: TradeFill[] = [
  { side: "BUY", reason: "SIGNAL", decided_at: "2020-01-01", filled_at: "2020-01-02", quantity: 120, reference_price: 100, price: 100, cost: 14, components: { stt: 12, gst: 2 } },
  { side: "SELL", reason: "SIGNAL", decided_at: "2020-02-07", filled_at: "2020-02-10", quantity: 120, reference_price: 101, price: 101, cost: 10.12, components: { stt: 10.12 } },
]; // prettier-ignore

test("the charges of a trade are told by kind, the largest first", () => {
  expect(chargesBy(fills)).toEqual([
    ["stt", 22.119999999999997],
    ["gst", 2],
  ]);
  const found = tradeFigure(run.run_id, run.trades[0]!, fills, "charges");
  expect(found.formula).toContain("= 22.12 + 2.00");
  expect(found.inputs?.map(({ name }) => name)).toEqual([
    "Securities transaction tax",
    "GST or service tax",
    "Bought 120 at 100.00, 2 Jan 2020",
    "Sold 120 at 101.00, 10 Feb 2020",
  ]);
});

test("the profit of a trade is what was received less what was paid and charged, of a short one the other way", () => {
  const trade = { ...run.trades[0]!, pnl: 95.88 };
  // 120 × 101 − 120 × 100 − 24.12 = 95.88
  expect(tradeFigure("r", trade, undefined, "pnl").formula).toContain("= ₹12,120.00 − ₹12,000.00 − ₹24.12");
  const short = tradeFigure("r", { ...trade, side: "SHORT", income: 5 }, undefined, "pnl");
  expect(short.formula).toContain("= ₹12,000.00 − ₹12,120.00 + ₹5.00 − ₹24.12");
  expect(tradeFigure("r", trade, undefined, "return").formula).toContain("= +₹95.88 ÷ (₹100.00 × 120)");
});

test("a month opens by the keyboard, and the arrows lead from month to month", async () => {
  const user = userEvent.setup();
  fakeApi({ [`GET /api/portfolio/strategies/runs/${run.run_id}/analysis`]: analysis });
  const { container } = renderApp(<Anatomy run={run} />);
  const january = await screen.findByRole("button", { name: "Jan 2020: +1.0*" });
  const months = within(screen.getByRole("region", { name: /^Returns by month/ }));
  expect(months.getAllByRole("button").filter((one) => one.tabIndex === 0)).toEqual([january]);
  january.focus();
  await user.keyboard("{ArrowRight}");
  const february = screen.getByRole("button", { name: "Feb 2020: −12.3" });
  expect(february).toHaveFocus();
  expect([january.tabIndex, february.tabIndex]).toEqual([-1, 0]);
  await user.keyboard("{Enter}");
  const opened = await screen.findByRole("dialog", { name: "Feb 2020: −12.3" });
  expect(opened).toHaveTextContent("last close ÷ close before − 1");
  expect(opened).toHaveTextContent(`From the equity at the closes of run ${run.run_id.slice(0, 8)}.`);
  expect(await axe(container)).toHaveNoViolations();
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(february).toHaveFocus();
  await user.keyboard("{End}{Home}{ArrowLeft}");
  expect(january).toHaveFocus();
});

test("down and up skip rows without a figure in the column, and a click on the open one closes it", async () => {
  const user = userEvent.setup();
  const one = (name: string) => (
    <td>
      <FigureValue name={name} figure={() => ({ label: name, value: "1", definition: "One." })}>
        1
      </FigureValue>
    </td>
  );
  renderApp(
    <FigureTable>
      <tbody>
        <tr>{one("a")}</tr>
        <tr>
          <td>–</td>
        </tr>
        <tr>{one("b")}</tr>
      </tbody>
    </FigureTable>,
  );
  screen.getByRole("button", { name: "a" }).focus();
  await user.keyboard("{ArrowDown}");
  const below = screen.getByRole("button", { name: "b" });
  expect(below).toHaveFocus();
  await user.keyboard("{ArrowUp}");
  expect(screen.getByRole("button", { name: "a" })).toHaveFocus();
  await user.click(below);
  expect(await screen.findByRole("dialog", { name: "b" })).toBeInTheDocument();
  await user.click(below);
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
});

test("Enter on a trade opens it, with its charges by kind and its formula", async () => {
  const user = userEvent.setup();
  fakeApi({ [`GET /api/portfolio/strategies/runs/${run.run_id}/trades/0/fills`]: fills });
  renderApp(<TradesTable run={run} />);
  const row = screen.getByRole("row", { name: /ARUVI/ });
  row.focus();
  await user.keyboard("{Enter}");
  const drawer = await screen.findByRole("complementary", { name: "ARUVI, trade 1 of 3" });
  expect(await within(drawer).findByText("Securities transaction tax")).toBeInTheDocument();
  await user.click(within(drawer).getByRole("button", { name: "Charges" }));
  expect(await screen.findByRole("dialog", { name: "Charges" })).toHaveTextContent("= 22.12 + 2.00");
});
