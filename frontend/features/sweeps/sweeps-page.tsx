"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsInteger, useQueryStates } from "nuqs";
import { Badge, Unknown } from "@/components/marks";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { useCrumbs } from "@/lib/crumbs";
import { count, dateRange, instant, percent, ratio } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { Metrics, SweepCard } from "@/lib/types";
import { sweepsQuery, walksQuery } from "./queries";
import { SearchForm } from "./search-form";

const TONE = { QUEUED: "inf", RUNNING: "inf", FINISHED: "ok", FAILED: "er", INTERRUPTED: "wn" } as const;

const STATE: Record<SweepCard["state"], string> = {
  QUEUED: "Waiting",
  RUNNING: "Running",
  FINISHED: "Finished",
  FAILED: "Failed",
  INTERRUPTED: "Interrupted",
};

export function SweepState({ state }: { state: SweepCard["state"] }) {
  return <Badge tone={TONE[state]}>{STATE[state]}</Badge>;
}

export function SweepsPage() {
  useCrumbs([{ label: "Quant" }, { label: "Sweeps" }]);
  const [{ page, walks }, set] = useQueryStates({
    page: parseAsInteger.withDefault(1),
    walks: parseAsInteger.withDefault(1),
  });
  const sweeps = useQuery(sweepsQuery(page));
  const forwards = useQuery(walksQuery(walks));
  const cards = useQuery(strategiesQuery);
  const indexName = useIndexName();
  const name = (id: string) => cards.data?.find((card) => card.strategy_id === id)?.display_name ?? id;
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Sweeps and walk-forwards</h1>
          <p className="t2">
            A search finds a best point in noise, too. What is searched here is counted, and the pages say how
            much of the best is the search.
          </p>
        </div>
      </div>
      <SearchForm />
      <section className="card" style={{ marginTop: 12 }} aria-label="Sweeps">
        <div className="card-h">
          <h2>Sweeps</h2>
        </div>
        <DataState
          query={sweeps}
          failed="The sweeps cannot be read"
          isEmpty={(data) => data.meta.total === 0}
          empty={
            <EmptyState title="No sweep yet" icon="filter">
              Give one or two parameters values above, and start.
            </EmptyState>
          }
        >
          {(data) => (
            <>
              <div className="tw-wrap">
                <table className="t num">
                  <thead>
                    <tr>
                      <th scope="col" className="pin edge">
                        Strategy
                      </th>
                      <th scope="col">Parameters</th>
                      <th scope="col">Universe</th>
                      <th scope="col">Period</th>
                      <th scope="col" className="r">
                        Points
                      </th>
                      <th scope="col">State</th>
                      <th scope="col">Asked for</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.data.map((sweep) => (
                      <tr key={sweep.sweep_id}>
                        <th scope="row" className="pin edge">
                          <Link className="link b" href={`/quant/sweep/?sweep=${sweep.sweep_id}`}>
                            {name(sweep.strategy_id)}
                          </Link>{" "}
                          <code className="mono t3">{sweep.sweep_id.slice(0, 8)}</code>
                        </th>
                        <td>{sweep.parameters.join(", ")}</td>
                        <td>{sweep.universes.map(indexName).join(", ")}</td>
                        <td>{dateRange(sweep.start_date, sweep.end_date)}</td>
                        <td className="r">
                          {sweep.done < sweep.points
                            ? `${count(sweep.done)} of ${count(sweep.points)}`
                            : count(sweep.points)}
                        </td>
                        <td>
                          <SweepState state={sweep.state} />
                        </td>
                        <td>{instant(sweep.created_at)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void set({ page: to })} />
            </>
          )}
        </DataState>
      </section>
      <section className="card" style={{ marginTop: 12 }} aria-label="Walk-forwards">
        <div className="card-h">
          <h2>Walk-forwards</h2>
        </div>
        <DataState
          query={forwards}
          failed="The walk-forwards cannot be read"
          isEmpty={(data) => data.meta.total === 0}
          empty={
            <EmptyState title="No walk-forward yet" icon="spark">
              Choose Walk-forward above: parameters are chosen on the past and tested on what came after.
            </EmptyState>
          }
        >
          {(data) => (
            <>
              <div className="tw-wrap">
                <table className="t num">
                  <thead>
                    <tr>
                      <th scope="col" className="pin edge">
                        Strategy
                      </th>
                      <th scope="col">Universe</th>
                      <th scope="col">Period</th>
                      <th scope="col">Windows</th>
                      <th scope="col" className="r">
                        CAGR, tested
                      </th>
                      <th scope="col" className="r">
                        Sharpe, tested
                      </th>
                      <th scope="col">Asked for</th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.data.map((walk) => {
                      const { cagr, sharpe } = walk.metrics as Metrics;
                      return (
                        <tr key={walk.walk_forward_id}>
                          <th scope="row" className="pin edge">
                            <Link className="link b" href={`/quant/walk-forward/?id=${walk.walk_forward_id}`}>
                              {name(walk.strategy_id)}
                            </Link>{" "}
                            <code className="mono t3">{walk.walk_forward_id.slice(0, 8)}</code>
                          </th>
                          <td>{indexName(walk.universe)}</td>
                          <td>{dateRange(walk.start_date, walk.end_date)}</td>
                          <td>
                            {walk.mode}, {count(walk.train)} → {count(walk.test)}
                          </td>
                          <td className="r">
                            {typeof cagr === "number" ? percent(cagr) : <Unknown why="Not defined" />}
                          </td>
                          <td className="r">
                            {typeof sharpe === "number" ? ratio(sharpe) : <Unknown why="Not defined" />}
                          </td>
                          <td>{instant(walk.created_at)}</td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </div>
              <Pager page={walks} pages={data.meta.total_pages} onPage={(to) => void set({ walks: to })} />
            </>
          )}
        </DataState>
      </section>
    </div>
  );
}
