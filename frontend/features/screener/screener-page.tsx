"use client";

import { useQueries, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { ColumnChooser } from "@/components/column-chooser";
import { chooseColumns, DataTable, tableCsv, type Column } from "@/components/data-table";
import { SelectField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Drawer, Sheet } from "@/components/layers";
import { Delta, Kbd, Stamp, Unknown } from "@/components/marks";
import { EmptyState, ErrorState, LoadingState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { useCommands, type Command } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { downloadText } from "@/lib/csv";
import { getErrorMessage } from "@/lib/errors";
import { compactRupees, count, date, grouped } from "@/lib/format";
import { ALL_STOCKS, fieldsQuery, healthQuery } from "@/lib/queries";
import type { ScreenerMeta, ScreenerRow } from "@/lib/types";
import { screenerColumns } from "./columns";
import { Facets } from "./facets";
import { activeFilters, useScreenerState, type ScreenerFilters } from "./filters";
import { allRows, PAGE_SIZE, screenerHeadQuery, screenerPageQuery } from "./queries";

export interface ScreenerPageProps {
  /** What the drawer shows of the stock; given by the route, since features do not know one another. */
  renderStock: (symbol: string) => ReactNode;
}

const stockHref = (symbol: string): string => `/stock/?symbol=${encodeURIComponent(symbol)}`;

const unselect = (run: () => void): Command => ({
  id: "unselect",
  label: "Clear the selection",
  keys: "Escape",
  group: "This page",
  hidden: true,
  run,
});

export function ScreenerPage({ renderStock }: ScreenerPageProps) {
  useCrumbs([{ label: "Screener" }]);
  const router = useRouter();
  const { filters, columns: chosen, stock, set } = useScreenerState();
  const [active, setActive] = useState<number | null>(null);
  const [chooser, setChooser] = useState(false);
  const [sheet, setSheet] = useState(false);
  const search = useRef<HTMLInputElement>(null);

  const cards = useQuery(fieldsQuery);
  const columns = useMemo(
    () => screenerColumns(new Map(cards.data?.fields.map((card) => [card.name, card]))),
    [cards.data],
  );
  const shown = useMemo(() => chooseColumns(columns, chosen), [columns, chosen]);
  const { head, meta, old, rowAt, onVisible } = useRows(filters);

  const change = (next: Parameters<typeof set>[0]) => {
    setActive(null);
    void set(next);
  };
  const clear = () => change({ symbol: null, sector: null, index: null });
  const exporting = useExport(filters, shown, meta);
  useCommands([
    {
      id: "find",
      label: "Filter by symbol",
      keys: "/",
      group: "This page",
      run: () => search.current?.focus(),
    },
    { id: "columns", label: "Columns", keys: "c", group: "This page", run: () => setChooser(true) },
    { id: "export", label: "Export CSV of this list", keys: "e", group: "This page", run: exporting.run },
    // While the drawer is open Escape is its own; it may have mounted before this page.
    ...(stock === null ? [unselect(() => setActive(null))] : []),
    { id: "clear", label: "Clear filters", group: "This page", run: clear },
  ]);
  const peek = (row: ScreenerRow) => void set({ stock: row.symbol });
  const onActive = (index: number) => {
    setActive(index);
    const row = rowAt(index);
    if (stock !== null && row) void set({ stock: row.symbol });
  };
  const facets = <Facets filters={filters} meta={meta} onChange={change} />;
  const narrowed = activeFilters(filters);

  return (
    <div className="scr">
      <div className="scr-top">
        <div className="row between wrap g3">
          <h1>Screener</h1>
          <SymbolFilter
            key={filters.symbol}
            ref={search}
            value={filters.symbol}
            onChange={(symbol) => change({ symbol: symbol || null })}
          />
          <div className="row no-phone" style={{ marginLeft: "auto" }}>
            {filters.index !== ALL_STOCKS && (
              <Link className="btn" href={`/quant/backtest/?universe=${encodeURIComponent(filters.index)}`}>
                <Icon name="flask" size="s" />
                Backtest this universe
              </Link>
            )}
          </div>
        </div>
        {narrowed.length > 0 && (
          <div className="row wrap no-phone" style={{ gap: 6 }}>
            {narrowed.map((filter) => (
              <span className="chip" key={filter.key}>
                <span className="b">{filter.label}</span>
                <span className="op">is</span>
                <span>{filter.value}</span>
                <button
                  type="button"
                  className="x"
                  aria-label={`Remove ${filter.label}`}
                  onClick={() => change({ [filter.key]: null })}
                >
                  <Icon name="x" size="xs" />
                </button>
              </span>
            ))}
            <button type="button" className="btn sm q" onClick={clear}>
              Clear
            </button>
          </div>
        )}
        <div className="row only-phone">
          <button type="button" className="btn grow" onClick={() => setSheet(true)}>
            <Icon name="filter" size="s" />
            Filters{narrowed.length > 0 && ` · ${narrowed.length}`}
          </button>
          <button type="button" className="btn grow" onClick={() => setSheet(true)}>
            <Icon name={filters.order === "desc" ? "sortd" : "arrowup"} size="s" />
            {columns.find((column) => column.sortBy === filters.sort)?.header ?? filters.sort}
          </button>
        </div>
      </div>
      <aside className="facets no-phone" aria-label="Facets">
        {facets}
      </aside>
      <section className="scr-main" aria-label="Results">
        <div className="t-bar">
          <div className="row g3 wrap">
            {head.error && !meta ? <span className="er">No answer</span> : <Counts meta={meta} old={old} />}
          </div>
          <div className="row no-phone">
            <button
              type="button"
              className="btn sm"
              onClick={exporting.run}
              disabled={exporting.busy || !meta?.total}
            >
              <Icon name="csv" size="xs" />
              {exporting.busy ? "Exporting" : "CSV"}
            </button>
            <ColumnChooser
              all={columns}
              shown={shown}
              onChange={(ids) => void set({ columns: ids })}
              open={chooser}
              onOpenChange={setChooser}
            />
          </div>
        </div>
        {head.error && meta === undefined ? (
          <div className="scr-t">
            <ErrorState title="The screener stopped" error={head.error} onRetry={() => void head.refetch()} />
          </div>
        ) : meta === undefined ? (
          <div className="scr-t">
            <LoadingState label="Loading stocks" rows={14} />
          </div>
        ) : meta.total === 0 ? (
          <div className="scr-t">
            <NoStock filters={filters} meta={meta} onClear={clear} />
          </div>
        ) : (
          <div className={`scr-t stack g0 ${old ? "dim" : ""}`} aria-busy={old}>
            <DataTable
              label="Stocks"
              columns={shown}
              rowCount={meta.total}
              rowAt={rowAt}
              rowKey={(row) => row.symbol}
              onVisible={onVisible}
              sort={{ by: filters.sort, order: filters.order }}
              onSort={(sort) => change({ sort: sort.by, order: sort.order })}
              active={active}
              onActive={onActive}
              onPeek={peek}
              onOpen={(row) => router.push(stockHref(row.symbol))}
              ownsKeys
              phoneRow={(row) => <PhoneRow row={row} sort={filters.sort} columns={columns} />}
            />
          </div>
        )}
        <div className="scr-foot no-phone">
          <span className="trunc">{meta && <Definition meta={meta} />}</span>
          <span className="row g4">
            <span>
              <Kbd>j</Kbd> <Kbd>k</Kbd> rows
            </span>
            <span>
              <Kbd>Space</Kbd> flip
            </span>
            <span>
              <Kbd>?</Kbd> keys
            </span>
          </span>
        </div>
      </section>
      <Drawer
        open={stock !== null}
        onClose={() => void set({ stock: null })}
        title={stock ?? ""}
        actions={
          stock && (
            <Link className="btn sm" href={stockHref(stock)}>
              Open page
            </Link>
          )
        }
      >
        {stock && renderStock(stock)}
      </Drawer>
      <Sheet
        open={sheet}
        onClose={() => setSheet(false)}
        title="Filters"
        footer={
          <button type="button" className="btn p" style={{ width: "100%" }} onClick={() => setSheet(false)}>
            Show {count(meta?.total ?? 0)} stocks
          </button>
        }
      >
        <div className="stack g3">
          <SelectField
            label="Sort by"
            value={`${filters.sort} ${filters.order}`}
            onChange={(event) => {
              const [sort, order] = event.target.value.split(" ");
              change({ sort, order: order as "asc" | "desc" });
            }}
          >
            {columns.flatMap((column) =>
              (["desc", "asc"] as const).map((order) => (
                <option key={`${column.id} ${order}`} value={`${column.sortBy} ${order}`}>
                  {column.header}, {order === "desc" ? "from the top" : "from the bottom"}
                </option>
              )),
            )}
          </SelectField>
          {facets}
        </div>
      </Sheet>
    </div>
  );
}

/** The whole list by index, fetched page by page where the eye is. */
function useRows(filters: ScreenerFilters) {
  const health = useQuery(healthQuery);
  const head = useQuery({ ...screenerHeadQuery(filters), enabled: health.data?.data !== null });
  const shown = head.data?.filters ?? filters;
  const old = head.isPlaceholderData;
  const [span, setSpan] = useState({ from: 1, to: 1 });
  const pages = Array.from({ length: span.to - span.from + 1 }, (_, index) => span.from + index);
  const answers = useQueries({
    queries: pages.map((page) => ({ ...screenerPageQuery(shown, page), enabled: head.data !== undefined })),
  });
  const loaded = new Map(pages.map((page, index) => [page, answers[index]?.data?.data]));
  if (head.data) loaded.set(1, head.data.data);
  const rowAt = (index: number): ScreenerRow | undefined =>
    loaded.get(Math.floor(index / PAGE_SIZE) + 1)?.[index % PAGE_SIZE];
  const onVisible = useCallback((first: number, last: number) => {
    const from = Math.floor(first / PAGE_SIZE) + 1;
    const to = Math.floor(last / PAGE_SIZE) + 1;
    setSpan((before) => (before.from === from && before.to === to ? before : { from, to }));
  }, []);
  return { head, meta: head.data?.meta, old, rowAt, onVisible };
}

function useExport(
  filters: ScreenerFilters,
  columns: readonly Column<ScreenerRow>[],
  meta: ScreenerMeta | undefined,
) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      const rows = await allRows(filters);
      const name = ["screener", filters.index, filters.sector, meta?.asof]
        .filter(Boolean)
        .join("-")
        .replaceAll(/[^\w-]+/g, "_");
      downloadText(
        `${name}.csv`,
        tableCsv(
          columns,
          rows,
          meta && { "As of": meta.asof, "Point-in-time": meta.point_in_time, Data: meta.snapshot },
        ),
      );
      toast({ title: `${count(rows.length)} stocks exported`, text: `${name}.csv` });
    } catch (error) {
      toast({ title: "The export stopped", text: getErrorMessage(error), tone: "er" });
    } finally {
      setBusy(false);
    }
  };
  return { busy, run: () => void run() };
}

