"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsArrayOf, parseAsString, useQueryState } from "nuqs";
import { useMemo } from "react";
import { useChartColors } from "@/components/chart-colors";
import { Charted } from "@/components/charted";
import { CurvesChart, curveColors } from "@/components/curves-chart";
import { FigureName } from "@/components/figure-card";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { Icon } from "@/components/icon";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { useCrumbs } from "@/lib/crumbs";
import { inBlocks } from "@/lib/draws";
import { getErrorMessage } from "@/lib/errors";
import { count, dateRange, grouped, signed } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { Comparison } from "@/lib/types";
import { cellFigure, correlationFigure, measureFigure } from "./figures";
import { choiceQuery, comparisonQuery, MOST_RUNS } from "./queries";
import { difference as apart, inputName, inputValue, unitOf, verdict, versioned } from "./words";

export function ComparePage() {
  useCrumbs([{ label: "Quant" }, { label: "Runs", href: "/quant/runs/" }, { label: "Compare" }]);
  const [named, setIds] = useQueryState("runs", parseAsArrayOf(parseAsString).withDefault([]));
  const ids = [...new Set(named)];
  const enough = ids.length >= 2;
  const query = useQuery({ ...comparisonQuery(ids), enabled: enough });
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Compare runs</h1>
          <p className="t2">
            On the sessions that all of them have. Every figure is measured there alone, and the others are
            held against the first.
          </p>
        </div>
      </div>
      <Chosen ids={ids} onChange={(next) => void setIds(next.length > 0 ? next : null)} />
      {enough ? (
        <DataState query={query} failed="The runs cannot be compared">
          {(found) => <Compared found={found} />}
        </DataState>
      ) : (
        <section className="card" style={{ marginTop: 12 }}>
          <EmptyState
            title={ids.length === 0 ? "No run is chosen" : "One more run is needed"}
            action={
              <Link className="btn" href="/quant/runs/">
                See all runs
              </Link>
            }
          >
            Choose two to {MOST_RUNS} runs above. The first is what the others are held against.
          </EmptyState>
        </section>
      )}
    </div>
  );
}

/** The runs chosen, in order, each with what takes it off or to the front; and a list to add from. */
function Chosen({ ids, onChange }: { ids: readonly string[]; onChange: (ids: string[]) => void }) {
  const colors = curveColors(useChartColors());
  const choice = useQuery(choiceQuery);
  const name = useRunName();
  const indexName = useIndexName();
  const known = new Map(choice.data?.data.map((run) => [run.run_id, run]));
  const rest = choice.data?.data.filter((run) => !ids.includes(run.run_id)) ?? [];
  return (
    <section className="card" aria-label="Runs chosen">
      <ol className="stack card-b" style={{ listStyle: "none", gap: 6 }}>
        {ids.map((id, at) => {
          const run = known.get(id);
          return (
            <li key={id} className="row wrap between" style={{ minHeight: 32, gap: "6px 10px" }}>
              <span className="row" style={{ gap: 8 }}>
                <i className="sw" style={{ background: colors[at % colors.length] }} aria-hidden="true" />
                <Link className="link b" href={`/quant/run/?run=${id}`}>
                  {run ? name(run.strategy_ids) : "Run"}
                </Link>
                <code className="mono t3">{id.slice(0, 8)}</code>
                {run && <span className="t2 num no-phone">{dateRange(run.start_date, run.end_date)}</span>}
              </span>
              <span className="row">
                {at > 0 && (
                  <button
                    type="button"
                    className="btn sm"
                    onClick={() => onChange([id, ...ids.filter((other) => other !== id)])}
                  >
                    Hold against this
                  </button>
                )}
                <button
                  type="button"
                  className="btn sm"
                  aria-label={`Take off run ${id.slice(0, 8)}`}
                  onClick={() => onChange(ids.filter((other) => other !== id))}
                >
                  <Icon name="x" size="xs" />
                </button>
              </span>
            </li>
          );
        })}
        {ids.length < MOST_RUNS && (
          <li>
            <span className="input sel" style={{ maxWidth: 560 }}>
              <select
                aria-label="Add a run"
                value=""
                disabled={rest.length === 0}
                onChange={(event) => event.target.value && onChange([...ids, event.target.value])}
              >
                <option value="">{rest.length === 0 ? "No further run" : "Add a run …"}</option>
                {rest.map((run) => (
                  <option key={run.run_id} value={run.run_id}>
                    {`${name(run.strategy_ids)} · ${indexName(run.universe)} · ${dateRange(run.start_date, run.end_date)} · ${run.run_id.slice(0, 8)}`}
                  </option>
                ))}
              </select>
              <Icon name="down" size="xs" />
            </span>
          </li>
        )}
      </ol>
      {choice.error && (
        <p className="card-f er" role="alert">
          The list of runs cannot be read: {getErrorMessage(choice.error)}
        </p>
      )}
    </section>
  );
}

