"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { Column } from "@/components/data-table";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, counted, date } from "@/lib/format";
import type { CombinedHoldings, CombinedRow } from "@/lib/types";
import { HOLDING_COLUMNS, HoldingsTable } from "./holdings-table";
import { combinedQuery } from "./queries";

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
      <HoldingsTable label="Holdings together" columns={COLUMNS} positions={data.positions} together={data} />
      <div className="card-f">Cost is the average over all of them, before charges.</div>
    </>
  );
}
