"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { DataTable, type Column, type Sort } from "@/components/data-table";
import { Badge, Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { count, date, grouped, rupees } from "@/lib/format";
import type { PortfolioDetail, PortfolioPosition } from "@/lib/types";
import { GainPercent, GainSum, Sum } from "./words";

const COLUMNS: Column<PortfolioPosition>[] = [
  {
    id: "symbol",
    header: "Stock",
    width: 240,
    sortBy: "symbol",
    cell: (row) => (
      <span className="row" style={{ gap: 8 }}>
        <span className="sym">{row.symbol}</span>
        <span className="t3 trunc">{row.company_name}</span>
        {row.stale && (
          <Badge small tone="wn">
            {row.priced_on ? date(row.priced_on) : ""}
          </Badge>
        )}
      </span>
    ),
    csv: (row) => row.symbol,
  },
  {
    id: "sector",
    header: "Sector",
    width: 170,
    sortBy: "sector",
    cell: (row) =>
      row.sector ? <span className="trunc">{row.sector}</span> : <Unknown why="In no index list" />,
    csv: (row) => row.sector,
  },
  {
    id: "quantity",
    header: "Shares",
    align: "right",
    width: 92,
    sortBy: "quantity",
    cell: (row) => count(row.quantity),
    csv: (row) => row.quantity,
  },
  {
    id: "entry_price",
    header: "Cost",
    unit: "₹ a share",
    align: "right",
    width: 116,
    sortBy: "entry_price",
    cell: (row) => grouped(Number(row.entry_price), 2),
    csv: (row) => row.entry_price,
  },
  {
    id: "ltp",
    header: "Price",
    unit: "₹",
    align: "right",
    width: 100,
    sortBy: "ltp",
    cell: (row) => (row.ltp === null ? <Unknown why="No price is stored" /> : grouped(row.ltp, 2)),
    csv: (row) => row.ltp,
  },
  {
    id: "market_value",
    header: "Value",
    unit: "₹",
    align: "right",
    width: 130,
    sortBy: "market_value",
    cell: (row) => <Sum value={row.market_value} />,
    csv: (row) => row.market_value,
  },
  {
    id: "allocation_pct",
    header: "Share",
    unit: "%",
    align: "right",
    width: 76,
    sortBy: "allocation_pct",
    cell: (row) =>
      row.allocation_pct === null ? <Unknown why="No price is stored" /> : grouped(row.allocation_pct, 1),
    csv: (row) => row.allocation_pct,
  },
  {
    id: "day_change_pct",
    header: "Day",
    unit: "%",
    align: "right",
    width: 88,
    sortBy: "day_change_pct",
    cell: (row) => <GainPercent value={row.day_change_pct} />,
    csv: (row) => row.day_change_pct,
  },
  {
    id: "unrealised_pnl",
    header: "Unrealised",
    unit: "₹",
    align: "right",
    width: 128,
    sortBy: "unrealised_pnl",
    cell: (row) => <GainSum value={row.unrealised_pnl} />,
    csv: (row) => row.unrealised_pnl,
  },
  {
    id: "unrealised_pnl_pct",
    header: "Unrealised",
    unit: "%",
    align: "right",
    width: 104,
    sortBy: "unrealised_pnl_pct",
    cell: (row) => (
      <GainPercent value={row.unrealised_pnl_pct} why="Nothing was paid, or no price is stored" />
    ),
    csv: (row) => row.unrealised_pnl_pct,
  },
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

const TEXTS = new Set(["symbol", "sector", "held_since"]);

/** All rows are here, so they are sorted here; unknown ones stand last either way. */
function sorted(rows: readonly PortfolioPosition[], { by, order }: Sort): PortfolioPosition[] {
  const sign = order === "asc" ? 1 : -1;
  const value = (row: PortfolioPosition) => row[by as keyof PortfolioPosition];
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    const way = TEXTS.has(by) ? String(left).localeCompare(String(right)) : Number(left) - Number(right);
    return sign * way || a.symbol.localeCompare(b.symbol);
  });
}

export function Holdings({ portfolio }: { portfolio: PortfolioDetail }) {
  const router = useRouter();
  const [sort, setSort] = useState<Sort>({ by: "market_value", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const rows = useMemo(() => sorted(portfolio.positions, sort), [portfolio.positions, sort]);
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
        phoneRow={(row) => (
          <>
            <span className="grow">
              <span className="sym">{row.symbol}</span>
              <span className="t3 xs trunc num" style={{ display: "block" }}>
                {count(row.quantity)} at {rupees(Number(row.entry_price))}
              </span>
            </span>
            <span className="pr num">
              <span>
                <Sum value={row.market_value} />
              </span>
              <span className="xs">
                <GainPercent value={row.unrealised_pnl_pct} why="Nothing was paid, or no price is stored" />
              </span>
            </span>
          </>
        )}
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
