"use client";

import {
  columnOrderingFeature,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  memo,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type UIEvent,
} from "react";
import { Icon } from "@/components/icon";
import { useCommands } from "@/lib/commands";
import type { CsvValue } from "@/lib/csv";
import { toCsv } from "@/lib/csv";
import { usePreferences } from "@/lib/preferences";
import { useMedia, usePhone } from "@/lib/use-media";

export interface Column<Row> {
  id: string;
  header: string;
  /** Written in the header, never in the cells: "₹", "₹ cr", "%". */
  unit?: string;
  align?: "left" | "right" | "center";
  width: number;
  /** The field the server sorts by; without it the column cannot be sorted. */
  sortBy?: string;
  cell: (row: Row) => ReactNode;
  /** Plain value for the export; a column without one is left out of it. */
  csv?: (row: Row) => CsvValue;
  /** Shown only once it is chosen. */
  optional?: boolean;
  hint?: string;
}

export interface Sort {
  by: string;
  order: "asc" | "desc";
}

export interface DataTableProps<Row> {
  label: string;
  /** In the order shown; the first is pinned. */
  columns: readonly Column<Row>[];
  /** The whole set, loaded or not. */
  rowCount: number;
  /** undefined while the row's page is being fetched. */
  rowAt: (index: number) => Row | undefined;
  /** What a row is known by; without it rows are reused by place, so that another list makes no new ones. */
  rowKey?: (row: Row) => string;
  onVisible?: (first: number, last: number) => void;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  active?: number | null;
  onActive?: (index: number) => void;
  /** A click or Space: look at the row without leaving the list. */
  onPeek?: (row: Row, index: number) => void;
  /** Enter: go to the row's page. */
  onOpen?: (row: Row, index: number) => void;
  /** j, k, Space and Enter work wherever the focus is: for the one table that is the page. */
  ownsKeys?: boolean;
  /** Two-line row for a phone; without it the table scrolls sideways with its first column pinned. */
  phoneRow?: (row: Row) => ReactNode;
  /** "fill" takes the pane's height; a number is the most it may take. */
  height?: "fill" | number;
  foot?: Partial<Record<string, ReactNode>>;
}

const features = tableFeatures({ columnVisibilityFeature, columnOrderingFeature });
const NO_DATA: object[] = [];
const PHONE_ROW_HEIGHT = 61;

