"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { useMemo, useState } from "react";
import { Segmented } from "@/components/fields";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { StatsChart } from "@/components/stats-chart";
import { useCrumbs } from "@/lib/crumbs";
import { counted, dateRange, percent, probability, ratio, rupees } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { Metrics, SweepMetric, WalkForward } from "@/lib/types";
import { walkQuery } from "./queries";
import { METRICS, parameter, parameters, written } from "./words";

export function WalkPage() {
  useCrumbs([{ label: "Quant" }, { label: "Sweeps", href: "/quant/sweeps/" }, { label: "Walk-forward" }]);
  const [id] = useQueryState("id", parseAsString);
  const query = useQuery({ ...walkQuery(id ?? ""), enabled: id !== null });
  return (
    <div className="page">
      {id === null ? (
        <EmptyState title="No walk-forward is named" />
      ) : (
        <DataState query={query} failed="The walk-forward cannot be read">
          {(walk) => <Shown walk={walk} />}
        </DataState>
      )}
    </div>
  );
}

function Shown({ walk }: { walk: WalkForward }) {
  const cards = useQuery(strategiesQuery);
  const indexName = useIndexName();
  const [view, setView] = useState<"chart" | "table">("chart");
  const capital = Number((walk.spec["base"] as Record<string, unknown>)["initial_capital"]);
  const points = useMemo(() => pointsOf(walk, capital), [walk, capital]);
  const name =
    cards.data?.find((card) => card.strategy_id === walk.strategy_id)?.display_name ?? walk.strategy_id;
  return (
    <>
      <div className="page-h">
        <div className="stack g1">
          <h1>
            {name} <span className="t2">walked forward</span>
          </h1>
          <p className="t2 num">
            {indexName(walk.universe)} · {dateRange(walk.start_date, walk.end_date)} · {walk.mode},{" "}
            {walk.train} sessions chosen on, {walk.test} tested · by {METRICS[walk.metric as SweepMetric]}
          </p>
          <p className="b">{walk.track_record}</p>
        </div>
      </div>
      <section className="card" aria-label="Tested curve">
        <div className="card-h">
          <h2>The tests put together</h2>
          <span className="sp">
            <Segmented
              label="View"
              value={view}
              onChange={setView}
              options={[
                { value: "chart", label: "Chart" },
                { value: "table", label: "Table" },
              ]}
            />
          </span>
        </div>
        <StatsChart points={points} capital={capital} name={name} log={false} asTable={view === "table"} />
      </section>
      <div className="duo" style={{ marginTop: 12 }}>
        <Figures walk={walk} />
        <Stability walk={walk} />
      </div>
      <Windows walk={walk} />
      <section className="card card-b stack g1" style={{ marginTop: 12 }} aria-label="Assumptions">
        <h2>What it assumes</h2>
        {walk.words.map((sentence) => (
          <p key={sentence} className="t2">
            {sentence}
          </p>
        ))}
      </section>
    </>
  );
}

/** The account at each session with its fall from the highest before; the opening capital is the first peak. */
function pointsOf(walk: WalkForward, capital: number) {
  const peaks: number[] = [];
  for (const equity of walk.equity) peaks.push(Math.max(peaks.at(-1) ?? capital, equity));
  return walk.sessions.map((day, at) => {
    const equity = walk.equity[at] ?? capital;
    return { date: day, equity, drawdown: equity / (peaks[at] ?? capital) - 1 };
  });
}

