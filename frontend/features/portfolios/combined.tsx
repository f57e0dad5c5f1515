"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useMemo, useState } from "react";
import { DataTable, type Column, type Sort } from "@/components/data-table";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, counted, date } from "@/lib/format";
import type { CombinedHoldings, CombinedRow } from "@/lib/types";
import { HOLDING_COLUMNS, HoldingPhoneRow, sortedHoldings } from "./holding-columns";
import { combinedQuery } from "./queries";
import { GainSum, Sum } from "./words";

const COLUMNS: Column<CombinedRow>[] = [
  ...HOLDING_COLUMNS.slice(0, 1),
  {
    id: "portfolios",
    header: "Held in",
    width: 260,
    cell: (row) => (
      <span className="trunc">
        {row.portfolios.map((one, at) => (
          <span key={one.id}>
            {at > 0 && ", "}
            <Link className="link" href={`/analyst/portfolio/?id=${one.id}`} tabIndex={-1}>
              {one.name}
            </Link>{" "}
            <span className="t3 num">{count(one.quantity)}</span>
          </span>
        ))}
      </span>
    ),
    csv: (row) => row.portfolios.map((one) => `${one.name}: ${one.quantity}`).join("; "),
  },
  ...HOLDING_COLUMNS.slice(1),
];

/** What the portfolios of the list hold together, share by share. */
export function Combined({ client }: { client: string | null }) {
  const query = useQuery(combinedQuery(client));
  return (
    <section className="card" aria-label="Holdings together">
      <DataState
        query={query}
        failed="The holdings cannot be read together"
        isEmpty={(data) => data.positions.length === 0}
        empty={<EmptyState title="Nothing is held">None of these portfolios holds a share.</EmptyState>}
      >
        {(data) => <Rows data={data} />}
      </DataState>
    </section>
  );
}

function Rows({ data }: { data: CombinedHoldings }) {
  const router = useRouter();
  const [sort, setSort] = useState<Sort>({ by: "market_value", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const rows = useMemo(() => sortedHoldings(data.positions, sort), [data.positions, sort]);
  const open = (row: CombinedRow) => router.push(`/stock/?symbol=${encodeURIComponent(row.symbol)}`);
  return (
    <>
      <div className="t-bar">
        <span className="md">
          <b className="sb num">{count(data.num_positions)}</b>{" "}
          <span className="t2">
            {data.num_positions === 1 ? "stock" : "stocks"} in {counted(data.portfolios, "portfolio")}
            {data.client ? ` of ${data.client}` : ""}
          </span>
        </span>
        {data.priced_on && <span className="t3 xs num">prices of {date(data.priced_on, true)}</span>}
      </div>
      <DataTable
        label="Holdings together"
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
          market_value: <Sum value={data.market_value} />,
          unrealised_pnl: <GainSum value={data.unrealised_pnl} />,
        }}
        phoneRow={(row) => <HoldingPhoneRow row={row} />}
      />
      <div className="card-f">Cost is the average over all of them, before charges.</div>
    </>
  );
}
