"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { Sparkline } from "@/components/sparkline";
import { Tabs } from "@/components/tabs";
import { toast } from "@/components/toast";
import { portfolioAPI, type PortfolioSort } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { count, counted, date, rupees } from "@/lib/format";
import type { ClientRow, PortfolioRow } from "@/lib/types";
import { Combined } from "./combined";
import { CreateDialog } from "./create-dialog";
import { clientsQuery, deletedQuery, portfoliosQuery, useChange } from "./queries";
import { GainPercent, GainSum, Sum } from "./words";

const SORTS = [
  "name",
  "created_at",
  "num_positions",
  "invested",
  "market_value",
  "day_change",
  "day_change_pct",
  "unrealised_pnl",
] as const satisfies readonly PortfolioSort[];
const VIEWS = [
  { value: "portfolios", label: "Portfolios" },
  { value: "together", label: "Holdings together" },
] as const;
const SPARK_SESSIONS = 60;
const PAGE = 100;

const COLUMNS: Column<PortfolioRow>[] = [
  {
    id: "name",
    header: "Portfolio",
    width: 260,
    sortBy: "name",
    cell: (row) => (
      <span className="row" style={{ gap: 10 }}>
        <span className="b trunc">{row.name}</span>
        {row.client && <span className="t3 trunc">{row.client}</span>}
      </span>
    ),
    csv: (row) => row.name,
  },
  {
    id: "spark",
    header: `${SPARK_SESSIONS} sessions`,
    width: 108,
    hint: "What the shares held now were worth over the last sessions, splits and bonuses undone",
    cell: (row) => <Sparkline values={row.spark ?? []} />,
  },
  {
    id: "market_value",
    header: "Value",
    unit: "₹",
    align: "right",
    width: 140,
    sortBy: "market_value",
    cell: (row) => <Sum value={row.market_value} />,
    csv: (row) => row.market_value,
  },
  {
    id: "day_change",
    header: "Day",
    unit: "₹",
    align: "right",
    width: 120,
    sortBy: "day_change",
    cell: (row) => <GainSum value={row.day_change} />,
    csv: (row) => row.day_change,
  },
  {
    id: "day_change_pct",
    header: "Day",
    unit: "%",
    align: "right",
    width: 92,
    sortBy: "day_change_pct",
    cell: (row) => <GainPercent value={row.day_change_pct} why="Nothing is held that has a price" />,
    csv: (row) => row.day_change_pct,
  },
  {
    id: "invested",
    header: "Invested",
    unit: "₹",
    align: "right",
    width: 140,
    sortBy: "invested",
    cell: (row) => <Sum value={row.invested} />,
    csv: (row) => row.invested,
  },
  {
    id: "unrealised_pnl",
    header: "Unrealised",
    unit: "₹",
    align: "right",
    width: 140,
    sortBy: "unrealised_pnl",
    cell: (row) => <GainSum value={row.unrealised_pnl} />,
    csv: (row) => row.unrealised_pnl,
  },
  {
    id: "num_positions",
    header: "Stocks",
    align: "right",
    width: 76,
    sortBy: "num_positions",
    cell: (row) => count(row.num_positions),
    csv: (row) => row.num_positions,
  },
  {
    id: "created_at",
    header: "Made",
    width: 116,
    sortBy: "created_at",
    cell: (row) => date(row.created_at),
    csv: (row) => row.created_at,
  },
];