/** The one table: virtualised, sorted by the server over the whole set, first column pinned, rows reached by keys. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  "use no memo";
  const {
    label,
    columns,
    rowCount,
    rowAt,
    rowKey,
    onVisible,
    sort,
    onSort,
    active = null,
    height = "fill",
    phoneRow,
    foot,
  } = props;
  const { onActive, onPeek, onOpen, ownsKeys = false } = props;
  const phone = usePhone();
  const list = phone && phoneRow !== undefined;
  const rowHeight = useRowHeight(list);
  const pane = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const wantsFocus = useRef(false);

  const shown = useColumns(columns);
  // On a phone a page-high list scrolls with the page: one scroller for one thumb.
  const pageScrolls = list && height === "fill";
  // eslint-disable-next-line react-hooks/incompatible-library -- "use no memo" above is what the library asks for
  const virtual = useVirtualizer({
    count: rowCount,
    getScrollElement: () => (pageScrolls ? document.getElementById("main") : pane.current),
    estimateSize: () => rowHeight,
    overscan: 10,
    scrollMargin: pageScrolls ? top : 0,
    initialRect: { width: 900, height: 600 },
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  useEffect(() => virtual.measure(), [virtual, rowHeight]);
  useEffect(() => {
    if (pageScrolls && pane.current) setTop(pane.current.offsetTop);
  }, [pageScrolls, rowCount]);
  useEffect(() => {
    if (rowCount > 0) onVisible?.(first, last);
  }, [first, last, rowCount, onVisible]);
  useEffect(() => {
    if (active !== null && active < rowCount) virtual.scrollToIndex(active, { align: "auto" });
  }, [active, rowCount, virtual]);
  useEffect(() => {
    if (!wantsFocus.current || active === null) return;
    const row = pane.current?.querySelector<HTMLElement>(`[data-index="${active}"]`);
    if (row) {
      row.focus({ preventScroll: true });
      wantsFocus.current = false;
    }
  }, [active, first, last]);

  const move = (to: number) => {
    if (rowCount === 0) return;
    wantsFocus.current = true;
    onActive?.(Math.max(0, Math.min(rowCount - 1, to)));
  };
  const withRow = (index: number | null, act?: (row: Row, index: number) => void) => {
    const row = index === null ? undefined : rowAt(index);
    if (row !== undefined && index !== null) act?.(row, index);
  };
  useCommands(
    ownsKeys
      ? [
          {
            id: "row-next",
            label: "Next row",
            keys: "j",
            group: "This page",
            hidden: true,
            run: () => move((active ?? -1) + 1),
          },
          {
            id: "row-previous",
            label: "Previous row",
            keys: "k",
            group: "This page",
            hidden: true,
            run: () => move((active ?? 1) - 1),
          },
          {
            id: "row-peek",
            label: "Look at the row in a drawer",
            keys: " ",
            group: "This page",
            hidden: true,
            run: () => withRow(active ?? 0, onPeek),
          },
          {
            id: "row-open",
            label: onOpen ? "Open the row's page" : "Open the row",
            keys: "Enter",
            group: "This page",
            hidden: true,
            run: () => withRow(active, onOpen ?? onPeek),
          },
        ]
      : [],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, last - first - 20);
    const steps: Record<string, number> = {
      ArrowDown: (active ?? -1) + 1,
      ArrowUp: (active ?? 1) - 1,
      PageDown: (active ?? 0) + page,
      PageUp: (active ?? 0) - page,
      Home: 0,
      End: rowCount - 1,
    };
    const to = steps[event.key];
    if (to !== undefined && onActive && !event.metaKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      move(to);
    } else if (!ownsKeys && event.key === " ") {
      event.preventDefault();
      withRow(active, onPeek);
    } else if (
      event.key === "Enter" &&
      event.target instanceof HTMLElement &&
      event.target.dataset.index !== undefined
    ) {
      event.preventDefault();
      withRow(Number(event.target.dataset.index), onOpen ?? onPeek);
    }
  };
  const interactive = onPeek !== undefined || onOpen !== undefined;
  const rowProps = (index: number) => ({
    "data-index": index,
    "aria-selected": onActive ? index === active : undefined,
    tabIndex: onActive ? (index === (active ?? first) ? 0 : -1) : undefined,
    onClick: () => {
      onActive?.(index);
      withRow(index, onPeek);
    },
  });

  if (list) {
    const offset = pageScrolls ? top : 0;
    return (
      <div
        ref={pane}
        className={pageScrolls ? "" : "tw-wrap"}
        style={pageScrolls ? undefined : { maxHeight: height as number }}
        onKeyDown={onKeyDown}
      >
        <ul
          className="plist"
          aria-label={label}
          style={{
            paddingTop: (items[0]?.start ?? offset) - offset,
            paddingBottom: virtual.getTotalSize() - ((items.at(-1)?.end ?? offset) - offset),
          }}
        >
          {items.map(({ index, key }) => {
            const row = rowAt(index);
            return (
              <li key={key} aria-setsize={rowCount} aria-posinset={index + 1} style={{ height: rowHeight }}>
                <button
                  type="button"
                  className="prow"
                  {...rowProps(index)}
                  aria-selected={undefined}
                  tabIndex={0}
                  aria-current={index === active || undefined}
                >
                  {row === undefined ? (
                    <i className="sk" style={{ height: 12, width: "60%" }} />
                  ) : (
                    phoneRow?.(row)
                  )}
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    );
  }

  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div
      ref={pane}
      className={`tw-wrap ${height === "fill" ? "scr-t" : ""}`}
      style={height === "fill" ? undefined : { maxHeight: height }}
      role="region"
      aria-label={`${label}, scrolls`}
      tabIndex={onActive ? undefined : 0}
      onKeyDown={onKeyDown}
      data-aside="no"
      onScroll={markAside}
    >
      <table
        className="t fixed-cols"
        style={{ width: `max(100%, ${shown.reduce((sum, column) => sum + column.width, 0)}px)` }}
        role={onActive ? "grid" : undefined}
        aria-label={label}
        aria-rowcount={rowCount + 1}
        aria-colcount={shown.length}
      >
        <colgroup>
          {shown.map((column) => (
            <col key={column.id} style={{ width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {shown.map((column, index) => (
              <HeaderCell key={column.id} column={column} pinned={index === 0} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Filler height={before} span={shown.length} />}
          {items.map(({ index, key }) => {
            const row = rowAt(index);
            return (
              <tr
                key={row === undefined || rowKey === undefined ? key : rowKey(row)}
                aria-rowindex={index + 2}
                className={interactive ? "can-open" : undefined}
                {...rowProps(index)}
                style={{ height: rowHeight }}
              >
                <Cells row={row} columns={shown} />
              </tr>
            );
          })}
          {after > 0 && <Filler height={after} span={shown.length} />}
        </tbody>
        {foot && (
          <tfoot>
            <tr>
              {shown.map((column, at) => (
                <td key={column.id} className={cellClass(column, at === 0)}>
                  {foot[column.id]}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

/** The export of what is shown: the visible columns, plain values, the unit in the header, and the stamp on every row. */
export function tableCsv<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  stamp: Record<string, CsvValue> = {},
): string {
  const exported = columns.flatMap((column) => (column.csv ? [{ ...column, csv: column.csv }] : []));
  return toCsv(
    [
      ...exported.map((column) => (column.unit ? `${column.header} (${column.unit})` : column.header)),
      ...Object.keys(stamp),
    ],
    rows.map((row) => [...exported.map((column) => column.csv(row)), ...Object.values(stamp)]),
  );
}

