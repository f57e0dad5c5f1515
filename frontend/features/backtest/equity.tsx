"use client";

import { useMemo } from "react";
import { AccountCurve } from "@/components/account-curve";
import { EmptyState } from "@/components/shared/DataState";
import { count, date, dateRange } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { longestUnderWater } from "./metrics";

/** The account of the run and its fall, beside the index. */
export function Equity({ run, name, capital }: { run: RunHead; name: string; capital: number }) {
  const { daily_chart: points, benchmarks } = run;
  const water = longestUnderWater(points);
  const index = useMemo(() => {
    const row = benchmarks.find((one) => one.kind === "index" && one.equity?.length === points.length);
    return row?.equity ? { name: row.name, values: row.equity } : undefined;
  }, [benchmarks, points]);
  return (
    <AccountCurve
      title="Equity and drawdown"
      name={name}
      capital={capital}
      points={points}
      index={index}
      empty={
        <EmptyState title="No measured session">The period has no session after the warm-up.</EmptyState>
      }
    >
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
    </AccountCurve>
  );
}