const TYPING_MS = 250;

function SymbolFilter({
  value,
  onChange,
  ref,
}: {
  value: string;
  onChange: (symbol: string) => void;
  ref: React.Ref<HTMLInputElement>;
}) {
  const [text, setText] = useState(value);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const wanted = text.trim().toUpperCase();
    if (wanted === value) return;
    const timer = setTimeout(() => latest.current(wanted), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className="input symfind">
      <Icon name="search" size="xs" />
      <input
        ref={ref}
        aria-label="Symbol begins with"
        placeholder="Symbol begins with"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onChange(text.trim().toUpperCase());
          if (event.key === "Escape") {
            setText("");
            event.currentTarget.blur();
          }
        }}
      />
      <span className="no-phone">
        <Kbd>/</Kbd>
      </span>
    </div>
  );
}

function Counts({ meta, old }: { meta: ScreenerMeta | undefined; old: boolean }) {
  if (!meta) return <span className="t3">Reading</span>;
  const universe = Object.values(meta.sectors).reduce((sum, members) => sum + members, 0);
  return (
    <>
      <span className={`md ${old ? "dim" : ""}`} role="status">
        <b className="sb num">{count(meta.total)}</b>{" "}
        <span className="t2">
          {universe > meta.total ? (
            <>
              of <span className="num">{count(universe)}</span>
            </>
          ) : (
            "stocks"
          )}
        </span>
      </span>
      <span className="t3 xs num no-phone">
        {meta.milliseconds < 1 ? "under 1 ms" : `${Math.round(meta.milliseconds)} ms`}
      </span>
      {meta.quarantined.length > 0 && (
        <Link
          href="/data#quarantine"
          className="wn xs num"
          title={`A move that nothing explains keeps them out until somebody decides: ${named(meta.quarantined)}`}
        >
          {count(meta.quarantined.length)} held back
        </Link>
      )}
      <Stamp
        asof={meta.asof}
        pointInTime={meta.point_in_time}
        snapshot={meta.snapshot}
        why={meta.point_in_time_note ?? undefined}
      />
    </>
  );
}

