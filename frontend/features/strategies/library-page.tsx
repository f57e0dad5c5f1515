"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsString, useQueryStates } from "nuqs";
import { useRef } from "react";
import { Icon } from "@/components/icon";
import { LoadErrors } from "@/components/load-errors";
import { Badge, Lifecycle } from "@/components/marks";
import { ProofBadge } from "@/components/proof-badge";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { count } from "@/lib/format";
import { libraryQuery, strategiesQuery } from "@/lib/queries";
import type { LibraryEntry, StrategyCard } from "@/lib/types";
import { RunFigures } from "./run-figures";
import { barsOf, pageOf, stateOf } from "./words";

interface Row {
  entry: LibraryEntry;
  /** What it claims; none where it cannot be run any more. */
  card: StrategyCard | undefined;
}

export function LibraryPage() {
  useCrumbs([{ label: "Quant" }, { label: "Strategies" }]);
  const library = useQuery(libraryQuery);
  const cards = useQuery(strategiesQuery);
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Strategies</h1>
          <p className="t2">
            What each claims, when it loses, and what its runs here say: the typical one is the median of all,
            the best one has the number of trials it is the best of.
          </p>
        </div>
        <Link className="btn p" href="/quant/backtest/">
          New backtest
        </Link>
      </div>
      <LoadErrors />
      <section className="card" aria-label="Strategies">
        <DataState query={cards} failed="The strategies cannot be read">
          {(known) => (
            <DataState query={library} failed="The library cannot be read">
              {(entries) => (
                <Library
                  rows={entries.map((entry) => ({
                    entry,
                    card: known.find((card) => card.strategy_id === entry.strategy_id),
                  }))}
                />
              )}
            </DataState>
          )}
        </DataState>
      </section>
    </div>
  );
}

const matches = ({ entry, card }: Row, text: string): boolean =>
  [entry.strategy_id, entry.display_name, card?.display_name, card?.hypothesis, card?.when_it_loses]
    .join(" ")
    .toLowerCase()
    .includes(text.toLowerCase());

function Library({ rows }: { rows: readonly Row[] }) {
  const [{ regime, bars, find }, set] = useQueryStates({
    regime: parseAsString,
    bars: parseAsString,
    find: parseAsString,
  });
  const list = useRef<HTMLUListElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const step = (by: 1 | -1) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>("h3 a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  };
  useCommands([
    {
      id: "find",
      label: "Find a strategy",
      keys: "/",
      group: "This page",
      run: () => search.current?.focus(),
    },
    {
      id: "row-next",
      label: "Next strategy",
      keys: "j",
      group: "This page",
      hidden: true,
      run: () => step(1),
    },
    {
      id: "row-previous",
      label: "Previous strategy",
      keys: "k",
      group: "This page",
      hidden: true,
      run: () => step(-1),
    },
  ]);
  const distinct = (of: (row: Row) => string | null | undefined) =>
    [...new Set(rows.map(of).filter((value): value is string => Boolean(value)))].sort();
  const shown = rows.filter(
    (row) =>
      (!regime || row.card?.regime === regime) &&
      (!bars || row.card?.timeframe === bars) &&
      (!find || matches(row, find)),
  );
  return (
    <>
      <div className="t-bar">
        <span className="md">
          <b className="sb num">{count(shown.length)}</b>{" "}
          <span className="t2">
            {shown.length === rows.length ? "" : `of ${count(rows.length)} `}
            {rows.length === 1 ? "strategy" : "strategies"}
          </span>
        </span>
        <span className="row wrap">
          <span className="input" style={{ width: 190 }}>
            <Icon name="search" size="xs" />
            <input
              ref={search}
              aria-label="Find a strategy"
              placeholder="Name, claim, loss"
              value={find ?? ""}
              onChange={(event) => void set({ find: event.target.value || null })}
            />
          </span>
          <Choice
            label="Regime"
            all="Every regime"
            value={regime}
            options={distinct((row) => row.card?.regime).map((name) => ({ value: name, text: name }))}
            onChange={(value) => void set({ regime: value })}
          />
          <Choice
            label="Bars"
            all="All bars"
            value={bars}
            options={distinct((row) => row.card?.timeframe).map((name) => ({
              value: name,
              text: barsOf(name),
            }))}
            onChange={(value) => void set({ bars: value })}
          />
        </span>
      </div>
      <h2 className="sr">List</h2>
      {shown.length === 0 ? (
        <EmptyState
          title="No strategy matches"
          action={
            <button
              type="button"
              className="btn"
              onClick={() => void set({ find: null, regime: null, bars: null })}
            >
              Show all {count(rows.length)}
            </button>
          }
        >
          {[find && `“${find}”`, regime, bars && barsOf(bars)].filter(Boolean).join(", ")} together leave
          none.
        </EmptyState>
      ) : (
        <ul className="lib" ref={list}>
          {shown.map((row) => (
            <Entry key={row.entry.strategy_id} {...row} />
          ))}
        </ul>
      )}
    </>
  );
}

function Choice({
  label,
  all,
  value,
  options,
  onChange,
}: {
  label: string;
  all: string;
  value: string | null;
  options: readonly { value: string; text: string }[];
  onChange: (value: string | null) => void;
}) {
  return (
    <span className="input sel" style={{ width: 150 }}>
      <select
        aria-label={label}
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value || null)}
      >
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
      <Icon name="down" size="xs" />
    </span>
  );
}

function Entry({ entry, card }: Row) {
  const state = stateOf(entry);
  return (
    <li>
      <div className="stack g2">
        <div className="row g2 wrap">
          <h3>
            <Link className="link" href={pageOf(entry.strategy_id)}>
              {card?.display_name ?? entry.display_name}
            </Link>
          </h3>
          <code className="mono t3">{entry.strategy_id}</code>
        </div>
        <div className="row g2 wrap">
          {card && <Lifecycle state={card.lifecycle_status} />}
          {card?.regime && <Badge>{card.regime}</Badge>}
          {card && <Badge>{barsOf(card.timeframe)}</Badge>}
          {card?.origin === "own" && <Badge>Your own</Badge>}
          {card && <ProofBadge proofs={[{ strategy_id: card.strategy_id, proof: card.proof }]} />}
          {state && (
            <Badge tone="wn" icon="warn">
              {state.badge}
            </Badge>
          )}
        </div>
        <p className="t2">{card?.hypothesis ?? state?.sentence}</p>
      </div>
      <div className="stack g1">
        <h4 className="lbl">When it loses</h4>
        <p className="t2">
          {card ? (card.regime_notes ?? card.when_it_loses) : "Its file would have to say."}
        </p>
      </div>
      <RunFigures entry={entry} />
    </li>
  );
}
