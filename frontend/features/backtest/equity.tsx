"use client";

import { useMemo, useState } from "react";
import { CurveLegend } from "@/components/curve-legend";
import { Segmented } from "@/components/fields";
import { EmptyState } from "@/components/shared/DataState";
import { StatsChart } from "@/components/stats-chart";
import { TimeBrush } from "@/components/time-brush";
import { count, date, dateRange } from "@/lib/format";
import { useIndexName } from "@/lib/queries";
import type { RunHead } from "@/lib/types";
import { useRange } from "@/lib/use-range";
import { longestUnderWater } from "./metrics";

/** The account and its fall from the highest before, beside the index, with what chooses a part of the time. */
export function Equity({ run, name, capital }: { run: RunHead; name: string; capital: number }) {
  const [scale, setScale] = useState<"linear" | "log">("linear");
  const [asTable, setAsTable] = useState(false);
  const water = longestUnderWater(run.daily_chart);
  const days = useMemo(() => run.daily_chart.map((point) => point.date), [run.daily_chart]);
  const values = useMemo(() => run.daily_chart.map((point) => point.equity), [run.daily_chart]);
  const range = useRange(days);
  const [from, to] = range.drawn;
  const part = useMemo(() => run.daily_chart.slice(from, to + 1), [run.daily_chart, from, to]);
  const index = run.benchmarks.find((row) => row.kind === "index" && row.equity?.length === days.length);
  const indexName = useIndexName();
  const besideName = index && indexName(index.name);
  const beside = useMemo(
    () =>
      index?.equity && besideName
        ? { name: besideName, values: index.equity.slice(from, to + 1) }
        : undefined,
    [index, besideName, from, to],
  );
  return (
    <section className="card">
      <div className="card-h">
        <h2>Equity and drawdown</h2>
        <CurveLegend name={name} beside={besideName} />
        <span className="sp row">
          <Segmented
            label="Scale"
            value={scale}
            options={[
              { value: "linear", label: "₹ lakh" },
              { value: "log", label: "Log" },
            ]}
            onChange={setScale}
          />
          <button
            type="button"
            className="btn sm"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "View as chart" : "View as table"}
          </button>
        </span>
      </div>
      {run.daily_chart.length === 0 ? (
        <EmptyState title="No measured session">The period has no session after the warm-up.</EmptyState>
      ) : (
        <>
          <StatsChart
            points={part}
            capital={capital}
            name={name}
            log={scale === "log"}
            beside={beside}
            asTable={asTable}
          />
          <TimeBrush
            days={days}
            values={values}
            first={range.first}
            last={range.last}
            onChange={range.choose}
          />
        </>
      )}
      <div className="card-f">
        {water ? (
          <>
            Longest time under water: <b className="num b t2">{count(water.sessions)} sessions</b>,{" "}
            {water.recovered
              ? dateRange(water.start, water.end)
              : `since ${date(water.start)}, not recovered at the end`}
            .{" "}
          </>
        ) : (
          "The equity never fell below a former peak. "
        )}
        Warm-up bars before the first session are not in it.
      </div>
    </section>
  );
}