function useRunName(): (strategyIds: readonly string[]) => string {
  const strategies = useQuery(strategiesQuery);
  const names = new Map(strategies.data?.map((card) => [card.strategy_id, card.display_name]));
  return (ids) => ids.map((id) => names.get(id) ?? id).join(" + ");
}

function Compared({ found }: { found: Comparison }) {
  const name = useRunName();
  const titles = found.runs.map((run) => `${name(run.strategy_ids)} ${run.run_id.slice(0, 6)}`);
  const curves = useMemo(
    () =>
      found.runs.map((run, at) => ({
        name: run.run_id.slice(0, 6),
        growth: found.growth[at] ?? [],
        drawdown: found.drawdown[at] ?? [],
      })),
    [found],
  );
  return (
    <>
      <Charted
        apart
        title="Growth and drawdown"
        beside={<span className="t2 num no-phone">{dateRange(found.start_date, found.end_date)}</span>}
        of="Growth and drawdown by session"
        days={found.days}
        series={curves.flatMap(({ name: run, growth, drawdown }) => [
          {
            name: `Growth ${run}`,
            unit: "%",
            values: growth,
            draw: (value: number) => signed(100 * (value - 1)),
          },
          {
            name: `Drawdown ${run}`,
            unit: "%",
            values: drawdown,
            draw: (value: number) => grouped(100 * value, 2),
          },
        ])}
        height={380}
        foot={
          <>
            {count(found.days.length)} sessions that all runs have, each from the close of the first of them
            on. Colours as in the list above.
          </>
        }
      >
        <CurvesChart days={found.days} curves={curves} />
      </Charted>
      <Measures found={found} titles={titles} />
      <Inputs found={found} titles={titles} />
      <Correlation found={found} titles={titles} />
    </>
  );
}

