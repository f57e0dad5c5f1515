"use client";

import { Charted } from "@/components/charted";
import { ConeChart, coneSeries } from "@/components/cone-chart";
import { type Figure, FigureName } from "@/components/figure-card";
import { Unknown } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { inBlocks } from "@/lib/draws";
import { exact, counted, count, percent, ratio, rupees } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { Metrics, WalkForward } from "@/lib/types";
import { FigureRows } from "./figure-rows";
import { deflatedFigure, luckFigure, overfittingFigure, type Deflation } from "./figures";
import {
  besideIt,
  efficiencyFigure,
  steadyFigure,
  stressedFigure,
  TESTED,
  testedFigure,
  testedInterval,
  variantsFigures,
} from "./tested-figures";

/** The figures of the tested curve, each with its interval, and its deflated Sharpe. */
export function Figures({ walk }: { walk: WalkForward }) {
  const left = walk.significance as unknown as Deflation;
  const deflated = deflatedFigure(
    `Deflated Sharpe, ${counted(left.trials, "trial")}`,
    left,
    left.reasons["deflated_sharpe"] ?? "not defined",
  );
  const luck = typeof walk.luck === "string" ? null : walk.luck;
  return (
    <section className="card" aria-label="Figures">
      <div className="card-h">
        <h2>Out of sample</h2>
      </div>
      <div className="tw-wrap" tabIndex={0} role="group" aria-label="Figures out of sample, scrolls sideways">
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              <th scope="col" className="r">
                Value
              </th>
              <th scope="col" className="r">
                {luck ? `${percent(luck.confidence, 0)} interval` : "Interval"}
              </th>
            </tr>
          </thead>
          <tbody>
            {TESTED.map((metric) => {
              const figure = testedFigure(walk, metric);
              const { text, why } = testedInterval(walk, metric);
              return (
                <tr key={metric}>
                  <th scope="row">
                    <FigureName label={figure.label} figure={() => figure} />
                  </th>
                  <td className="r b">{figure.value ?? <Unknown why={figure.why ?? "not defined"} />}</td>
                  <td className="r t3">{text ?? <Unknown why={why} />}</td>
                </tr>
              );
            })}
            <tr>
              <th scope="row">
                <FigureName label={deflated.label} figure={() => deflated} />
              </th>
              <td className="r b">{deflated.value ?? <Unknown why={deflated.why ?? "not defined"} />}</td>
              <td className="r t3">
                <Unknown why="A probability, no interval" />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What the tested sessions give when they are drawn again. */
export function Luck({ walk }: { walk: WalkForward }) {
  const { luck } = walk;
  if (typeof luck === "string")
    return (
      <section className="card" aria-label="Drawn again">
        <div className="card-h">
          <h2>The tested returns drawn again</h2>
        </div>
        <EmptyState title="Nothing was drawn">No ranges: {luck}.</EmptyState>
      </section>
    );
  const paths = luck.cone.map((path) => path.slice(1)); // the first is the opening capital
  return (
    <Charted
      title="The tested returns drawn again"
      label="Drawn again"
      of="Paths of the tested returns drawn again by session"
      days={walk.sessions}
      series={coneSeries(paths, walk.equity, "The tests")}
      foot={
        <>
          Whole tested sessions drawn again {count(luck.resamples)} times, {inBlocks(luck.block)}, some of
          them more than once: half of the paths lie in the inner band, nine of ten in the outer one, and
          those end between {rupees(paths[0]?.at(-1) ?? 0, false)} and{" "}
          {rupees(paths.at(-1)?.at(-1) ?? 0, false)}.
        </>
      }
    >
      <ConeChart days={walk.sessions} paths={paths} equity={walk.equity} what="The tested account" />
    </Charted>
  );
}

const STRESSED = TESTED.filter((metric) => metric !== "volatility");

/** The walk with its costs once, twice and three times as high. */
export function Stress({ walk }: { walk: WalkForward }) {
  return (
    <section className="card" aria-label="Cost stress">
      <div className="card-h">
        <h2>With higher costs</h2>
      </div>
      <div
        className="tw-wrap"
        tabIndex={0}
        role="group"
        aria-label="Figures with higher costs, scrolls sideways"
      >
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Costs</th>
              {STRESSED.map((metric) => (
                <th key={metric} scope="col" className="r">
                  <FigureName label={labelOf(metric)} figure={() => stressedFigure(walk, metric)} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {walk.stress.map((row) => (
              <tr key={row.factor}>
                <th scope="row">{row.factor}×</th>
                {STRESSED.map((metric) => {
                  const value = (row.metrics as Metrics | null)?.[metric];
                  return (
                    <td key={metric} className="r">
                      {value == null ? <Unknown why={row.reason ?? "not defined"} /> : written(metric, value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">Charges, slippage and impact so many times as high, with the same choices.</div>
    </section>
  );
}

/** Walking forward beside every point that was tried, had it been fixed. */
export function Variants({ walk }: { walk: WalkForward }) {
  const { variants } = walk;
  const { below, middle } = variantsFigures(walk);
  const figures: [string, Figure][] = [
    [`Share of all points, ${besideIt(variants)}`, below],
    ["Of the same points; the best was not known beforehand", middle],
    [
      "Of the best in one half of the sessions being no better than the median in the other (CSCV)",
      overfittingFigure(variants),
    ],
    ["Hansen’s test of superior predictive ability (SPA) over all points tried", luckFigure(variants)],
  ];
  return (
    <section className="card" aria-label="All points tried">
      <div className="card-h">
        <h2>Beside all points that were tried</h2>
      </div>
      <FigureRows label="All points" figures={figures} />
      <div className="card-f">
        From the returns of {count(variants.configurations)} of {counted(variants.points, "point")} over{" "}
        {count(variants.sessions)} sessions.
        {variants.not_compared
          ? ` Not compared with the walk, for want of a Sharpe: ${counted(variants.not_compared, "point")}.`
          : ""}
      </div>
    </section>
  );
}

/** How often each value was chosen, and how far the choice moves. */
export function Stability({ walk }: { walk: WalkForward }) {
  const { stability } = walk;
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Stability of the choices">
      <div className="card-h">
        <h2>How stable the choices are</h2>
      </div>
      <p className="card-b t2">
        The choice changed {counted(stability.changes, "time")} in {counted(stability.windows, "window")}.
        {walk.efficiency !== null && (
          <>
            {" "}
            Growth in the tests was{" "}
            <FigureName
              label={`${percent(walk.efficiency, 0)} of that in training`}
              figure={() => efficiencyFigure(walk)}
            />
            .
          </>
        )}
      </p>
      <div className="tw-wrap" tabIndex={0} role="group" aria-label="Stability, scrolls sideways">
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Chosen</th>
              <th scope="col" className="r">
                <FigureName label="Most often" figure={() => steadyFigure(walk, "most_often")} />
              </th>
              <th scope="col" className="r">
                <FigureName label="In" figure={() => steadyFigure(walk, "share")} />
              </th>
              <th scope="col" className="r" title="Steps of the grid from one window to the next, on average">
                <FigureName label="Moves by" figure={() => steadyFigure(walk, "mean_step")} />
              </th>
              <th scope="col" className="r" title="Choices at an end of the grid: it may be too narrow">
                <FigureName label="At an end" figure={() => steadyFigure(walk, "at_edge")} />
              </th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(stability.parameters).map(([name, one]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {one.values
                    .flatMap((value, at) =>
                      one.chosen[at] ? [`${exact(value)}: ${counted(one.chosen[at], "time")}`] : [],
                    )
                    .join(", ")}
                </td>
                <td className="r">{exact(one.most_often)}</td>
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
