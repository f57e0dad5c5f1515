"use client";

import { useQuery } from "@tanstack/react-query";
import type { Figure } from "@/components/figure-card";
import { DataState } from "@/components/shared/DataState";
import { count, counted } from "@/lib/format";
import type { Sweep } from "@/lib/types";
import { deflatedFigure, luckFigure, overfittingFigure, type Deflation } from "./figures";
import { FigureRows } from "./figure-rows";
import { doubtQuery } from "./queries";
import { parameters } from "./words";

/** How much of the best point the search alone would have found. */
export function Doubt({ sweep, base }: { sweep: Sweep; base: number }) {
  const query = useQuery(doubtQuery(sweep));
  return (
    <section className="card" aria-label="Doubt">
      <div className="card-h">
        <h2>How much of the best is the search</h2>
      </div>
      <DataState query={query} failed="The doubt cannot be told">
        {(found) => {
          const told = found.bases.find((one) => one.base === base);
          if (!told) return <p className="card-b t2">{found.reason ?? "Nothing is known of it."}</p>;
          const left = told.best?.significance as Deflation | undefined;
          const deflated = `Deflated Sharpe of the best${left ? `, ${counted(left.trials, "trial")}` : ""}`;
          const figures: [string, Figure][] = [
            [
              "Of the best in one half of the sessions being no better than the median in the other (CSCV)",
              overfittingFigure(told),
            ],
            [
              "Probability that its Sharpe is above the best that luck alone gives in so many trials",
              deflatedFigure(
                deflated,
                left,
                left?.reasons["deflated_sharpe"] ?? told.reason ?? "no point has a Sharpe",
              ),
            ],
            ["Hansen’s test of superior predictive ability over all points", luckFigure(told)],
          ];
          return (
            <>
              <FigureRows label="Doubt" figures={figures} />
              <p className="card-f">
                From the returns of {count(told.configurations)} of {counted(told.points, "point")} over{" "}
                {count(told.sessions)} sessions.
                {told.best && ` The best of them: ${parameters(told.best.params)}.`}
              </p>
            </>
          );
        }}
      </DataState>
    </section>
  );
}
