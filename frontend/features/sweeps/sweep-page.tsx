"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsBoolean, parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { SelectField } from "@/components/fields";
import { Unknown } from "@/components/marks";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { sweepAPI, unwrap } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, dateRange, percent, probability } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { PlacedPoint, Sweep, SweepMetric } from "@/lib/types";
import { HeatTable } from "./heat-table";
import { atWork, doubtQuery, heatQuery, landscapeQuery, pointsQuery, sweepQuery } from "./queries";
import { Spread } from "./spread";
import { SweepState } from "./sweeps-page";
import { METRICS, parameters, written } from "./words";

const NAMES = Object.keys(METRICS) as SweepMetric[];
const COLUMNS: readonly SweepMetric[] = ["sharpe", "cagr", "max_drawdown", "profit_factor", "trades"];

export function SweepPage() {
  useCrumbs([{ label: "Quant" }, { label: "Sweeps", href: "/quant/sweeps/" }, { label: "Sweep" }]);
  const [{ sweep: id }] = useQueryStates({ sweep: parseAsString });
  const query = useQuery({ ...sweepQuery(id ?? ""), enabled: id !== null });
  if (id === null)
    return (
      <div className="page">
        <section className="card">
          <EmptyState
            title="No sweep is named"
            action={
              <Link className="btn p" href="/quant/sweeps/">
                See all sweeps
              </Link>
            }
          >
            The address of this page ends with a sweep’s id.
          </EmptyState>
        </section>
      </div>
    );
  return (
    <div className="page">
      <DataState query={query} failed="The sweep cannot be read">
        {(sweep) => <Shown sweep={sweep} />}
      </DataState>
    </div>
  );
}

