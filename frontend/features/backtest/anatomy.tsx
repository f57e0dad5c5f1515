"use client";

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Charted } from "@/components/charted";
import { ConeChart, coneSeries } from "@/components/cone-chart";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { Unknown, toneOf } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { inBlocks } from "@/lib/draws";
import { count, date, MONTHS, percent, ratio, signed } from "@/lib/format";
import type { RunAnalysis, RunHead } from "@/lib/types";
import { useRange } from "@/lib/use-range";
import { Rolling } from "./anatomy-charts";
import { fallFigure, spanFigure } from "./cell-figures";
import { Distribution, NO_SESSION, NO_TRADE } from "./distribution";
import { Exposure } from "./exposure";
import { analysisQuery } from "./queries";

/** The run taken apart: months, falls, rolling figures, distributions, and what luck alone could have made of it. */
export function Anatomy({ run }: { run: RunHead }) {
  const query = useQuery(analysisQuery(run.run_id));
  return (
    <DataState query={query} failed="The run cannot be taken apart">
      {(found) =>
        found.reason ? (
          <section className="card">
            <EmptyState title="No returns to take apart">The {found.reason}.</EmptyState>
          </section>
        ) : (
          <Parts run={run} found={found} />
        )
      }
    </DataState>
  );
}

function Parts({ run, found }: { run: RunHead; found: RunAnalysis }) {
  const byDay = new Map(run.daily_chart.map((point) => [point.date.slice(0, 10), point.equity]));
  const equity = found.days.map((day) => byDay.get(day) ?? Number.NaN);
  const { drawn } = useRange(found.days);
  const part = useMemo(() => {
    const cut = <T,>(values: readonly T[]): T[] => values.slice(drawn[0], drawn[1] + 1);
    return {
      days: cut(found.days),
      rolling_sharpe: cut(found.rolling_sharpe),
      positions: cut(found.positions),
      rolling_sessions: found.rolling_sessions,
    };
  }, [found, drawn]);
  return (
    <>
      <Months run={run} found={found} equity={equity} />
      <div className="duo even">
        <Exposure run={run} found={found} />
        <Falls run={run} found={found} equity={equity} />
      </div>
      <Charted
        apart
        title="Sharpe of a year, and trades open"
        of="Sharpe of a year and trades open by session"
        days={part.days}
        series={[
          { name: "Sharpe of a year", values: part.rolling_sharpe, draw: ratio },
          { name: "Trades open", values: part.positions, draw: count },
        ]}
        height={220}
        foot={
          <>
            Above, of the last {count(found.rolling_sessions)} sessions at each close; below, the trades then
            open.
          </>
        }
      >
        <Rolling found={part} />
      </Charted>
      <div className="duo even">
        <Distribution title="Daily returns" bins={found.return_bins} of="daily returns" empty={NO_SESSION}>
          How many sessions fell into each range; the outermost hold what lies beyond.
        </Distribution>
        <Distribution title="Closed trades" bins={found.trade_bins} of="closed trades" empty={NO_TRADE}>
          Profit after charges over what was paid at the entry.
        </Distribution>
      </div>
      <Luck found={found} equity={equity} />
    </>
  );
}

const SCALE = 0.1;

/** Which of the nine colours of the scale a return has; its middle is zero and its ends are ±10%. */
function shade(value: number): number {
  const at = Math.round(4 + (4 * value) / SCALE);
  return Math.min(8, Math.max(0, at));
}

interface PartProps {
  run: RunHead;
  found: RunAnalysis;
  /** At each of its days. */
  equity: readonly number[];
}

