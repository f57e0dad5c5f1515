"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { ColumnChooser } from "@/components/column-chooser";
import { chooseColumns, DataTable } from "@/components/data-table";
import { SelectField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Drawer, Sheet } from "@/components/layers";
import { Badge, Kbd } from "@/components/marks";
import { ErrorState, LoadingState } from "@/components/shared/DataState";
import { useCommands, type Command } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { count, counted } from "@/lib/format";
import { ALL_STOCKS, fieldsQuery, useIndexName } from "@/lib/queries";
import type { ScreenerRow } from "@/lib/types";
import { usePhone } from "@/lib/use-media";
import { Builder } from "./builder";
import { askedFor, COLUMN_SETS, screenerColumns } from "./columns";
import { Counts } from "./counts";
import { ExpressionBar, placeOf, whyNot } from "./expression-bar";
import { Facets } from "./facets";
import {
  activeFilters,
  questionOf,
  stateOf,
  useScreenerState,
  type Change,
  type ScreenerFilters,
} from "./filters";
import { MakeStrategy } from "./make-strategy";
import { NoStock } from "./no-stock";
import { PhoneRow } from "./phone-row";
import { PAGE_SIZE, screenerPageQuery, type ScreenerAsk } from "./queries";
import { Why } from "./reasons";
import { Saving, useSaved } from "./saving";
import { ScreensMenu } from "./screens-menu";
import { SymbolFilter } from "./symbol-filter";
import { useExport, useRows } from "./use-rows";
import { useWatchlist } from "@/components/use-watchlist";

export interface ScreenerPageProps {
  /** What the drawer shows of the stock; given by the route, since features do not know one another. */
  renderStock: (symbol: string) => ReactNode;
}

const stockHref = (symbol: string): string => `/stock/?symbol=${encodeURIComponent(symbol)}`;

/** The history asks by expression alone, so that a sector becomes a part of it. */
const historyHref = (q: string, { index, type, sector }: ScreenerFilters): string =>
  `/screener/history/?${new URLSearchParams({
    q: sector === null ? q : `(${q}) and sector == ${JSON.stringify(sector)}`,
    ...(index !== ALL_STOCKS && { index }),
    ...(type !== "EQUITY" && { type }),
  })}`;

const NO_FILTER: Change = {
  q: null,
  preset: null,
  symbol: null,
  sector: null,
  index: null,
  type: null,
  screen: null,
};

const unselect = (run: () => void): Command => ({
  id: "unselect",
  label: "Clear the selection",
  keys: "Escape",
  group: "This page",
  hidden: true,
  run,
});

