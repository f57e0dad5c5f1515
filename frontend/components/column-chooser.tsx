"use client";

import { useState, type DragEvent } from "react";
import type { Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";

export interface ColumnChooserProps<Row> {
  all: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  /** null returns to the default set. */
  onChange: (ids: string[] | null) => void;
  /** Columns that go together, chosen at once; null is the default set. */
  sets?: readonly { name: string; ids: readonly string[] | null }[];
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

/** Searchable, to be ticked and put in order by dragging or by the arrow beside a name. It stays open while ticking. */
export function ColumnChooser<Row>({
  all,
  shown,
  onChange,
  sets = [],
  open,
  onOpenChange,
}: ColumnChooserProps<Row>) {
  const [find, setFind] = useState("");
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const [pinned] = all;
  const chosen = shown.slice(1).map((column) => column.id);
  const hidden = all.slice(1).filter((column) => !chosen.includes(column.id));
  const ordered = [...shown.slice(1), ...hidden];
  const listed = ordered.filter((column) =>
    `${column.header} ${column.id}`.toLowerCase().includes(find.trim().toLowerCase()),
  );

  const place = (id: string, before: string) => {
    const rest = chosen.filter((other) => other !== id);
    const at = rest.indexOf(before);
    onChange(at < 0 ? [...rest, id] : [...rest.slice(0, at), id, ...rest.slice(at)]);
  };
  const drop = (event: DragEvent, before: string) => {
    event.preventDefault();
    if (dragged && dragged !== before) place(dragged, before);
    setDragged(null);
    setOver(null);
  };

  return (
    <Popover
      label="Columns"
      className="colpop"
      open={open}
      onOpenChange={onOpenChange}
      trigger={
        <button type="button" className="btn sm">
          <Icon name="cols" size="xs" />
          Columns <span className="t3 num">{shown.length}</span>
        </button>
      }
    >
      <div className="input" style={{ marginBottom: 6 }}>
        <Icon name="search" size="xs" />
        <input
          placeholder={`Find among ${all.length} fields`}
          aria-label="Find a field"
          value={find}
          onChange={(event) => setFind(event.target.value)}
        />
      </div>
      {sets.length > 0 && (
        <div
          className="row wrap xs"
          style={{ padding: "0 6px 4px", gap: 4 }}
          role="group"
          aria-label="Sets of columns"
        >
          {sets.map((one) => (
            <button
              key={one.name}
              type="button"
              className="btn sm"
              onClick={() => onChange(one.ids === null ? null : [...one.ids])}
            >
              {one.name}
            </button>
          ))}
        </div>
      )}
      {find.trim() !== "" && listed.length === 0 && (
        <button
          type="button"
          className="btn sm"
          style={{ width: "100%" }}
          onClick={() => {
            onChange([...chosen, find.trim()]);
            setFind("");
          }}
        >
          Add the formula {find.trim()}
        </button>
      )}
      <div className="row between xs t3" style={{ padding: "2px 6px 4px" }}>
        <span>{chosen.length + 1} shown</span>
        <button type="button" className="link" onClick={() => onChange(null)}>
          Reset
        </button>
      </div>
      <ul>
        {pinned && !find && (
          <li className="row colrow">
            <span className="t3">
              <Icon name="lock" size="xs" />
            </span>
            <label className="check">
              <input type="checkbox" checked disabled readOnly />
              {pinned.header}
            </label>
          </li>
        )}
        {listed.map((column) => {
          const at = chosen.indexOf(column.id);
          return (
            <li
              key={column.id}
              className={`row colrow ${over === column.id ? "over" : ""}`}
              draggable={at >= 0}
              onDragStart={() => setDragged(column.id)}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(column.id);
              }}
              onDrop={(event) => drop(event, column.id)}
            >
              <span className="t3">
                <Icon name="grip" size="xs" />
              </span>
              <label className="check">
                <input
                  type="checkbox"
                  checked={at >= 0}
                  onChange={() =>
                    onChange(at >= 0 ? chosen.filter((id) => id !== column.id) : [...chosen, column.id])
                  }
                />
                <span className="trunc">
                  {column.header} {column.unit && <span className="t3">{column.unit}</span>}
                </span>
              </label>
              {at > 0 && (
                <button
                  type="button"
                  className="t3 row"
                  aria-label={`Move ${column.header} up`}
                  title="Move up"
                  onClick={() => place(column.id, chosen[at - 1] as string)}
                >
                  <Icon name="arrowup" size="xs" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </Popover>
  );
}