function Months({ run, found, equity }: PartProps) {
  const months = new Map(found.months.map((month) => [`${month.year}-${month.month}`, month]));
  if (found.years.length === 0) return null;
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Returns by month and year</h2>
      </div>
      <div
        className="tw-wrap heat-wrap"
        role="region"
        aria-label="Returns by month and year, scrolls"
        tabIndex={0}
      >
        <FigureTable className="heat months num">
          <thead>
            <tr>
              <th scope="col">Year</th>
              {MONTHS.map((month) => (
                <th key={month} scope="col">
                  {month}
                </th>
              ))}
              <th scope="col">Whole</th>
            </tr>
          </thead>
          <tbody>
            {found.years.map((year) => (
              <tr key={year.year}>
                <th scope="row">{year.year}</th>
                {MONTHS.map((name, at) => {
                  const month = months.get(`${year.year}-${at + 1}`);
                  if (!month)
                    return (
                      <td key={name} className="none">
                        <Unknown why="Outside the run" />
                      </td>
                    );
                  const shown = `${signed(100 * month.value, 1)}${month.whole ? "" : "*"}`;
                  return (
                    <td
                      key={name}
                      className={`d${shade(month.value)}`}
                      title={`${name} ${year.year}: ${signed(100 * month.value, 2)}%${month.whole ? "" : ", perhaps a part of the month"}`}
                    >
                      <FigureValue
                        name={`${name} ${year.year}: ${shown}`}
                        figure={() => spanFigure(run, found.days, equity, month)}
                      >
                        {shown}
                      </FigureValue>
                    </td>
                  );
                })}
                <td className="b">
                  <FigureValue
                    name={`${year.year}: ${signed(100 * year.value, 1)}${year.whole ? "" : "*"}`}
                    className={toneOf(year.value)}
                    figure={() => spanFigure(run, found.days, equity, year)}
                  >
                    {signed(100 * year.value, 1)}
                    {year.whole ? "" : "*"}
                  </FigureValue>
                </td>
              </tr>
            ))}
          </tbody>
        </FigureTable>
      </div>
      <div className="card-f">
        Percent, after charges and slippage, from close to close. Colours end at ±{percent(SCALE, 0)}. * The
        record begins or ends in it.
      </div>
    </section>
  );
}

function Falls({ run, found, equity }: PartProps) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Deepest drawdowns</h2>
      </div>
      {found.drawdowns.length === 0 ? (
        <EmptyState title="No drawdown">The equity never fell below a former peak.</EmptyState>
      ) : (
        <div className="tw-wrap" role="region" aria-label="Deepest drawdowns, scrolls" tabIndex={0}>
          <FigureTable className="t num">
            <thead>
              <tr>
                <th scope="col" className="r">
                  Depth <span className="u">%</span>
                </th>
                <th scope="col">Peak</th>
                <th scope="col">Trough</th>
                <th scope="col">Recovered</th>
                <th scope="col" className="r">
                  Sessions
                </th>
              </tr>
            </thead>
            <tbody>
              {found.drawdowns.map((fall) => (
                <tr key={fall.trough}>
                  <td className="r dn">
                    <FigureValue
                      name={`Depth: ${percent(fall.depth, 2)}`}
                      figure={() => fallFigure(run, found.days, equity, fall, "depth")}
                    >
                      {percent(fall.depth, 2).slice(0, -1)}
                    </FigureValue>
                  </td>
                  <td>{fall.peak ? date(fall.peak) : "Opening capital"}</td>
                  <td>{date(fall.trough)}</td>
                  <td>{fall.recovery ? date(fall.recovery) : "Not yet"}</td>
                  <td className="r">
                    <FigureValue
                      name={`Sessions: ${count(fall.sessions)}`}
                      figure={() => fallFigure(run, found.days, equity, fall, "sessions")}
                    >
                      {count(fall.sessions)}
                    </FigureValue>
                  </td>
                </tr>
              ))}
            </tbody>
          </FigureTable>
        </div>
      )}
      <div className="card-f">From the peak to its recovery, or to the end of the run.</div>
    </section>
  );
}

function Luck({ found, equity }: { found: RunAnalysis; equity: readonly number[] }) {
  const { luck } = found;
  const title = "These returns drawn again";
  if (typeof luck === "string")
    return (
      <section className="card" style={{ marginTop: 12 }}>
        <div className="card-h">
          <h2>{title}</h2>
        </div>
        <EmptyState title="Nothing was drawn">{luck}.</EmptyState>
      </section>
    );
  return (
    <Charted
      apart
      title={title}
      of="Paths of the returns drawn again by session"
      days={found.days}
      series={coneSeries(luck.cone.equity, equity, "This run")}
      foot={
        <>
          Whole sessions of this run drawn again {count(luck.resamples)} times, {inBlocks(luck.block)}, some
          of them more than once: half of the paths lie in the inner band, nine of ten in the outer one. It
          shows how far luck spreads such returns; another market is not in it.
        </>
      }
    >
      <ConeChart days={found.days} paths={luck.cone.equity} equity={equity} what="This run" />
    </Charted>
  );
}
