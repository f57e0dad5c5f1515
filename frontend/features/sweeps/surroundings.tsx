"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { FollowedJob } from "@/components/data-jobs";
import { FigureName } from "@/components/figure-card";
import { Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { sweepAPI, unwrap } from "@/lib/api-client";
import { ApiError, getErrorMessage } from "@/lib/errors";
import { percent } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { PlacedPoint, Sweep, SweepMetric } from "@/lib/types";
import { useAtWork } from "@/lib/use-job";
import { placeFigure, pointFigure } from "./figures";
import { landscapeQuery, type View } from "./queries";
import { Spread } from "./spread";
import { parameters } from "./words";

/** The best point beside the one in the best neighbourhood, and beside all others. */
export function Surroundings({ sweep, metric, base, point }: View) {
  const query = useQuery(landscapeQuery(sweep, metric, base, point));
  return (
    <section className="card" aria-label="Plateau against peak">
      <div className="card-h">
        <h2>Plateau against peak</h2>
      </div>
      <DataState query={query} failed="The distribution cannot be drawn">
        {(found) => (
          <div className="card-b stack g3">
            <Spread found={found} />
            <div className="tw-wrap" tabIndex={0} role="group" aria-label="Points compared, scroll sideways">
              <table className="t num">
                <thead>
                  <tr>
                    <th scope="col">Point</th>
                    <th scope="col" className="r">
                      <FigureName
                        label={labelOf(metric)}
                        figure={() => pointFigure(sweep, metric, found.chosen ?? undefined)}
                      />
                    </th>
                    <th scope="col" className="r" title="Median of the point and its neighbours on the grid">
                      <FigureName label="Around it" figure={() => placeFigure(sweep, found, "around")} />
                    </th>
                    <th scope="col" className="r" title="Share of all points that are no better">
                      <FigureName label="Percentile" figure={() => placeFigure(sweep, found, "percentile")} />
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {(
                    [
                      ["Peak", found.peak],
                      ["Plateau", found.plateau],
                      [point === null ? "Chosen, the peak" : "Chosen", found.chosen],
                    ] as const
                  ).map(
                    ([label, one]) => one && <Placed key={label} label={label} one={one} metric={metric} />,
                  )}
                </tbody>
              </table>
            </div>
            {found.reason && <p className="t3 xs">No neighbourhood: {found.reason}.</p>}
            {found.chosen && <OpenRun key={found.chosen.number} sweep={sweep} point={found.chosen.number} />}
          </div>
        )}
      </DataState>
    </section>
  );
}

function Placed({ label, one, metric }: { label: string; one: PlacedPoint; metric: SweepMetric }) {
  return (
    <tr>
      <th scope="row">
        {label}: <span className="t1">{parameters(one.params)}</span>
      </th>
      <td className="r">
        {one.value === null ? <Unknown why="Not defined for this point" /> : written(metric, one.value)}
      </td>
      <td className="r">
        {one.around === null ? <Unknown why="It has no neighbours" /> : written(metric, one.around)}
      </td>
      <td className="r">
        {one.percentile === null ? <Unknown why="It has no value" /> : percent(one.percentile, 0)}
      </td>
    </tr>
  );
}

/** The point as a run of its own, worked out again by the engine; of what is there today only when asked twice. */
function OpenRun({ sweep, point }: { sweep: Sweep; point: number }) {
  const router = useRouter();
  const open = (runId: unknown) => {
    if (typeof runId === "string") router.push(`/quant/run/?run=${runId}`);
  };
  const run = useMutation({
    mutationFn: (today: boolean) => unwrap(sweepAPI.runPoint(sweep.sweep_id, point, today)),
  });
  const job = run.data && "job" in run.data ? run.data.job.id : null;
  const busy = useAtWork(job) || run.isPending;
  // a job that somebody cancelled is a conflict, too, and one that names nothing that changed
  const changed = run.error instanceof ApiError && Object.hasOwn(run.error.details ?? {}, "changed");
  const start = (today: boolean) =>
    run.mutate(today, { onSuccess: (answer) => "run_id" in answer && open(answer.run_id) });
  return (
    <div className="stack g2">
      <div className="row wrap" style={{ gap: 8 }}>
        <button type="button" className="btn" onClick={() => start(changed)} disabled={busy}>
          {busy ? "Running the point …" : changed ? "Run it on today’s" : "Open as a run"}
        </button>
        {!changed && !run.variables && (
          <span className="xs t3">Worked out again by the engine; it is no new trial.</span>
        )}
        {run.error && (
          <span className="er" role="alert">
            {getErrorMessage(run.error)}
            {changed && ". Run on today’s, it is a trial of its own."}
          </span>
        )}
      </div>
      {job && (
        <FollowedJob
          id={job}
          title="Running the point"
          onSucceeded={(done) => open(done.result?.run_id)}
          onAgain={() => start(run.variables ?? false)}
        />
      )}
    </div>
  );
}