function Figures({ walk }: { walk: WalkForward }) {
  const metrics = walk.metrics as Metrics;
  const left = walk.significance as {
    deflated_sharpe: number | null;
    trials: number;
    reasons: Record<string, string>;
  };
  const luck = typeof walk.luck === "string" ? null : walk.luck;
  const told = (key: string, draw: (value: number) => string) => {
    const value = metrics[key];
    return value == null ? <Unknown why={walk.reasons[key] ?? "not defined"} /> : draw(value);
  };
  const between = (key: string, draw: (value: number) => string) => {
    const bounds = luck?.intervals[key];
    return bounds ? `${draw(bounds[0] ?? 0)} to ${draw(bounds[1] ?? 0)}` : "";
  };
  const end = luck?.cone.map((row) => row.at(-1) ?? 0);
  return (
    <section className="card" aria-label="Figures">
      <div className="card-h">
        <h2>Out of sample</h2>
      </div>
      <div className="card-b stack g3">
        <table className="t num">
          <tbody>
            {(
              [
                ["CAGR", "cagr", percent],
                ["Sharpe", "sharpe", ratio],
                ["Volatility", "volatility", percent],
                ["Max drawdown", "max_drawdown", percent],
              ] as const
            ).map(([label, key, draw]) => (
              <tr key={key}>
                <th scope="row">{label}</th>
                <td className="r b">{told(key, (value) => draw(value))}</td>
                <td className="r t3">{between(key, (value) => draw(value))}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">Deflated Sharpe, {counted(left.trials, "trial")}</th>
              <td className="r b">
                {left.deflated_sharpe == null ? (
                  <Unknown why={left.reasons["deflated_sharpe"] ?? "not defined"} />
                ) : (
                  probability(left.deflated_sharpe)
                )}
              </td>
              <td />
            </tr>
            {walk.stress.map((row) => {
              const value = (row.metrics as Metrics | null)?.["total_return"];
              return (
                <tr key={row.factor}>
                  <th scope="row">Total return, costs {row.factor}×</th>
                  <td className="r b">
                    {value == null ? <Unknown why={row.reason ?? "not defined"} /> : percent(value)}
                  </td>
                  <td />
                </tr>
              );
            })}
          </tbody>
        </table>
        <p className="t3 xs">
          {luck && end
            ? `Ranges: ${percent(luck.confidence, 0)} of ${luck.resamples} draws of whole sessions in blocks of ${ratio(luck.block, 1)} on average. The account would have ended between ${rupees(end[0] ?? 0, false)} and ${rupees(end.at(-1) ?? 0, false)} in nine of ten of them.`
            : `No ranges: ${String(walk.luck)}.`}
        </p>
        <p className="t2">
          {walk.variants.share_below == null
            ? "How the fixed points did over the tested sessions is not known."
            : `Of all points held fixed over the tested sessions, ${percent(walk.variants.share_below, 0)} had a Sharpe no better; the best had ${walk.variants.sharpe_best == null ? "none" : ratio(walk.variants.sharpe_best)}, the median ${walk.variants.sharpe_median == null ? "none" : ratio(walk.variants.sharpe_median)}.`}
          {walk.variants.spa?.consistent != null &&
            ` p that none of them earns anything (SPA): ${probability(walk.variants.spa.consistent)}.`}
        </p>
      </div>
    </section>
  );
}

function Stability({ walk }: { walk: WalkForward }) {
  const { stability } = walk;
  return (
    <section className="card" aria-label="Stability of the choices">
      <div className="card-h">
        <h2>How stable the choices are</h2>
      </div>
      <div className="card-b stack g3">
        <p className="t2">
          The choice changed {counted(stability.changes, "time")} in {counted(stability.windows, "window")}.
          {walk.efficiency !== null &&
            ` What was chosen grew ${percent(walk.efficiency, 0)} as fast in the tests as in training.`}
        </p>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col" className="r">
                Most often
              </th>
              <th scope="col" className="r">
                In
              </th>
              <th scope="col" className="r" title="Steps of the grid from one window to the next, on average">
                Moves by
              </th>
              <th scope="col" className="r" title="Choices at an end of the grid: it may be too narrow">
                At an end
              </th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(stability.parameters).map(([name, one]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="r">{parameter(one.most_often)}</td>
                <td className="r">{percent(one.share, 0)}</td>
                <td className="r">
                  {one.mean_step === null ? <Unknown why="One window alone" /> : ratio(one.mean_step, 1)}
                </td>
                <td className="r">
                  {one.at_edge === null ? <Unknown why="The grid has ends only" /> : percent(one.at_edge, 0)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Windows({ walk }: { walk: WalkForward }) {
  const metric = walk.metric as SweepMetric;
  const drawn = (value: number | null) =>
    value === null ? <Unknown why="Not defined in this window" /> : written(metric, value);
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Windows">
      <div className="card-h">
        <h2>Window by window</h2>
      </div>
      <div className="tw-wrap" tabIndex={0} role="group" aria-label="Windows, scroll sideways">
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Tested</th>
              <th scope="col">Chosen on</th>
              <th scope="col">Choice</th>
              <th scope="col" className="r">
                {METRICS[metric]}, training
              </th>
              <th scope="col" className="r">
                {METRICS[metric]}, test
              </th>
              <th scope="col" className="r">
                Return
              </th>
              <th scope="col" className="r">
                Trades
              </th>
            </tr>
          </thead>
          <tbody>
            {walk.windows.map((row) => (
              <tr key={row.test_start}>
                <th scope="row">{dateRange(row.test_start, row.test_end)}</th>
                <td>{dateRange(row.train_start, row.train_end)}</td>
                <td>{row.params ? parameters(row.params) : "none: no point had a value"}</td>
                <td className="r">{drawn(row.trained)}</td>
                <td className="r">{drawn(row.tested)}</td>
                <td className="r">
                  {row.tested_return === null ? (
                    <Unknown why="The account was lost" />
                  ) : (
                    percent(row.tested_return)
                  )}
                </td>
                <td className="r">{row.trades}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