/** The columns to draw: those of `all` that `chosen` names, in its order; without a choice, all that are not optional. */
export function chooseColumns<Row>(
  all: readonly Column<Row>[],
  chosen: readonly string[] | null,
): Column<Row>[] {
  const [pinned, ...rest] = all;
  if (!pinned) return [];
  if (chosen === null) return [pinned, ...rest.filter((column) => !column.optional)];
  const byId = new Map(rest.map((column) => [column.id, column]));
  return [pinned, ...chosen.flatMap((id) => byId.get(id) ?? [])];
}

/** A pinned cell is a layer of its own to the browser, which is only needed while the table is scrolled sideways. */
function markAside({ currentTarget }: UIEvent<HTMLDivElement>): void {
  currentTarget.dataset.aside = currentTarget.scrollLeft > 0 ? "yes" : "no";
}

function useColumns<Row>(columns: readonly Column<Row>[]): readonly Column<Row>[] {
  const definitions = useMemo(
    () => columns.map((column) => ({ id: column.id, header: column.header })),
    [columns],
  );
  const table = useTable({
    features,
    columns: definitions,
    data: NO_DATA,
    state: { columnOrder: definitions.map((column) => column.id), columnVisibility: {} },
  });
  const byId = new Map(columns.map((column) => [column.id, column]));
  return table.getVisibleLeafColumns().flatMap((leaf) => byId.get(leaf.id) ?? []);
}

function useRowHeight(list: boolean): number {
  const { density } = usePreferences();
  const coarse = useMedia("(pointer: coarse)");
  const phone = usePhone();
  if (list) return PHONE_ROW_HEIGHT;
  if (phone) return 44;
  if (coarse) return 48;
  return density === "compact" ? 28 : 36;
}

interface CellsProps<Row> {
  row: Row | undefined;
  columns: readonly Column<Row>[];
}

/** A row's cells, drawn again only for another row or other columns: the page changes far more often than they do. */
const Cells = memo(CellsOfRow, (before, after) => {
  const [a, b] = [before.columns, after.columns];
  return before.row === after.row && a.length === b.length && a.every((column, at) => column === b[at]);
}) as typeof CellsOfRow;

function CellsOfRow<Row>({ row, columns }: CellsProps<Row>): ReactNode {
  return columns.map((column, at) => (
    <td key={column.id} className={cellClass(column, at === 0)}>
      {row === undefined ? <i className="sk" style={{ height: 10, width: "60%" }} /> : column.cell(row)}
    </td>
  ));
}

function HeaderCell<Row>({
  column,
  pinned,
  sort,
  onSort,
}: {
  column: Column<Row>;
  pinned: boolean;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
}) {
  const sorted = sort !== undefined && column.sortBy === sort.by;
  const content = (
    <>
      {column.header}
      {column.unit && (
        <>
          {" "}
          <span className="u">{column.unit}</span>
        </>
      )}
      {sorted && <Icon name={sort.order === "desc" ? "sortd" : "arrowup"} size="xs" />}
    </>
  );
  return (
    <th
      scope="col"
      className={cellClass(column, pinned)}
      aria-sort={sorted ? (sort.order === "asc" ? "ascending" : "descending") : undefined}
      title={column.hint}
    >
      {column.sortBy !== undefined && onSort ? (
        <button
          type="button"
          className="sort"
          onClick={() =>
            onSort({ by: column.sortBy as string, order: nextOrder(column, sorted ? sort : undefined) })
          }
        >
          {content}
        </button>
      ) : (
        content
      )}
    </th>
  );
}

/** Numbers are first sorted from the top, text from A. */
function nextOrder<Row>(column: Column<Row>, sorted: Sort | undefined): Sort["order"] {
  if (sorted) return sorted.order === "asc" ? "desc" : "asc";
  return column.align === "right" ? "desc" : "asc";
}

function cellClass<Row>(column: Column<Row>, pinned: boolean): string {
  const align = column.align === "right" ? "r" : column.align === "center" ? "c" : "";
  return `${align} ${pinned ? "pin edge" : ""}`.trim();
}

function Filler({ height, span }: { height: number; span: number }) {
  return (
    <tr className="gapfill" aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}