const NAMED = 12;

function named(held: ScreenerMeta["quarantined"]): string {
  const first = held.slice(0, NAMED).map((stock) => `${stock.symbol} since ${date(stock.since)}`);
  return first.join(", ") + (held.length > NAMED ? ` and ${count(held.length - NAMED)} more` : "");
}

function Definition({ meta }: { meta: ScreenerMeta }) {
  return (
    <>
      {meta.point_in_time_note ??
        "Prices as traded; averages and returns on prices adjusted for splits and bonuses."}
    </>
  );
}

function NoStock({
  filters,
  meta,
  onClear,
}: {
  filters: ScreenerFilters;
  meta: ScreenerMeta;
  onClear: () => void;
}) {
  const universe = Object.values(meta.sectors).reduce((sum, members) => sum + members, 0);
  const blame = filters.symbol
    ? `No symbol begins with “${filters.symbol}”${filters.sector ? ` in ${filters.sector}` : ""}${filters.index !== ALL_STOCKS ? ` among the members of ${filters.index}` : ""}.`
    : filters.sector
      ? `${filters.sector} has no member in this universe.`
      : "This universe has no member that traded in the session.";
  return (
    <EmptyState
      title="No stock matches"
      action={
        <button type="button" className="btn p" onClick={onClear}>
          Clear filters
        </button>
      }
    >
      {blame} {universe > 0 && `The universe holds ${count(universe)} stocks.`}
    </EmptyState>
  );
}