export function ListPage() {
  useCrumbs([{ label: "Analyst" }, { label: "Portfolios" }]);
  const router = useRouter();
  const [{ page, sort, order, search, client, view }, set] = useQueryStates({
    view: parseAsStringLiteral(VIEWS.map((one) => one.value)).withDefault("portfolios"),
    page: parseAsInteger.withDefault(1),
    sort: parseAsStringLiteral(SORTS).withDefault("market_value"),
    order: parseAsStringLiteral(["asc", "desc"] as const).withDefault("desc"),
    search: parseAsString.withDefault(""),
    client: parseAsString,
  });
  const [active, setActive] = useState<number | null>(null);
  const [creating, setCreating] = useState(false);
  const query = useQuery(
    portfoliosQuery({
      page,
      limit: PAGE,
      sort_by: sort,
      sort_order: order,
      search: search || undefined,
      client: client ?? undefined,
      spark: SPARK_SESSIONS,
    }),
  );
  const clients = useQuery(clientsQuery);
  const open = (row: PortfolioRow) => router.push(`/analyst/portfolio/?id=${row.id}`);
  const filtered = search !== "" || client !== null;
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Portfolios</h1>
          <p className="t2">What is held, at the last prices. Each is a ledger of dated transactions.</p>
        </div>
        <button type="button" className="btn p" onClick={() => setCreating(true)}>
          New portfolio
        </button>
      </div>
      {clients.data && clients.data.some((row) => row.client !== null) && (
        <Clients rows={clients.data} chosen={client} choose={(to) => void set({ client: to, page: null })} />
      )}
      <Tabs label="View" tabs={VIEWS} value={view} onChange={(to) => void set({ view: to })} />
      <div id={`panel-${view}`} role="tabpanel" aria-labelledby={`tab-${view}`}>
        {view === "together" ? (
          <Combined client={client} />
        ) : (
          <section className="card" aria-label="Portfolios">
            <DataState
              query={query}
              failed="The portfolios cannot be read"
              isEmpty={(data) => data.meta.total === 0 && !filtered}
              empty={
                <EmptyState
                  title="No portfolio yet"
                  icon="pie"
                  action={
                    <button type="button" className="btn" onClick={() => setCreating(true)}>
                      Make one
                    </button>
                  }
                >
                  Give it a name; its shares come from a broker&apos;s file or are entered by hand.
                </EmptyState>
              }
            >
              {(data) => (
                <>
                  <div className="t-bar">
                    <span className="md">
                      <b className="sb num">{count(data.meta.total)}</b>{" "}
                      <span className="t2">{data.meta.total === 1 ? "portfolio" : "portfolios"}</span>
                    </span>
                    <span className="input" style={{ width: 220 }}>
                      <Icon name="search" size="s" />
                      <input
                        aria-label="Search portfolios"
                        placeholder="Name, client, description"
                        value={search}
                        onChange={(event) => void set({ search: event.target.value || null, page: null })}
                      />
                    </span>
                  </div>
                  {data.data.length === 0 ? (
                    <EmptyState
                      title="No portfolio matches"
                      action={
                        <button
                          type="button"
                          className="btn"
                          onClick={() => void set({ search: null, client: null, page: null })}
                        >
                          Show all
                        </button>
                      }
                    >
                      The search leaves none of them.
                    </EmptyState>
                  ) : (
                    <DataTable
                      label="Portfolios"
                      columns={COLUMNS}
                      rowCount={data.data.length}
                      rowAt={(index) => data.data[index]}
                      rowKey={(row) => String(row.id)}
                      sort={{ by: sort, order }}
                      onSort={(next) =>
                        void set({ sort: next.by as (typeof SORTS)[number], order: next.order, page: null })
                      }
                      active={active}
                      onActive={setActive}
                      onPeek={open}
                      onOpen={open}
                      ownsKeys
                      height={560}
                      phoneRow={(row) => <PhoneRow row={row} />}
                    />
                  )}
                  <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void set({ page: to })} />
                </>
              )}
            </DataState>
          </section>
        )}
      </div>
      <Deleted />
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </div>
  );
}

function PhoneRow({ row }: { row: PortfolioRow }) {
  return (
    <>
      <span className="grow">
        <span className="b trunc" style={{ display: "block" }}>
          {row.name}
        </span>
        <span className="t3 xs trunc num" style={{ display: "block" }}>
          {counted(row.num_positions, "stock")}
          {row.client ? ` · ${row.client}` : ""}
        </span>
      </span>
      <span className="pr num">
        <span>
          <Sum value={row.market_value} />
        </span>
        <span className="xs">
          <GainPercent value={row.day_change_pct} why="Nothing is held that has a price" />
        </span>
      </span>
    </>
  );
}

/** Whose portfolios there are, each with what they are worth together; one of them narrows the list. */
function Clients({
  rows,
  chosen,
  choose,
}: {
  rows: readonly ClientRow[];
  chosen: string | null;
  choose: (client: string | null) => void;
}) {
  return (
    <section className="card" aria-label="Clients" style={{ marginBottom: 12 }}>
      <div className="card-h">
        <h2>Clients</h2>
        {chosen && (
          <button type="button" className="btn sm sp" onClick={() => choose(null)}>
            Show all
          </button>
        )}
      </div>
      <div className="tw-wrap" role="region" aria-label="Clients, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Client</th>
              <th scope="col" className="r">
                Portfolios
              </th>
              <th scope="col" className="r">
                Value <span className="u">₹</span>
              </th>
              <th scope="col" className="r">
                Day <span className="u">₹</span>
              </th>
              <th scope="col" className="r">
                Unrealised <span className="u">₹</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.client ?? ""} aria-selected={row.client !== null && row.client === chosen}>
                <td>
                  {row.client === null ? (
                    <span className="t2">No client</span>
                  ) : (
                    <button type="button" className="link" onClick={() => choose(row.client)}>
                      {row.client}
                    </button>
                  )}
                </td>
                <td className="r">{count(row.portfolios)}</td>
                <td className="r">
                  <Sum value={row.market_value} />
                </td>
                <td className="r">
                  <GainSum value={row.day_change} />
                </td>
                <td className="r">
                  <GainSum value={row.unrealised_pnl} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What can still be brought back; nothing where nothing was deleted. */
function Deleted() {
  const query = useQuery(deletedQuery);
  const restore = useChange(portfolioAPI.restoreStockPortfolio, {
    done: (portfolio) =>
      toast({ title: `${portfolio.name} is back`, text: rupees(Number(portfolio.market_value ?? 0)) }),
  });
  if (!query.data || query.data.length === 0) return null;
  return (
    <section className="card" aria-label="Deleted portfolios" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Deleted</h2>
        <span className="t3 xs sp">Kept 30 days, then gone for good</span>
      </div>
      <ul className="stack card-b" style={{ listStyle: "none" }}>
        {query.data.map((row) => (
          <li key={row.id} className="row between">
            <span className="trunc">
              {row.name} <span className="t3 num">until {date(row.kept_until)}</span>
            </span>
            <button
              type="button"
              className="btn sm"
              disabled={restore.isPending}
              onClick={() => restore.mutate(row.id)}
            >
              Restore
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
