"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryState } from "nuqs";
import { useState } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Badge, Lifecycle, Unknown } from "@/components/marks";
import { Pager } from "@/components/pager";
import { ProofBadge } from "@/components/proof-badge";
import { PhoneRun, RUN_AT, runColumns } from "@/components/run-columns";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { Tabs } from "@/components/tabs";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { count, exact } from "@/lib/format";
import { libraryQuery, runsQuery, strategiesQuery, useIndexName } from "@/lib/queries";
import { PRODUCTS } from "@/lib/terms";
import type { LibraryEntry, ParameterSchema, RunCard, StrategyCard } from "@/lib/types";
import { Notes } from "./notes";
import { RunFigures } from "./run-figures";
import { SourceHistory } from "./source-history";
import { barsOf, formOf, stateOf } from "./words";

const TABS = ["about", "runs", "source"] as const;

export function StrategyPage() {
  const [id] = useQueryState("strategy", parseAsString);
  const cards = useQuery(strategiesQuery);
  const library = useQuery(libraryQuery);
  const card = cards.data?.find((found) => found.strategy_id === id);
  useCrumbs([
    { label: "Quant" },
    { label: "Strategies", href: "/quant/strategies/" },
    { label: card?.display_name ?? id ?? "Strategy" },
  ]);
  return (
    <div className="page">
      <DataState query={cards} failed="The strategies cannot be read">
        {() => (
          <DataState query={library} failed="The library cannot be read">
            {(entries) => {
              const entry = entries.find((found) => found.strategy_id === id);
              return entry ? <Strategy entry={entry} card={card} /> : <NoSuch id={id} />;
            }}
          </DataState>
        )}
      </DataState>
    </div>
  );
}

function NoSuch({ id }: { id: string | null }) {
  return (
    <section className="card">
      <EmptyState
        title={id === null ? "No strategy is named" : "There is no such strategy"}
        action={
          <Link className="btn p" href="/quant/strategies/">
            See all strategies
          </Link>
        }
      >
        {id === null ? "The address of this page ends with a strategy’s id." : `Nothing is known of ${id}.`}
      </EmptyState>
    </section>
  );
}

function Strategy({ entry, card }: { entry: LibraryEntry; card: StrategyCard | undefined }) {
  const [tab, setTab] = useQueryState("tab", parseAsStringLiteral(TABS).withDefault("about"));
  const router = useRouter();
  const state = stateOf(entry);
  useCommands(
    card
      ? [
          {
            id: "backtest",
            label: "Set up a backtest with it",
            group: "This page",
            run: () => router.push(formOf(entry.strategy_id)),
          },
        ]
      : [],
  );
  return (
    <>
      <div className="page-h">
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>
              {card?.display_name ?? entry.display_name}{" "}
              {card && <span className="t3 num">v{card.version}</span>}
            </h1>
            {card && <Lifecycle state={card.lifecycle_status} />}
            {card && <ProofBadge proofs={[{ strategy_id: card.strategy_id, proof: card.proof }]} />}
            {card?.origin === "own" && (
              <Badge>Your own{card.kind === "vectorised" ? "" : `, ${card.kind}`}</Badge>
            )}
          </div>
          <p className="t2 prose">
            {card?.hypothesis ?? "What it claims is not known while it does not load."}
          </p>
          <div className="row wrap" style={{ gap: "4px 14px" }}>
            <code className="mono t3">{entry.strategy_id}</code>
            {card?.regime && (
              <span>
                <span className="t3">Regime</span> {card.regime}
              </span>
            )}
            {card && (
              <span>
                <span className="t3">Made for</span> {barsOf(card.timeframe).toLowerCase()}
              </span>
            )}
            {card && (
              <span>
                <span className="t3">Product</span> {PRODUCTS[card.product].label}
              </span>
            )}
          </div>
        </div>
        {card && (
          <Link className="btn p" href={formOf(entry.strategy_id)}>
            <Icon name="play" size="s" />
            New backtest
          </Link>
        )}
      </div>
      {state && (
        <div className="callout wn" role="status" style={{ marginBottom: 12 }}>
          <Icon name="warn" size="s" />
          <div>
            <b className="b">{state.badge}.</b> {state.sentence}
          </div>
        </div>
      )}
      <Tabs
        label="About the strategy"
        value={tab}
        onChange={(value) => void setTab(value)}
        tabs={[
          { value: "about", label: "About" },
          {
            value: "runs",
            label: (
              <>
                Runs <span className="t3 num">{count(entry.runs)}</span>
              </>
            ),
          },
          {
            value: "source",
            label: (
              <>
                Source and history <span className="t3 num">{count(entry.versions)}</span>
              </>
            ),
          },
        ]}
      />
      <div
        id={`panel-${tab}`}
        role="tabpanel"
        aria-labelledby={`tab-${tab}`}
        style={{ marginTop: 12 }}
        className="stack g3"
      >
        {tab === "about" && <About entry={entry} card={card} />}
        {tab === "runs" && <Runs strategyId={entry.strategy_id} />}
        {tab === "source" && <SourceHistory strategyId={entry.strategy_id} />}
      </div>
    </>
  );
}

