"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { DataTable, type Column, type Sort } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { date } from "@/lib/format";
import type { PortfolioDetail, PortfolioPosition } from "@/lib/types";
import { HOLDING_COLUMNS, HoldingPhoneRow, sortedHoldings } from "./holding-columns";
import { GainSum, Sum } from "./words";

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
  const router = useRouter();
  const [sort, setSort] = useState<Sort>({ by: "market_value", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const rows = useMemo(() => sortedHoldings(portfolio.positions, sort), [portfolio.positions, sort]);
  const open = (row: PortfolioPosition) => router.push(`/stock/?symbol=${encodeURIComponent(row.symbol)}`);
  if (rows.length === 0)
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
      <DataTable
        label="Holdings"
        columns={COLUMNS}
        rowCount={rows.length}
        rowAt={(index) => rows[index]}
        rowKey={(row) => row.instrument}
        sort={sort}
        onSort={setSort}
        active={active}
        onActive={setActive}
        onPeek={open}
        onOpen={open}
        ownsKeys
        height={560}
        foot={{
          symbol: "Together",
          market_value: <Sum value={portfolio.market_value} />,
          unrealised_pnl: <GainSum value={portfolio.unrealised_pnl} />,
        }}
        phoneRow={(row) => <HoldingPhoneRow row={row} />}
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