function Measures({ found, titles }: { found: Comparison; titles: readonly string[] }) {
  const { method } = found;
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Figures and their differences</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="Figures and their differences, scrolls" tabIndex={0}>
        <FigureTable className="t num">
          <thead>
            <tr>
              <th scope="col" className="pin edge">
                Figure
              </th>
              {titles.map((title) => (
                <th key={title} scope="col" className="r">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.measures.map((measure) => {
              const label = labelOf(measure.name);
              const less = (value: number) => apart(measure.name, value);
              return (
                <tr key={measure.name}>
                  <th scope="row" className="pin edge" style={{ verticalAlign: "top", paddingBlock: 6 }}>
                    <FigureName label={label} figure={() => measureFigure(found, measure, titles)} />
                  </th>
                  {measure.values.map((value, at) => {
                    const difference = at > 0 ? measure.differences[at - 1] : undefined;
                    return (
                      <td key={titles[at]} className="r" style={{ verticalAlign: "top", paddingBlock: 6 }}>
                        <span className="b">
                          {value === null ? (
                            <Unknown why={measure.reasons[at] ?? "Not known"} />
                          ) : (
                            <FigureValue
                              name={`${label}, ${titles[at]}: ${written(measure.name, value)}`}
                              figure={() => cellFigure(found, measure, titles, at)}
                            >
                              {written(measure.name, value)}
                            </FigureValue>
                          )}
                        </span>
                        {difference && difference.value !== null && (
                          <span
                            className="xs t3"
                            style={{ display: "block" }}
                            title={verdict(measure, at - 1)}
                          >
                            {less(difference.value)} {unitOf(measure.name)}
                            {difference.low !== null && difference.high !== null && (
                              <>
                                <br />
                                {less(difference.low)} to {less(difference.high)}
                                <span className="sr">. {verdict(measure, at - 1)}</span>
                              </>
                            )}
                          </span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </FigureTable>
      </div>
      <div className="card-f">
        {method.reason ??
          `Under each figure its difference from the first run’s, and the ${grouped(100 * method.confidence)}% interval: whole sessions drawn again ${count(method.resamples)} times, the same ones for every run, ${inBlocks(method.block ?? 1)}. An interval that holds zero does not tell the runs apart.`}
      </div>
    </section>
  );
}

function Inputs({ found, titles }: { found: Comparison; titles: readonly string[] }) {
  const indexName = useIndexName();
  const nameOf = useRunName();
  const books = Math.max(...found.runs.map((run) => run.strategy_ids.length));
  const changes = [...new Set(found.inputs.flatMap(({ changed }) => changed ?? []))];
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Inputs that differ</h2>
      </div>
      {found.inputs.length === 0 ? (
        <EmptyState title="No input differs">The runs were asked the same question.</EmptyState>
      ) : (
        <div className="tw-wrap" role="region" aria-label="Inputs that differ, scrolls" tabIndex={0}>
          <table className="t num">
            <thead>
              <tr>
                <th scope="col" className="pin edge">
                  Input
                </th>
                {titles.map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.inputs.map(versioned).map(({ input, values }) => (
                <tr key={input}>
                  <th scope="row" className="pin edge" title={input}>
                    {inputName(input, books)}
                  </th>
                  {values.map((value, at) => (
                    <td key={titles[at]} title={typeof value === "string" ? value : undefined}>
                      {typeof value !== "string"
                        ? inputValue(input, value)
                        : (input === "universe.index" || input === "benchmark") && value !== "none"
                          ? indexName(value)
                          : input.endsWith(".strategy_id")
                            ? nameOf([value])
                            : inputValue(input, value)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {changes.length > 0 && <div className="card-f">{changes.join(" ")}</div>}
    </section>
  );
}

function Correlation({ found, titles }: { found: Comparison; titles: readonly string[] }) {
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>
          <FigureName label="Correlation of daily returns" figure={() => correlationFigure(found, titles)} />
        </h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="Correlation of daily returns, scrolls" tabIndex={0}>
        <FigureTable className="t num">
          <thead>
            <tr>
              <th scope="col" className="pin edge">
                Run
              </th>
              {found.runs.map(({ run_id }, at) => (
                <th key={run_id} scope="col" className="r" title={titles[at]}>
                  {run_id.slice(0, 6)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.correlation.map((row, at) => (
              <tr key={titles[at]}>
                <th scope="row" className="pin edge">
                  {titles[at]}
                </th>
                {row.map((cell, other) => (
                  <td key={titles[other]} className="r">
                    {cell === null ? (
                      <Unknown why="One of the two does not vary" />
                    ) : (
                      <FigureValue
                        name={`${titles[at]} and ${titles[other]}: ${grouped(cell, 2)}`}
                        figure={() => correlationFigure(found, titles, at, other)}
                      >
                        {grouped(cell, 2)}
                      </FigureValue>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </FigureTable>
      </div>
      <div className="card-f">Runs that move together are one bet more than once.</div>
    </section>
  );
}
