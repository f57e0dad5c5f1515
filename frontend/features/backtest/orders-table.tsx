"use client";

import { useMemo, useState, type ReactNode } from "react";
import { DataTable, tableCsv, type Column, type Sort } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Drawer } from "@/components/layers";
import { useCommands } from "@/lib/commands";
import { downloadText } from "@/lib/csv";
import { shortHash } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { sortRows } from "./sort";

/** A long table of a run: it carries all its rows, so they are sorted here; a row opens in the drawer, and all go to a file. */
export function OrdersTable<Row>({
  run,
  title,
  tabs,
  file,
  what,
  rows: all,
  columns,
  shown = columns,
  tools,
  by,
  rowKey,
  phoneRow,
  foot,
  empty,
  note,
  opens,
}: {
  run: RunDetail;
  title: string;
  /** Stands in the place of the title. */
  tabs?: ReactNode;
  /** The name of the file, before the run's. */
  file: string;
  /** "the trades", as the command of the export names them. */
  what: string;
  rows: readonly Row[];
  /** Every column; a row is sorted by what it writes to the file. */
  columns: readonly Column<Row>[];
  /** Those that stand on the page. */
  shown?: readonly Column<Row>[];
  tools?: ReactNode;
  /** The column it is sorted by at first, latest on top. */
  by: string;
  rowKey: (row: Row) => string;
  phoneRow: (row: Row) => ReactNode;
  foot?: Record<string, ReactNode>;
  empty: ReactNode;
  note?: ReactNode;
  opens: (row: Row) => { title: string; actions?: ReactNode; body: ReactNode };
}) {
  const [sort, setSort] = useState<Sort>({ by, order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const [opened, setOpened] = useState<Row | null>(null);
  const rows = useMemo(() => sortRows(all, sort, columns), [all, sort, columns]);
  const exportCsv = () =>
    downloadText(
      `${file}-${shortHash(run.run_id)}.csv`,
      tableCsv(shown, rows, { Run: run.run_id, "Point-in-time": run.point_in_time }),
    );
  useCommands([
    { id: "export", label: `Export CSV of ${what}`, keys: "e", group: "This page", run: exportCsv },
  ]);
  const drawer = opened === null ? null : opens(opened);
  return (
    <section className="card" aria-label={title}>
      <div className="card-h">
        {tabs ?? <h2>{title}</h2>}
        <span className="sp row">
          <button type="button" className="btn sm" onClick={exportCsv} disabled={rows.length === 0}>
            <Icon name="csv" size="xs" />
            CSV
          </button>
          {tools}
        </span>
      </div>
      {rows.length === 0 ? (
        empty
      ) : (
        <DataTable
          label={title}
          columns={shown}
          rowCount={rows.length}
          rowAt={(index) => rows[index]}
          rowKey={rowKey}
          sort={sort}
          onSort={(next) => {
            setActive(null);
            setSort(next);
          }}
          active={active}
          onActive={(index) => {
            setActive(index);
            if (opened !== null) setOpened(rows[index] ?? null);
          }}
          onPeek={setOpened}
          ownsKeys
          height={520}
          phoneRow={phoneRow}
          foot={foot}
        />
      )}
      {rows.length > 0 && note}
      <Drawer
        open={drawer !== null}
        onClose={() => setOpened(null)}
        title={drawer?.title ?? ""}
        actions={drawer?.actions}
      >
        {drawer?.body}
      </Drawer>
    </section>
  );
}
