"use client";

import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { DataTable, type Column, type Sort } from "@/components/data-table";
import { Badge, Unknown } from "@/components/marks";
import { count, date, grouped, rupees } from "@/lib/format";
import type { HoldingRow } from "@/lib/types";
import { GainPercent, GainSum, Sum } from "./words";

/** What any view of holdings shows of a share, of one portfolio or of several. */
export const HOLDING_COLUMNS: Column<HoldingRow>[] = [
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
];

const TEXTS = new Set(["symbol", "sector", "held_since"]);

/** All rows are here, so they are sorted here; unknown ones stand last either way. */
export function sortedHoldings<Row extends HoldingRow>(rows: readonly Row[], { by, order }: Sort): Row[] {
  const sign = order === "asc" ? 1 : -1;
  const value = (row: Row) => row[by as keyof Row] as string | number | null;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    const way = TEXTS.has(by) ? String(left).localeCompare(String(right)) : Number(left) - Number(right);
    return sign * way || a.symbol.localeCompare(b.symbol);
  });
}

/** Shares held, of one portfolio or of several, with their sums in the foot; a row opens the stock. */
export function HoldingsTable<Row extends HoldingRow>({
  label,
  columns,
  positions,
  together,
}: {
  label: string;
  columns: readonly Column<Row>[];
  positions: readonly Row[];
  together: Pick<HoldingRow, "market_value" | "unrealised_pnl">;
}) {
  const router = useRouter();
  const [sort, setSort] = useState<Sort>({ by: "market_value", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const rows = useMemo(() => sortedHoldings(positions, sort), [positions, sort]);
  const open = (row: Row) => router.push(`/stock/?symbol=${encodeURIComponent(row.symbol)}`);
  return (
    <DataTable
      label={label}
      columns={columns}
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
        market_value: <Sum value={together.market_value} />,
        unrealised_pnl: <GainSum value={together.unrealised_pnl} />,
      }}
      phoneRow={(row) => <HoldingPhoneRow row={row} />}
    />
  );
}

/** A share in two lines, for a phone. */
function HoldingPhoneRow({ row }: { row: HoldingRow }) {
  return (
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
  );
}