function About({ entry, card }: { entry: LibraryEntry; card: StrategyCard | undefined }) {
  return (
    <>
      <div className="grid runb" style={{ alignItems: "start" }}>
        {card ? (
          <Notes key={card.updated_at} card={card} />
        ) : (
          <section className="card">
            <EmptyState title="Nothing is said">
              Its description and its notes are shown again once its file loads.
            </EmptyState>
          </section>
        )}
        <section className="card">
          <div className="card-h">
            <h2>Typical and best run</h2>
          </div>
          <div className="card-b">
            <RunFigures entry={entry} />
          </div>
          <div className="card-f">
            Typical: the median over its stored runs, each figure for itself, whatever the universe and the
            period. Best: the highest Sharpe, which rises with the number of trials by luck alone.
          </div>
        </section>
      </div>
      {card && <Parameters card={card} />}
      {card && <Proof card={card} />}
    </>
  );
}

function Parameters({ card }: { card: StrategyCard }) {
  const schema = card.parameters as ParameterSchema;
  const rows = Object.entries(schema.properties ?? {});
  const shown = (value: unknown) =>
    typeof value === "number" ? (
      exact(value)
    ) : value === undefined ? (
      <Unknown why="No limit is set" />
    ) : (
      String(value)
    );
  return (
    <section className="card">
      <div className="card-h">
        <h2>Parameters</h2>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No parameter">The strategy takes none.</EmptyState>
      ) : (
        <div className="tw-wrap" role="region" aria-label="Parameters, scrolls" tabIndex={0}>
          <table className="t num">
            <thead>
              <tr>
                <th scope="col" className="pin edge">
                  Name
                </th>
                <th scope="col">What it is</th>
                <th scope="col" className="r">
                  Default
                </th>
                <th scope="col" className="r">
                  From
                </th>
                <th scope="col" className="r">
                  To
                </th>
                <th scope="col">Unit</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, about]) => (
                <tr key={name}>
                  <th scope="row" className="pin edge">
                    <code className="mono">{name}</code>
                  </th>
                  <td>{about.description}</td>
                  <td className="r">{shown(about.default)}</td>
                  <td className="r">{shown(about.minimum)}</td>
                  <td className="r">{shown(about.maximum)}</td>
                  <td className="t2">{about.unit}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="card-f">
        Every trial of another value counts towards the deflated Sharpe of its runs.
      </div>
    </section>
  );
}

function Proof({ card }: { card: StrategyCard }) {
  const { proof } = card;
  return (
    <section className="card">
      <div className="card-h">
        <h2>Search for look-ahead</h2>
      </div>
      <div className="card-b stack g2">
        <p>{proof?.sentence ?? "Not searched yet: it is when the server has time, and with each run."}</p>
        {proof?.findings.map((finding) => (
          <code className="mono t2" key={JSON.stringify(finding)}>
            {`${String(finding.field)} of ${String(finding.symbol ?? "every instrument")} at ${String(finding.session)}: ${String(finding.then)} as known then, ${String(finding.hindsight)} in hindsight`}
          </code>
        ))}
        {card.citation && (
          <p className="t2">
            <span className="t3">Source</span> {card.citation}
          </p>
        )}
      </div>
      <div className="card-f">
        At the default parameters. A pass says on what it was searched; parameters fitted to the whole history
        it cannot see.
      </div>
    </section>
  );
}

const NAME: Column<RunCard> = {
  id: "run",
  header: "Run",
  width: 170,
  cell: (run) => (
    <span className="row g2">
      <code className="mono">{run.run_id.slice(0, 10)}</code>
      {run.strategy_ids.length > 1 && <span className="t3">with {run.strategy_ids.length - 1} more</span>}
    </span>
  ),
};

function Runs({ strategyId }: { strategyId: string }) {
  const [page, setPage] = useQueryState("page", parseAsInteger.withDefault(1));
  const [active, setActive] = useState<number | null>(null);
  const router = useRouter();
  const indexName = useIndexName();
  const query = useQuery(runsQuery(page, strategyId));
  const open = (run: RunCard) => router.push(`/quant/run/?run=${run.run_id}`);
  return (
    <section className="card" aria-label="Runs">
      <h2 className="sr">Runs</h2>
      <DataState
        query={query}
        failed="The runs cannot be read"
        isEmpty={(data) => data.meta.total === 0}
        empty={
          <EmptyState
            title="Never run here"
            icon="spark"
            action={
              <Link className="btn" href={formOf(strategyId)}>
                Set up a backtest
              </Link>
            }
          >
            A run appears here once a backtest of this strategy has ended.
          </EmptyState>
        }
      >
        {(data) => (
          <>
            <DataTable
              label="Runs of the strategy"
              columns={[NAME, ...runColumns(indexName), RUN_AT]}
              rowCount={data.data.length}
              rowAt={(index) => data.data[index]}
              rowKey={(run) => run.run_id}
              active={active}
              onActive={setActive}
              onPeek={open}
              onOpen={open}
              ownsKeys
              height={560}
              phoneRow={(run) => (
                <PhoneRun
                  run={run}
                  universe={indexName(run.universe)}
                  title={<code className="mono">{run.run_id.slice(0, 10)}</code>}
                />
              )}
            />
            <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void setPage(to)} />
          </>
        )}
      </DataState>
    </section>
  );
}
