"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { useMemo, useState } from "react";
import { BenchmarkTable } from "@/components/benchmark-table";
import { CurveLegend } from "@/components/curve-legend";
import { Segmented } from "@/components/fields";
import { FigureName } from "@/components/figure-card";
import { Unknown } from "@/components/marks";
import { OnePage } from "@/components/one-page";
import { StatsChart } from "@/components/stats-chart";
import { TimeBrush } from "@/components/time-brush";
import { Outcome, useVerification, VERIFY_WAIT, VerifyButton, VerifyingJob } from "@/components/verification";
import { WarningList } from "@/components/warning-list";
import { unwrap, walkAPI } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { dateRange, percent } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import { told } from "@/lib/told";
import type { SweepMetric, WalkForward } from "@/lib/types";
import { useRange } from "@/lib/use-range";
import { walkQuery } from "./queries";
import { testedPoints, windowFigure } from "./tested-figures";
import { Figures, Luck, Stability, Stress, Variants } from "./walk-figures";
import { parameters } from "./words";

export function WalkPage() {
  useCrumbs([{ label: "Quant" }, { label: "Sweeps", href: "/quant/sweeps/" }, { label: "Walk-forward" }]);
  const [id] = useQueryState("id", parseAsString);
  const query = useQuery({ ...walkQuery(id ?? ""), enabled: id !== null });
  return (
    <OnePage what="walk-forward" id={id} query={query} all="/quant/sweeps/">
      {(walk) => <Shown walk={walk} />}
    </OnePage>
  );
}

function Shown({ walk }: { walk: WalkForward }) {
  const cards = useQuery(strategiesQuery);
  const indexName = useIndexName();
  const [view, setView] = useState<"chart" | "table">("chart");
  const verification = useVerification("The walk-forward", () =>
    unwrap(walkAPI.verify(walk.walk_forward_id, VERIFY_WAIT)),
  );
  const capital = Number((walk.spec["base"] as Record<string, unknown>)["initial_capital"]);
  const points = useMemo(() => testedPoints(walk), [walk]);
  const equity = useMemo(() => points.map((point) => point.equity), [points]);
  const range = useRange(walk.sessions);
  const [from, to] = range.drawn;
  const part = useMemo(() => points.slice(from, to + 1), [points, from, to]);
  const index = walk.benchmarks.find((row) => row.kind === "index" && row.equity);
  // its first value is of the close before the first test
  const besideName = index && indexName(index.name);
  const beside = useMemo(
    () =>
      index?.equity && besideName
        ? { name: besideName, values: index.equity.slice(1).slice(from, to + 1) }
        : undefined,
    [index, besideName, from, to],
  );
  const name =
    cards.data?.find((card) => card.strategy_id === walk.strategy_id)?.display_name ?? walk.strategy_id;
  return (
    <>
      <div className="page-h">
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>
              {name} <span className="t2">walked forward</span>
            </h1>
            <Outcome state={verification} />
          </div>
          <p className="t2 num">
            {indexName(walk.universe)} · {dateRange(walk.start_date, walk.end_date)} · {walk.mode},{" "}
            {walk.train} sessions chosen on, {walk.test} tested · by {labelOf(walk.metric)}
          </p>
          <p className="b">{told(walk.track_record)}</p>
        </div>
        <VerifyButton state={verification} />
      </div>
      <VerifyingJob state={verification} />
      <WarningList warnings={(walk.warnings ?? []).map(told)} />
      <section className="card" aria-label="Tested curve">
        <div className="card-h">
          <h2>The tests put together</h2>
          <CurveLegend name={name} beside={beside?.name} />
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
        <StatsChart
          points={part}
          capital={capital}
          name={name}
          log={false}
          beside={beside}
          asTable={view === "table"}
        />
        <TimeBrush
          days={walk.sessions}
          values={equity}
          first={range.first}
          last={range.last}
          onChange={range.choose}
        />
      </section>
      <div className="duo">
        <Figures walk={walk} />
        <Luck walk={walk} />
      </div>
      <div className="duo">
        <Stress walk={walk} />
        <Variants walk={walk} />
      </div>
      <div style={{ marginTop: 12 }}>
        <BenchmarkTable
          label="The tests beside their benchmarks, scrolls"
          mine={{
            name: "The tests put together",
            words: "After charges and slippage",
            metrics: walk.metrics,
            reasons: walk.reasons,
          }}
          beside={walk.benchmarks}
          from="From the close before the first test on."
        />
      </div>
      <Stability walk={walk} />
      <Windows walk={walk} />
      <section className="card card-b stack g1" style={{ marginTop: 12 }} aria-label="Assumptions">
        <h2>What it assumes</h2>
        {walk.words.map((sentence) => (
          <p key={sentence} className="t2">
            {told(sentence)}
          </p>
        ))}
      </section>
    </>
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
              <th scope="col" className="pin edge">
                Tested
              </th>
              <th scope="col">Chosen on</th>
              <th scope="col">Choice</th>
              <th scope="col" className="r">
                <FigureName
                  label={`${labelOf(metric)}, training`}
                  figure={() => windowFigure(walk, "trained")}
                />
              </th>
              <th scope="col" className="r">
                <FigureName label={`${labelOf(metric)}, test`} figure={() => windowFigure(walk, "tested")} />
              </th>
              <th scope="col" className="r">
                <FigureName label="Return" figure={() => windowFigure(walk, "tested_return")} />
              </th>
              <th scope="col" className="r">
                <FigureName label="Trades" figure={() => windowFigure(walk, "trades")} />
              </th>
            </tr>
          </thead>
          <tbody>
            {walk.windows.map((row) => (
              <tr key={row.test_start}>
                <th scope="row" className="pin edge">
                  {dateRange(row.test_start, row.test_end)}
                </th>
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