export function ScreenerPage({ renderStock }: ScreenerPageProps) {
  const router = useRouter();
  const client = useQueryClient();
  const phone = usePhone();
  const {
    filters,
    columns: chosen,
    stock,
    screen: screenId,
    page,
    open,
    set,
    ask: show,
  } = useScreenerState();
  const [active, setActive] = useState<number | null>(page > 1 ? (page - 1) * PAGE_SIZE : null);
  const [chooser, setChooser] = useState(false);
  const [adding, setAdding] = useState(false);
  const [sheet, setSheet] = useState(false);
  const [making, setMaking] = useState(false);
  const focusEditor = useRef<() => void>(() => undefined);
  const search = useRef<HTMLInputElement>(null);

  const question = questionOf(filters, chosen);
  const { screen, changed, gone } = useSaved(screenId, question);
  useCrumbs([
    { label: "Screener", ...(screen && { href: "/screener/" }) },
    ...(screen ? [{ label: screen.name }] : []),
  ]);
  useEffect(() => {
    if (open !== null && screen) void set({ ...stateOf(screen.question), open: null });
  }, [open, screen, set]);
  const fields = useQuery(fieldsQuery);
  const cards = useMemo(() => new Map(fields.data?.fields.map((card) => [card.name, card])), [fields.data]);
  const { watched, toggle } = useWatchlist();
  const ask: ScreenerAsk = { filters, more: askedFor(chosen) };
  const seen = useRef(page);
  const onPage = useCallback(
    (now: number) => {
      if (now === seen.current) return;
      seen.current = now;
      void set({ page: now > 1 ? now : null });
    },
    [set],
  );
  const { head, meta, old, rowAt, onVisible } = useRows(ask, onPage);
  const columns = useMemo(
    () => screenerColumns(cards, chosen, meta?.columns ?? [], watched),
    [cards, chosen, meta?.columns, watched],
  );
  const shown = useMemo(() => chooseColumns(columns, chosen), [columns, chosen]);

  const change = (next: Change) => {
    setActive(null);
    seen.current = 1;
    show(next);
  };
  const clear = () => change(NO_FILTER);
  const exporting = useExport(ask, shown, meta);
  const watchedRow = stock ?? (active === null ? undefined : rowAt(active)?.symbol);
  useCommands([
    {
      id: "find",
      label: "Write the expression",
      keys: "/",
      group: "This page",
      run: () => focusEditor.current(),
    },
    { id: "add", label: "Add a filter", keys: "f", group: "This page", run: () => setAdding(true) },
    { id: "symbol", label: "Filter by symbol", group: "This page", run: () => search.current?.focus() },
    { id: "columns", label: "Columns", keys: "c", group: "This page", run: () => setChooser(true) },
    {
      id: "watch",
      label: "Put the selected stock on the watchlist, or take it off",
      keys: "w",
      group: "This page",
      run: () => watchedRow && toggle(watchedRow),
    },
    ...(meta?.expression
      ? [
          {
            id: "make",
            label: "Make a strategy of this screen",
            keys: "m",
            group: "This page" as const,
            run: () => setMaking(true),
          },
          {
            id: "history",
            label: "History of this screen",
            group: "This page" as const,
            run: () => router.push(historyHref(meta.expression as string, filters)),
          },
        ]
      : []),
    { id: "export", label: "Export CSV of this list", keys: "e", group: "This page", run: exporting.csv },
    { id: "copy", label: "Copy this list", group: "This page", run: exporting.copy },
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
  const narrowed = activeFilters(filters, useIndexName());
  const asks = filters.q !== "" || narrowed.length > 0;
  const near = (next: Partial<Pick<ScreenerFilters, "index" | "sector">>) =>
    void client.prefetchQuery(screenerPageQuery({ filters: { ...filters, ...next }, more: ask.more }, 1));
  const facets = <Facets filters={filters} meta={meta} onChange={change} onNear={near} />;
  const expression = (
    <ExpressionBar
      filters={filters}
      onChange={(q) => change({ q: q || null })}
      onFocusReady={useCallback((focus: () => void) => void (focusEditor.current = focus), [])}
    />
  );
  const builder = (
    <div className="row wrap" style={{ gap: 6 }}>
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
      <Builder
        q={filters.q}
        cards={cards}
        onChange={(q) => change({ q: q || null })}
        adding={adding}
        onAdding={setAdding}
      />
      {asks && (
        <button type="button" className="btn sm q" onClick={clear}>
          Clear
        </button>
      )}
    </div>
  );

  return (
    <div className="scr">
      <div className="scr-top">
        <div className="row between wrap g3">
          <div className="row g3 wrap">
            <h1>{screen?.name ?? "Screener"}</h1>
            {gone && <Badge tone="wn">The saved screen of this link no longer exists</Badge>}
            {screen && (
              <Badge tone="line">
                Saved · v{screen.version}
                {changed && " · changed"}
              </Badge>
            )}
          </div>
          <div className="row wrap scr-acts">
            <ScreensMenu
              onScreen={(one) => change({ ...stateOf(one.question), screen: one.id })}
              onPreset={(one) =>
                change({
                  q: one.expression,
                  preset: null,
                  screen: null,
                  sort: one.sort_by,
                  order: one.sort_order,
                })
              }
            />
            <Saving
              screen={screen}
              changed={changed}
              question={question}
              onSaved={(one) => void set({ screen: one.id })}
              onGone={() => void set({ screen: null })}
              onFile={(_, read) => change({ ...stateOf(read), screen: null })}
            />
            {meta?.expression && (
              <>
                <Link className="btn" href={historyHref(meta.expression, filters)}>
                  <Icon name="clock" size="s" />
                  History
                </Link>
                <button type="button" className="btn p no-phone" onClick={() => setMaking(true)}>
                  <Icon name="flask" size="s" />
                  Make strategy
                </button>
              </>
            )}
          </div>
        </div>
        {!phone && builder}
        {!phone && expression}
        <div className="row only-phone">
          <button type="button" className="btn grow" onClick={() => setSheet(true)}>
            <Icon name="filter" size="s" />
            Filters{asks && ` · ${narrowed.length + (filters.q ? 1 : 0)}`}
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
            <SymbolFilter
              ref={search}
              value={filters.symbol}
              onChange={(symbol) => change({ symbol: symbol || null })}
            />
            <button
              type="button"
              className="btn sm"
              onClick={exporting.csv}
              disabled={exporting.busy || !meta?.total}
            >
              <Icon name="csv" size="xs" />
              {exporting.busy ? "Exporting" : "CSV"}
            </button>
            <button
              type="button"
              className="btn sm i"
              aria-label="Copy the list"
              title="Copy the list"
              onClick={exporting.copy}
              disabled={exporting.busy || !meta?.total}
            >
              <Icon name="copy" size="xs" />
            </button>
            <ColumnChooser
              all={columns}
              shown={shown}
              sets={COLUMN_SETS}
              onChange={(ids) => void set({ columns: ids })}
              open={chooser}
              onOpenChange={setChooser}
            />
          </div>
        </div>
        {head.error && (meta === undefined || old) ? (
          <div className="scr-t">
            <ErrorState
              title={whyNot(head.error, "The screener stopped")}
              error={head.error}
              onRetry={() => void head.refetch()}
            />
            {filters.asof !== null && !placeOf(head.error) && (
              <p style={{ textAlign: "center" }}>
                <button type="button" className="btn sm" onClick={() => change({ asof: null })}>
                  Go to the newest session
                </button>
              </p>
            )}
          </div>
        ) : meta === undefined ? (
          <div className="scr-t">
            <LoadingState label="Loading stocks" rows={14} />
          </div>
        ) : meta.total === 0 ? (
          <div className="scr-t">
            <NoStock
              filters={filters}
              meta={meta}
              onClear={clear}
              onStock={(symbol) => void set({ stock: symbol })}
            />
          </div>
        ) : (
          <div className={`scr-t stack g0 ${old ? "dim" : ""}`} aria-busy={old}>
            <DataTable
              label="Stocks"
              columns={shown}
              rowCount={meta.total}
              rowAt={rowAt}
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
          <span className="trunc">
            {meta && meta.unknown > 0 && `Of ${count(meta.unknown)} stocks it cannot be told. `}
            {meta &&
              (meta.point_in_time_note ??
                "Prices as traded; averages and returns on prices adjusted for splits and bonuses.")}
          </span>
          <span className="row g4">
            <span>
              <Kbd>j</Kbd> <Kbd>k</Kbd> rows
            </span>
            <span>
              <Kbd>Space</Kbd> flip
            </span>
            <span>
              <Kbd>w</Kbd> watch
            </span>
            <span>
              <Kbd>?</Kbd> keys
            </span>
          </span>
        </div>
      </section>
      <MakeStrategy
        open={making}
        onClose={() => setMaking(false)}
        filters={filters}
        suggested={screen?.name ?? ""}
      />
      <Drawer
        open={stock !== null}
        onClose={() => void set({ stock: null })}
        title={stock ?? ""}
        actions={
          stock && (
            <>
              <button
                type="button"
                className="btn sm"
                aria-pressed={watched.has(stock)}
                onClick={() => toggle(stock)}
              >
                <Icon name={watched.has(stock) ? "starred" : "star"} size="xs" />
                {watched.has(stock) ? "Watched" : "Watch"}
              </button>
              <Link className="btn sm" href={stockHref(stock)}>
                Open page
              </Link>
            </>
          )
        }
      >
        {stock && renderStock(stock)}
        {stock && meta?.expression && (
          <div className="card-b" style={{ paddingInline: 14 }}>
            <h3 className="t3 xs">In this screen</h3>
            <Why symbol={stock} filters={filters} />
          </div>
        )}
      </Drawer>
      <Sheet
        open={sheet}
        onClose={() => setSheet(false)}
        title="Filters"
        footer={
          <button type="button" className="btn p" style={{ width: "100%" }} onClick={() => setSheet(false)}>
            {meta ? `Show ${counted(meta.total, "stock")}` : "Back to the list"}
          </button>
        }
      >
        <div className="stack g3">
          {phone && expression}
          {phone && builder}
          <SelectField
            label="Sort by"
            value={`${filters.sort} ${filters.order}`}
            onChange={(event) => {
              const at = event.target.value.lastIndexOf(" ");
              change({
                sort: event.target.value.slice(0, at),
                order: event.target.value.slice(at + 1) as "asc" | "desc",
              });
            }}
          >
            {shown
              .filter((column) => column.sortBy !== undefined)
              .flatMap((column) =>
                (["desc", "asc"] as const).map((order) => (
                  <option key={`${column.id} ${order}`} value={`${column.sortBy} ${order}`}>
                    {column.header}, {order === "desc" ? "from the top" : "from the bottom"}
                  </option>
                )),
              )}
          </SelectField>
          <div>{facets}</div>
        </div>
      </Sheet>
    </div>
  );
}
