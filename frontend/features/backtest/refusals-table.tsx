"use client";

import { useMemo, useState, type ReactNode } from "react";
import { DataTable, tableCsv, type Column, type Sort } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Drawer } from "@/components/layers";
import { Badge, Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { useCommands } from "@/lib/commands";
import { downloadText } from "@/lib/csv";
import { barTime, count, counted, shortHash } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { reasonName, reasonText, refusalsOf, wasCut, type Refusal } from "./refusals";
import { sortRows } from "./sort";

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

const VALUES = Object.fromEntries(
  COLUMNS.map((column) => [column.id, column.csv as (row: Refusal) => string | number | null]),
);

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
  const [sort, setSort] = useState<Sort>({ by: "at", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const [opened, setOpened] = useState<Refusal | null>(null);
  const refusals = useMemo(() => refusalsOf(run), [run]);
  const rows = useMemo(() => sortRows(refusals, sort, VALUES), [refusals, sort]);
  const exportCsv = () =>
    downloadText(
      `refused-orders-${shortHash(run.run_id)}.csv`,
      tableCsv(COLUMNS, rows, { Run: run.run_id, "Point-in-time": run.point_in_time }),
    );
  useCommands([
    { id: "export", label: "Export CSV of the orders", keys: "e", group: "This page", run: exportCsv },
  ]);
  return (
    <section className="card" aria-label="Refused and cut orders">
      <div className="card-h">
        {tabs ?? <h2>Refused and cut orders</h2>}
        <span className="sp row">
          <button type="button" className="btn sm" onClick={exportCsv} disabled={rows.length === 0}>
            <Icon name="csv" size="xs" />
            CSV
          </button>
        </span>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No order was refused or cut down" icon="check">
          Every order of this run was filled as the strategy asked for it.
        </EmptyState>
      ) : (
        <DataTable
          label="Refused and cut orders"
          columns={COLUMNS}
          rowCount={rows.length}
          rowAt={(index) => rows[index]}
          rowKey={(row) => String(row.sequence)}
          sort={sort}
          onSort={(next) => {
            setActive(null);
            setSort(next);
          }}
          active={active}
          onActive={(index) => {
            setActive(index);
            if (opened) setOpened(rows[index] ?? null);
          }}
          onPeek={setOpened}
          ownsKeys
          height={520}
          phoneRow={(row) => (
            <>
              <span className="grow">
                <span className="sym">{row.symbol}</span>
                <span className="t3 xs trunc num" style={{ display: "block" }}>
                  {barTime(row.at)} · {reasonName(row.reason)}
                </span>
              </span>
              <span className="pr num">
                <Outcome refusal={row} />
                <span className="xs t3">
                  {row.granted === null ? "–" : count(row.granted)} of{" "}
                  {row.wanted === null ? "–" : count(row.wanted)}
                </span>
              </span>
            </>
          )}
        />
      )}
      <Drawer
        open={opened !== null}
        onClose={() => setOpened(null)}
        title={opened ? `${opened.symbol}, order` : ""}
      >
        {opened && <RefusalPanel refusal={opened} runId={run.run_id} />}
      </Drawer>
    </section>
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
