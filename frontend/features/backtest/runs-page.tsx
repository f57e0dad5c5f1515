"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsArrayOf, parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { useState } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Pager } from "@/components/pager";
import { PhoneRun, RUN_AT, runColumns } from "@/components/run-columns";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { useCrumbs } from "@/lib/crumbs";
import { count, counted } from "@/lib/format";
import { runsQuery, strategiesQuery, useIndexName } from "@/lib/queries";
import type { RunCard } from "@/lib/types";

const MOST_COMPARED = 6;

function columns(
  titleOf: (run: RunCard) => string,
  indexName: (id: string) => string,
  chosen: readonly string[],
  choose: (ids: string[]) => void,
): Column<RunCard>[] {
  return [
    {
      id: "name",
      header: "Strategy",
      width: 228,
      cell: (run) => (
        <span className="row" style={{ gap: 10 }}>
          <span className="b trunc" title={titleOf(run)}>
            {titleOf(run)}
          </span>
          <code className="mono t3">{run.run_id.slice(0, 8)}</code>
        </span>
      ),
    },
    ...runColumns(indexName),
    {
      id: "compare",
      header: "Compare",
      align: "center",
      width: 78,
      cell: (run) => (
        <input
          type="checkbox"
          aria-label={`Compare run ${run.run_id.slice(0, 8)}`}
          checked={chosen.includes(run.run_id)}
          disabled={chosen.length >= MOST_COMPARED && !chosen.includes(run.run_id)}
          onClick={(event) => event.stopPropagation()}
          onKeyDown={(event) => event.stopPropagation()}
          onChange={(event) =>
            choose(
              event.target.checked ? [...chosen, run.run_id] : chosen.filter((other) => other !== run.run_id),
            )
          }
        />
      ),
    },
    RUN_AT,
  ];
}

export function RunsPage() {
  useCrumbs([{ label: "Quant" }, { label: "Runs" }]);
  const router = useRouter();
  const [{ page, strategy, compare: chosen }, set] = useQueryStates({
    page: parseAsInteger.withDefault(1),
    strategy: parseAsString,
    compare: parseAsArrayOf(parseAsString).withDefault([]),
  });
  const [active, setActive] = useState<number | null>(null);
  const strategies = useQuery(strategiesQuery);
  const query = useQuery(runsQuery(page, strategy));
  const indexName = useIndexName();
  const names = new Map(strategies.data?.map((card) => [card.strategy_id, card.display_name]));
  const titleOf = (run: RunCard) => run.strategy_ids.map((id) => names.get(id) ?? id).join(" + ");
  const shown = columns(
    titleOf,
    indexName,
    chosen,
    (ids) => void set({ compare: ids.length > 0 ? ids : null }),
  );
  const open = (run: RunCard) => router.push(`/quant/run/?run=${run.run_id}`);
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Runs</h1>
          <p className="t2">Every backtest ever run here, newest first. A run never changes.</p>
        </div>
        <Link className="btn p" href="/quant/backtest/">
          New backtest
        </Link>
      </div>
      <section className="card" aria-label="Runs">
        <DataState
          query={query}
          failed="The runs cannot be read"
          isEmpty={(data) => data.meta.total === 0}
          empty={
            <EmptyState
              title="No run yet"
              icon="spark"
              action={
                strategy ? (
                  <button
                    type="button"
                    className="btn"
                    onClick={() => void set({ strategy: null, page: null })}
                  >
                    Show all runs
                  </button>
                ) : (
                  <Link className="btn" href="/quant/backtest/">
                    Set up a backtest
                  </Link>
                )
              }
            >
              {strategy
                ? `${names.get(strategy) ?? strategy} has not been run.`
                : "A run appears here once a backtest has ended."}
            </EmptyState>
          }
        >
          {(data) => (
            <>
              <div className="t-bar">
                <span className="md">
                  <b className="sb num">{count(data.meta.total)}</b>{" "}
                  <span className="t2">{data.meta.total === 1 ? "run" : "runs"}</span>
                </span>
                <span className="row">
                  {chosen.length > 0 && (
                    <Link className="btn sm" href={`/quant/compare/?runs=${chosen.join(",")}`}>
                      Compare {counted(chosen.length, "run")}
                    </Link>
                  )}
                  <span className="input sel" style={{ width: 200 }}>
                    <select
                      aria-label="Strategy"
                      value={strategy ?? ""}
                      onChange={(event) => void set({ strategy: event.target.value || null, page: null })}
                    >
                      <option value="">All strategies</option>
                      {strategies.data?.map((card) => (
                        <option key={card.strategy_id} value={card.strategy_id}>
                          {card.display_name}
                        </option>
                      ))}
                    </select>
                    <Icon name="down" size="xs" />
                  </span>
                </span>
              </div>
              <DataTable
                label="Runs"
                columns={shown}
                rowCount={data.data.length}
                rowAt={(index) => data.data[index]}
                rowKey={(run) => run.run_id}
                active={active}
                onActive={setActive}
                onPeek={open}
                onOpen={open}
                ownsKeys
                height={620}
                phoneRow={(run) => (
                  <PhoneRun run={run} universe={indexName(run.universe)} title={titleOf(run)} />
                )}
              />
              <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void set({ page: to })} />
            </>
          )}
        </DataState>
      </section>
    </div>
  );
}
