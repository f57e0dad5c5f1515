"use client";

import Link from "next/link";
import type { Column } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { date } from "@/lib/format";
import type { PortfolioDetail, PortfolioPosition } from "@/lib/types";
import { HOLDING_COLUMNS, HoldingsTable } from "./holdings-table";
import { GainSum } from "./words";

const COLUMNS: Column<PortfolioPosition>[] = [
  ...HOLDING_COLUMNS,
  {
    id: "realised_pnl",
    header: "Realised",
    unit: "₹",
    align: "right",
    width: 116,
    sortBy: "realised_pnl",
    optional: true,
    cell: (row) => <GainSum value={row.realised_pnl} />,
    csv: (row) => row.realised_pnl,
  },
  {
    id: "held_since",
    header: "Since",
    width: 116,
    sortBy: "held_since",
    cell: (row) =>
      row.held_since ? date(row.held_since) : <Unknown why="The day of a purchase is not entered" />,
    csv: (row) => row.held_since,
  },
];

export function Holdings({ portfolio }: { portfolio: PortfolioDetail }) {
  if (portfolio.positions.length === 0)
    return (
      <section className="card">
        <EmptyState
          title="Nothing is held"
          icon="pie"
          action={
            <Link className="btn" href={`/analyst/import/?id=${portfolio.id}`}>
              Import a broker&apos;s file
            </Link>
          }
        >
          {portfolio.asof
            ? `On ${date(portfolio.asof)} the ledger held no shares.`
            : "Import a file, or enter transactions under Transactions."}
        </EmptyState>
      </section>
    );
  return (
    <section className="card" aria-label="Holdings">
      <HoldingsTable
        label="Holdings"
        columns={COLUMNS}
        positions={portfolio.positions}
        together={portfolio}
      />
      <div className="card-f">
        Cost is the average of the open lots, first in, first out, before charges. Unrealised is value less
        cost.
        {portfolio.notes.map((note) => (
          <span key={note}> {note}.</span>
        ))}
      </div>
    </section>
  );
}
