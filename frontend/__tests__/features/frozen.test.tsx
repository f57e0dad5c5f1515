import { screen, within } from "@testing-library/react";
import { axe } from "jest-axe";
import { RunPage } from "@/features/backtest/run-page";
import type { FrozenHolding, RunDetail } from "@/lib/types";
import { fakeApi } from "../support/api";
import { renderApp } from "../support/render";
import { partsOf, run, smaCross } from "../support/wire";

const holding = (change: Partial<FrozenHolding>): FrozenHolding => ({
  book: "sma_cross",
  symbol: "CORALIS",
  key: "aa31b504f2e7dc3f",
  quantity: 40,
  last_price: 250.5,
  last_traded: "2023-07-12",
  value: 10_020,
  reason: "DELISTED",
  since: "2024-04-01",
  exit_refused_at: "2023-07-14",
  ...change,
});

function page(change: Partial<RunDetail>, search = "") {
  fakeApi({
    ...partsOf({ ...run, ...change }),
    "GET /api/portfolio/strategies/available": [smaCross],
  });
  return renderApp(<RunPage />, `?run=${run.run_id}${search}`);
}

const frozen = {
  ...run.metrics,
  final_equity: 3_141_605,
  frozen_value: 91_139,
  frozen_share: 0.02901,
  frozen_positions: 2,
  final_equity_without_frozen: 3_050_466,
};

test("what could not be sold stands beside the final equity, and each of it in a table", async () => {
  const { container } = page({
    metrics: frozen,
    frozen_holdings: [
      holding({}),
      holding({
        symbol: "ARUVI",
        key: "b",
        reason: "QUARANTINED",
        since: "2023-07-13",
        exit_refused_at: null,
      }),
    ],
  });
  const link = await screen.findByRole("link", { name: /is frozen in 2 holdings that could not be sold/ });
  expect(link).toHaveTextContent("₹91,139");
  expect(link).toHaveTextContent("(2.9%)");
  expect(link).toHaveAttribute("href", "#frozen");
  expect(link.parentElement).toHaveTextContent("were they worth nothing, ₹30,50,466");
  const rows = within(screen.getByRole("region", { name: "Frozen holdings" })).getAllByRole("row");
  expect(rows[1]).toHaveTextContent("Delisted: not in the list of 1 Apr 2024");
  expect(rows[2]).toHaveTextContent("Quarantined from 13 Jul 2023");
  expect(rows[2]).toHaveTextContent("no exit was given");
  expect(await axe(container)).toHaveNoViolations();
});

test("where nothing is frozen it says so, and of a run that did not measure it that", async () => {
  page({ metrics: { ...frozen, frozen_value: 0, frozen_share: 0, frozen_positions: 0 } });
  expect(await screen.findByText(/none of it frozen/)).toBeInTheDocument();
  expect(screen.queryByRole("region", { name: "Frozen holdings" })).not.toBeInTheDocument();
});

test("a run of an older engine is not told to have nothing frozen", async () => {
  page({ metrics: { ...run.metrics, final_equity: 1_010_000 } });
  expect(await screen.findByText(/was not measured by the engine of this run/)).toBeInTheDocument();
});

test("an exit that waited in vain says from when and until when", async () => {
  const rejection = {
    at: "2023-07-14",
    until: "2024-12-31",
    decided_at: "2023-07-13",
    book: "sma_cross",
    reason: "DELISTED",
    sequence: 7,
    side: "SELL",
    symbol: "CORALIS",
    wanted: 40,
    granted: 0,
  };
  page({ rejections: [rejection] }, "&orders=refused");
  const table = await screen.findByRole("grid", { name: "Refused and cut orders" });
  expect(table).toHaveTextContent("In vain until");
  expect(table).toHaveTextContent("Delisted");
});
