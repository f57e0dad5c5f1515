"use client";

import { useMemo, type ReactNode } from "react";
import type { Column } from "@/components/data-table";
import { Badge, Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { barTime, count, counted, shortHash } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { OrdersTable } from "./orders-table";
import { reasonName, reasonText, refusalsOf, wasCut, type Refusal } from "./refusals";

const NO_NUMBER = "The engine wrote no number of shares";

const shares = (id: "wanted" | "granted", header: string): Column<Refusal> => ({
  id,
  header,
  unit: "shares",
  align: "right",
  width: 120,
  sortBy: id,
  cell: (row) => {
    const value = row[id];
    return value === null ? <Unknown why={NO_NUMBER} /> : count(value);
  },
  csv: (row) => row[id],
});

const COLUMNS: Column<Refusal>[] = [
  {
    id: "symbol",
    header: "Symbol",
    width: 132,
    sortBy: "symbol",
    cell: (row) => <span className="sym">{row.symbol}</span>,
    csv: (row) => row.symbol,
  },
  {
    id: "at",
    header: "For the open of",
    align: "right",
    width: 130,
    sortBy: "at",
    cell: (row) => barTime(row.at),
    csv: (row) => row.at,
  },
  {
    id: "until",
    header: "In vain until",
    align: "right",
    width: 116,
    sortBy: "until",
    cell: (row) => (row.until === null ? null : barTime(row.until)),
    csv: (row) => row.until,
  },
  {
    id: "decided_at",
    header: "Decided",
    align: "right",
    width: 112,
    sortBy: "decided_at",
    cell: (row) => <span className="t2">{barTime(row.decided_at)}</span>,
    csv: (row) => row.decided_at,
  },
  {
    id: "side",
    header: "Side",
    width: 72,
    sortBy: "side",
    cell: (row) => (row.side === "BUY" ? "Buy" : row.side === "SELL" ? "Sell" : row.side),
    csv: (row) => row.side,
  },
  {
    id: "outcome",
    header: "Outcome",
    width: 104,
    sortBy: "outcome",
    cell: (row) => <Outcome refusal={row} />,
    csv: (row) => (wasCut(row) ? "cut down" : "refused"),
  },
  {
    id: "reason",
    header: "Reason",
    width: 170,
    sortBy: "reason",
    cell: (row) => <span title={reasonText(row.reason)}>{reasonName(row.reason)}</span>,
    csv: (row) => row.reason,
  },
  shares("wanted", "Wanted"),
  shares("granted", "Granted"),
  {
    id: "book",
    header: "Strategy",
    width: 130,
    sortBy: "book",
    cell: (row) => <span className="t2">{row.book}</span>,
    csv: (row) => row.book,
  },
];

function Outcome({ refusal }: { refusal: Refusal }) {
  return wasCut(refusal) ? (
    <Badge small tone="inf" icon="half">
      Cut down
    </Badge>
  ) : (
    <Badge small tone="wn" icon="no">
      Refused
    </Badge>
  );
}

/** Every order that the run did not fill as asked, with the reason. `tabs` stands in the place of the title. */
export function RefusalsTable({ run, tabs }: { run: RunDetail; tabs?: ReactNode }) {
  const refusals = useMemo(() => refusalsOf(run), [run]);
  return (
    <OrdersTable
      run={run}
      title="Refused and cut orders"
      tabs={tabs}
      file="refused-orders"
      what="the orders"
      rows={refusals}
      columns={COLUMNS}
      by="at"
      rowKey={(row) => String(row.sequence)}
      phoneRow={(row) => <PhoneRefusal refusal={row} />}
      empty={
        <EmptyState title="No order was refused or cut down" icon="check">
          Every order of this run was filled as the strategy asked for it.
        </EmptyState>
      }
      opens={(row) => ({
        title: `${row.symbol}, order`,
        body: <RefusalPanel refusal={row} runId={run.run_id} />,
      })}
    />
  );
}

function PhoneRefusal({ refusal }: { refusal: Refusal }) {
  const { wanted, granted } = refusal;
  return (
    <>
      <span className="grow">
        <span className="sym">{refusal.symbol}</span>
        <span className="t3 xs trunc num" style={{ display: "block" }}>
          {barTime(refusal.at)} · {reasonName(refusal.reason)}
        </span>
      </span>
      <span className="pr num">
        <Outcome refusal={refusal} />
        <span className="xs t3">
          {granted === null ? "–" : count(granted)} of {wanted === null ? "–" : count(wanted)}
        </span>
      </span>
    </>
  );
}

/** One order: what was asked, what was granted, and by which rule the rest was not. */
function RefusalPanel({ refusal, runId }: { refusal: Refusal; runId: string }) {
  const { wanted, granted } = refusal;
  const shares = (value: number | null) =>
    value === null ? <Unknown why={NO_NUMBER} /> : counted(value, "share");
  return (
    <div className="card-b" style={{ paddingInline: 14 }}>
      <div className="row between">
        <b className="sb">{reasonName(refusal.reason)}</b>
        <Outcome refusal={refusal} />
      </div>
      <p className="t2">{reasonText(refusal.reason)}.</p>
      <dl className="kv num">
        <dt>Side</dt>
        <dd>{refusal.side === "BUY" ? "Buy" : "Sell"}</dd>
        <dt>Decided at the close of</dt>
        <dd>{barTime(refusal.decided_at, true)}</dd>
        <dt>For the open of</dt>
        <dd>{barTime(refusal.at, true)}</dd>
        {refusal.until !== null && (
          <>
            <dt>In vain until</dt>
            <dd>{barTime(refusal.until, true)}</dd>
          </>
        )}
        <dt>Wanted</dt>
        <dd>{shares(wanted)}</dd>
        <dt>Granted</dt>
        <dd>{shares(granted)}</dd>
        {wanted !== null && granted !== null && (
          <>
            <dt>Not granted: wanted − granted</dt>
            <dd>{shares(wanted - granted)}</dd>
          </>
        )}
      </dl>
      <p className="xs t3">From the refusals of run {shortHash(runId)}.</p>
    </div>
  );
}