function PhoneRow({
  row,
  sort,
  columns,
}: {
  row: ScreenerRow;
  sort: string;
  columns: ReturnType<typeof screenerColumns>;
}) {
  const sorted = columns.find(
    (column) => column.sortBy === sort && !["symbol", "sector", "close", "change_pct"].includes(column.id),
  );
  return (
    <>
      <span className="grow">
        <span className="sym">{row.symbol}</span>
        <span className="t3 xs trunc" style={{ display: "block" }}>
          {row.name ?? row.sector}
        </span>
      </span>
      <span className="pr num">
        <span className="b">
          {row.close === null ? <Unknown why="No close in this session" /> : grouped(row.close, 2)}
        </span>
        <span className="xs">
          {row.change_pct === null ? (
            <Unknown why="No close before this session" />
          ) : (
            <Delta value={row.change_pct} />
          )}
        </span>
      </span>
      <span className="pr num m3">
        {sorted && sort !== "turnover" && <span>{sorted.cell(row)}</span>}
        {sorted && sort !== "turnover" ? (
          <span className="xs t3">{sorted.header}</span>
        ) : (
          <>
            <span>
              {row.turnover === null ? (
                <Unknown why="No turnover in this session" />
              ) : (
                compactRupees(row.turnover)
              )}
            </span>
            <span className="xs t3">Turnover</span>
          </>
        )}
      </span>
    </>
  );
}
