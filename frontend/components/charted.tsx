"use client";

import { useState, type ReactNode } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { date } from "@/lib/format";

/** Turns a chart into the table of what it draws, and back. */
export function TableToggle({
  asTable,
  onChange,
}: {
  asTable: boolean;
  onChange: (asTable: boolean) => void;
}) {
  return (
    <button type="button" className="btn sm" aria-pressed={asTable} onClick={() => onChange(!asTable)}>
      {asTable ? "View as chart" : "View as table"}
    </button>
  );
}

/** A line of a chart over sessions. */
export interface Series {
  name: string;
  unit?: string;
  values: readonly (number | null | undefined)[];
  /** Without its unit, which stands in the head. */
  draw: (value: number) => string;
}

/** A panel with a chart over sessions, which can be read as a table, the latest session first. */
export function Charted({
  title,
  beside,
  label,
  of,
  days,
  series,
  height = 260,
  apart = false,
  children,
  foot,
}: {
  title: string;
  /** After the title. */
  beside?: ReactNode;
  /** What a screen reader calls the panel; without one it is no landmark. */
  label?: string;
  /** What a screen reader calls the table: "Exposure by session". */
  of: string;
  days: readonly string[];
  series: readonly Series[];
  height?: number;
  /** Whether it keeps its distance from what is above by itself. */
  apart?: boolean;
  /** The chart. */
  children: ReactNode;
  foot: ReactNode;
}) {
  const [asTable, setAsTable] = useState(false);
  const columns: Column<number>[] = [
    {
      id: "day",
      header: "Session",
      width: 130,
      cell: (at) => <span className="num">{date(days[at] ?? "")}</span>,
    },
    ...series.map(({ name, unit, values, draw }): Column<number> => ({
      id: name,
      header: name,
      unit,
      align: "right",
      width: 132,
      cell: (at) => {
        const value = values[at];
        return value == null ? <Unknown why="Not known at this close" /> : draw(value);
      },
    })),
  ];
  return (
    <section className="card" aria-label={label} style={apart ? { marginTop: 12 } : undefined}>
      <div className="card-h">
        <h2>{title}</h2>
        {beside}
        <span className="sp">
          <TableToggle asTable={asTable} onChange={setAsTable} />
        </span>
      </div>
      {asTable ? (
        <DataTable
          label={of}
          columns={columns}
          rowCount={days.length}
          rowAt={(index) => days.length - 1 - index}
          rowKey={(at) => days[at] ?? String(at)}
          height={height}
        />
      ) : (
        children
      )}
      <div className="card-f">{foot}</div>
    </section>
  );
}