function Shown({ sweep }: { sweep: Sweep }) {
  const varied = Object.keys(sweep.grid);
  const [view, set] = useQueryStates({
    metric: parseAsStringLiteral(NAMES).withDefault("sharpe"),
    x: parseAsString.withDefault(varied.at(-1) ?? ""),
    y: parseAsString.withDefault(varied[0] ?? ""),
    base: parseAsInteger.withDefault(0),
    point: parseAsInteger,
    page: parseAsInteger.withDefault(1),
    rising: parseAsBoolean.withDefault(false),
  });
  const cards = useQuery(strategiesQuery);
  const indexName = useIndexName();
  const name = cards.data?.find((card) => card.strategy_id === sweep.strategy_id)?.display_name;
  const any = sweep.done > 0;
  return (
    <>
      <div className="page-h">
        <div className="stack g1">
          <h1>
            {name ?? sweep.strategy_id} <span className="t2">over {varied.join(" and ")}</span>
          </h1>
          <p className="t2 num">
            {counted(sweep.points, "point")} · {sweep.universes.map(indexName).join(", ")} ·{" "}
            {dateRange(sweep.start_date, sweep.end_date)}
            {sweep.refused > 0 && (
              <span
                title={
                  sweep.skipped[0] ? `${parameters(sweep.skipped[0].params)}: ${sweep.skipped[0].reason}` : ""
                }
              >
                {" "}
                · {counted(sweep.refused, "combination")} the strategy does not take
              </span>
            )}
          </p>
        </div>
        <SweepState state={sweep.state} />
      </div>
      <Work sweep={sweep} />
      {any && (
        <>
          <div className="card card-b form-row" style={{ marginBottom: 12 }}>
            <SelectField
              label="Measure"
              value={view.metric}
              onChange={(event) => void set({ metric: event.target.value as SweepMetric, page: null })}
            >
              {NAMES.map((one) => (
                <option key={one} value={one}>
                  {METRICS[one]}
                </option>
              ))}
            </SelectField>
            <SelectField
              label="Across"
              value={view.x}
              onChange={(event) => void set({ x: event.target.value })}
            >
              {varied.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </SelectField>
            <SelectField
              label="Down"
              value={view.y}
              onChange={(event) => void set({ y: event.target.value })}
            >
              {varied.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </SelectField>
            {sweep.bases.length > 1 && (
              <SelectField
                label="Universe and period"
                value={view.base}
                onChange={(event) => void set({ base: Number(event.target.value), point: null, page: null })}
              >
                {sweep.bases.map((base) => (
                  <option key={base.base} value={base.base}>
                    {indexName(base.universe)}, {dateRange(base.start_date, base.end_date)}
                  </option>
                ))}
              </SelectField>
            )}
          </div>
          <Heat sweep={sweep} {...view} onChoose={(point) => void set({ point })} />
          <div className="duo" style={{ marginTop: 12 }}>
            <Surroundings sweep={sweep} metric={view.metric} base={view.base} point={view.point} />
            <Doubt sweep={sweep} base={view.base} />
          </div>
          <Points
            sweep={sweep}
            {...view}
            onPage={(page) => void set({ page })}
            onTurn={() => void set({ rising: !view.rising || null, page: null })}
            onChoose={(point) => void set({ point })}
          />
        </>
      )}
    </>
  );
}

function Work({ sweep }: { sweep: Sweep }) {
  const client = useQueryClient();
  const router = useRouter();
  const again = () => client.invalidateQueries({ queryKey: ["sweep", sweep.sweep_id] });
  const resume = useMutation({ mutationFn: () => unwrap(sweepAPI.resume(sweep.sweep_id)), onSuccess: again });
  const cancel = useMutation({
    mutationFn: () => unwrap(sweepAPI.cancel(sweep.sweep_id)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["sweeps"] });
      router.push("/quant/sweeps/");
    },
  });
  if (sweep.state === "FINISHED") return null;
  const share = sweep.done / sweep.points;
  const problem = resume.error ?? cancel.error;
  return (
    <section className="card card-b stack g3" aria-label="Progress" style={{ marginBottom: 12 }}>
      <div className="row between num">
        <span>
          {count(sweep.done)} of {counted(sweep.points, "point")}
        </span>
        <span>{percent(share, 0)}</span>
      </div>
      <div
        className="prog"
        role="progressbar"
        aria-label="Points worked out"
        aria-valuenow={Math.floor(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <div className="row between wrap" style={{ gap: 8 }}>
        <span className="xs t3">
          {atWork(sweep)
            ? "What is worked out is kept: a sweep that is interrupted goes on where it was."
            : "Nobody is at work on it. What is worked out is kept."}
        </span>
        <span className="row">
          {!atWork(sweep) && (
            <button
              type="button"
              className="btn p sm"
              onClick={() => resume.mutate()}
              disabled={resume.isPending}
            >
              Go on
            </button>
          )}
          <button
            type="button"
            className="btn sm"
            onClick={() => cancel.mutate()}
            disabled={cancel.isPending}
          >
            Cancel and remove
          </button>
        </span>
      </div>
      {problem && (
        <p className="er" role="alert">
          {getErrorMessage(problem)}
        </p>
      )}
    </section>
  );
}

interface View {
  sweep: Sweep;
  metric: SweepMetric;
  base: number;
  point: number | null;
}

function Heat({
  sweep,
  metric,
  x,
  y,
  base,
  point,
  onChoose,
}: View & { x: string; y: string; onChoose: (point: number) => void }) {
  const query = useQuery(heatQuery(sweep, x, y, metric, base));
  return (
    <section className="card" aria-label="Heat map">
      <div className="card-h">
        <h2>{METRICS[metric]} by parameters</h2>
      </div>
      <DataState query={query} failed="The heat map cannot be drawn">
        {(heat) => (
          <>
            <HeatTable heat={heat} chosen={point} onChoose={onChoose} />
            <p className="card-f t3 xs">
              {heat.others.length > 0
                ? `The median over ${heat.others.join(", ")}; a cell opens the best point in it.`
                : "A cell opens its point."}{" "}
              The stronger the colour, the higher the value.
            </p>
          </>
        )}
      </DataState>
    </section>
  );
}

function Surroundings({ sweep, metric, base, point }: View) {
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
                      {METRICS[metric]}
                    </th>
                    <th scope="col" className="r" title="Median of the point and its neighbours on the grid">
                      Around it
                    </th>
                    <th scope="col" className="r" title="Share of all points that are no better">
                      Percentile
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {(
                    [
                      ["Peak", found.peak],
                      ["Plateau", found.plateau],
                      [point === null ? "Chosen: the peak" : "Chosen", found.chosen],
                    ] as const
                  ).map(
                    ([label, one]) => one && <Placed key={label} label={label} one={one} metric={metric} />,
                  )}
                </tbody>
              </table>
            </div>
            {found.reason && <p className="t3 xs">No neighbourhood: {found.reason}.</p>}
            {found.chosen && <OpenRun sweep={sweep} point={found.chosen.number} />}
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
        {label} <span className="t2">{parameters(one.params)}</span>
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

/** The point as a run of its own, worked out again by the engine. */
function OpenRun({ sweep, point }: { sweep: Sweep; point: number }) {
  const router = useRouter();
  const run = useMutation({
    mutationFn: () => unwrap(sweepAPI.runPoint(sweep.sweep_id, point)),
    onSuccess: (answer) => {
      if ("run_id" in answer) router.push(`/quant/run/?run=${answer.run_id}`);
    },
  });
  return (
    <div className="row wrap" style={{ gap: 8 }}>
      <button type="button" className="btn" onClick={() => run.mutate()} disabled={run.isPending}>
        {run.isPending ? "Running the point …" : "Open as a run"}
      </button>
      <span className="xs t3">Worked out again by the engine; it is no new trial.</span>
      {run.data && "job" in run.data && <span className="t2">Still running; ask again in a moment.</span>}
      {run.error && (
        <span className="er" role="alert">
          {getErrorMessage(run.error)}
        </span>
      )}
    </div>
  );
}

function Doubt({ sweep, base }: { sweep: Sweep; base: number }) {
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
          const left = told.best?.significance as
            { deflated_sharpe: number | null; trials: number; reasons: Record<string, string> } | undefined;
          const rows: [string, string, number | null | undefined, string][] = [
            [
              "Probability of overfitting",
              "Of the best in one half of the sessions being no better than the median in the other (CSCV)",
              told.pbo?.probability,
              told.pbo?.reason ?? told.reason ?? "unknown",
            ],
            [
              `Deflated Sharpe of the best${left ? `, ${counted(left.trials, "trial")}` : ""}`,
              "Probability that its Sharpe is above the best that luck alone gives in so many trials",
              left?.deflated_sharpe,
              left?.reasons["deflated_sharpe"] ?? told.reason ?? "no point has a Sharpe",
            ],
            [
              "p that no point earns anything",
              "Hansen’s test of superior predictive ability over all points",
              told.spa?.consistent,
              told.spa?.reason ?? told.reason ?? "unknown",
            ],
          ];
          return (
            <div className="card-b stack g3">
              <div className="tw-wrap" tabIndex={0} role="group" aria-label="Doubt, scrolls sideways">
                <table className="t num">
                  <tbody>
                    {rows.map(([label, hint, value, why]) => (
                      <tr key={label}>
                        <th scope="row" title={hint}>
                          {label}
                          <span className="t3 xs" style={{ display: "block", whiteSpace: "normal" }}>
                            {hint}
                          </span>
                        </th>
                        <td className="r b">{value == null ? <Unknown why={why} /> : probability(value)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <p className="t3 xs">
                From the returns of {count(told.configurations)} of {counted(told.points, "point")} over{" "}
                {count(told.sessions)} sessions.
                {told.best && ` The best of them: ${parameters(told.best.params)}.`}
              </p>
            </div>
          );
        }}
      </DataState>
    </section>
  );
}

function Points({
  sweep,
  metric,
  base,
  point,
  page,
  rising,
  onPage,
  onTurn,
  onChoose,
}: View & {
  page: number;
  rising: boolean;
  onPage: (page: number) => void;
  onTurn: () => void;
  onChoose: (point: number) => void;
}) {
  const query = useQuery(pointsQuery(sweep, metric, !rising, base, page));
  const shown = COLUMNS.includes(metric) ? COLUMNS : [metric, ...COLUMNS];
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Points">
      <div className="card-h">
        <h2>Points</h2>
        <span className="sp">
          <button type="button" className="btn sm" onClick={onTurn}>
            {METRICS[metric]}: {rising ? "lowest" : "highest"} first
          </button>
        </span>
      </div>
      <DataState query={query} failed="The points cannot be read">
        {(data) => (
          <>
            <div className="tw-wrap" tabIndex={0} role="group" aria-label="Points, scroll sideways">
              <table className="t num">
                <thead>
                  <tr>
                    <th scope="col">Parameters</th>
                    {shown.map((one) => (
                      <th key={one} scope="col" className="r">
                        {METRICS[one]}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.data.map((row) => (
                    <tr key={row.number} className={row.number === point ? "on" : undefined}>
                      <th scope="row">
                        <button type="button" className="link" onClick={() => onChoose(row.number)}>
                          {parameters(row.params)}
                        </button>
                        {row.failed && <span className="er xs"> {row.failed}</span>}
                      </th>
                      {shown.map((one) => {
                        const value = row.metrics[one];
                        return (
                          <td key={one} className="r">
                            {value == null ? (
                              <Unknown why={row.failed ?? "Not defined; the run of it says why"} />
                            ) : (
                              written(one, value)
                            )}
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Pager page={page} pages={data.meta.total_pages} onPage={onPage} />
          </>
        )}
      </DataState>
    </section>
  );
}
