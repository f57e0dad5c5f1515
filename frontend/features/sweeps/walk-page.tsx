"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { useMemo } from "react";
import { AccountCurve } from "@/components/account-curve";
import { Assumptions } from "@/components/assumptions";
import { BenchmarkTable } from "@/components/benchmark-table";
import { FigureName } from "@/components/figure-card";
import { Unknown } from "@/components/marks";
import { OnePage } from "@/components/one-page";
import { Outcome, useVerification, VERIFY_WAIT, VerifyButton, VerifyingJob } from "@/components/verification";
import { WarningList } from "@/components/warning-list";
import { unwrap, walkAPI } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { count, dateRange, percent } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import { told } from "@/lib/told";
import type { SweepMetric, WalkForward } from "@/lib/types";
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
  const verification = useVerification("The walk-forward", () =>
    unwrap(walkAPI.verify(walk.walk_forward_id, VERIFY_WAIT)),
  );
  const capital = Number((walk.spec["base"] as Record<string, unknown>)["initial_capital"]);
  const points = useMemo(() => testedPoints(walk), [walk]);
  const index = useMemo(() => {
    const row = walk.benchmarks.find((one) => one.kind === "index");
    // its first value is of the close before the first test
    return row?.equity ? { name: row.name, values: row.equity.slice(1) } : undefined;
  }, [walk]);
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
            {count(walk.train)} sessions chosen on, {count(walk.test)} tested · by {labelOf(walk.metric)}
          </p>
          <p className="b">{told(walk.track_record)}</p>
        </div>
        <VerifyButton state={verification} />
      </div>
      <VerifyingJob state={verification} />
      <WarningList warnings={(walk.warnings ?? []).map(told)} />
      <AccountCurve
        title="The tests put together"
        label="Tested curve"
        name={name}
        capital={capital}
        points={points}
        index={index}
      />
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
      <div style={{ marginTop: 12 }}>
        <Assumptions said={walk.words} />
      </div>
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
                <td>{row.params ? parameters(row.params) : "None: no point had a value"}</td>
                <td className="r">{drawn(row.trained)}</td>
                <td className="r">{drawn(row.tested)}</td>
                <td className="r">
                  {row.tested_return === null ? (
                    <Unknown why="The account was lost" />
                  ) : (
                    percent(row.tested_return)
                  )}
                </td>
                <td className="r">{count(row.trades)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
