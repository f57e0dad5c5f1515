"use client";

import { useMemo, useState } from "react";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { toneOf } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { barTime, count, counted, date, signedRupees } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { useRange } from "@/lib/use-range";
import { laneFigure } from "./cell-figures";
import { lanes, type Stretch } from "./holdings";

const SHOWN = 15;

const said = ({ trade }: Stretch): string =>
  `${barTime(trade.entry_at)} – ${trade.exit_at ? barTime(trade.exit_at) : "open"}: ${counted(trade.quantity, "share")}${
    trade.pnl === null ? "" : `, ${signedRupees(trade.pnl)}`
  }`;

/** Who was held when, one line an instrument; a line opens its trades on candles. */
export function Holdings({ run, onOpen }: { run: RunDetail; onOpen: (symbol: string) => void }) {
  const days = useMemo(() => run.daily_chart.map((point) => point.date), [run.daily_chart]);
  const { drawn } = useRange(days);
  const [first, last] = drawn;
  const found = useMemo(() => lanes(run.trades, days, first, last), [run.trades, days, first, last]);
  const [all, setAll] = useState(false);
  const shown = all ? found.slice(0, 10 * SHOWN) : found.slice(0, SHOWN);
  const span = Math.max(1, last - first + 1);
  return (
    <section className="card">
      <div className="card-h">
        <h2>Holdings through time</h2>
        {found.length > SHOWN && (
          <span className="sp">
            <button type="button" className="btn sm" aria-pressed={all} onClick={() => setAll(!all)}>
              {all ? `First ${count(SHOWN)}` : `First ${count(Math.min(found.length, 10 * SHOWN))}`}
            </button>
          </span>
        )}
      </div>
      {found.length === 0 ? (
        <EmptyState title="Nothing was held">
          No trade touches the part of the period that is shown.
        </EmptyState>
      ) : (
        <div className="lanes" role="region" aria-label="Holdings through time, scrolls" tabIndex={0}>
          <FigureTable className="num">
            <thead className="sr">
              <tr>
                <th scope="col">Instrument</th>
                <th scope="col">When it was held</th>
                <th scope="col">Sessions</th>
                <th scope="col">P&amp;L</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((lane) => (
                <tr key={lane.symbol}>
                  <th scope="row">
                    <button
                      type="button"
                      className="link"
                      aria-label={`Trades of ${lane.symbol} on candles`}
                      onClick={() => onOpen(lane.symbol)}
                    >
                      {lane.symbol}
                    </button>
                  </th>
                  <td className="lane">
                    <span className="sr">{counted(lane.stretches.length, "time")}</span>
                    {lane.stretches.map((stretch) => (
                      <i
                        key={`${stretch.trade.book} ${stretch.trade.entry_at}`}
                        aria-hidden="true"
                        title={said(stretch)}
                        className={
                          stretch.trade.open ? "open" : (stretch.trade.pnl ?? 0) < 0 ? "lost" : "won"
                        }
                        style={{
                          left: `${(100 * (stretch.from - first)) / span}%`,
                          width: `${(100 * (stretch.to - stretch.from + 1)) / span}%`,
                        }}
                      />
                    ))}
                  </td>
                  <td className="r t2">
                    <FigureValue
                      name={`${lane.symbol}, sessions held: ${count(lane.held)}`}
                      figure={() => laneFigure(run, lane, "held")}
                    >
                      {count(lane.held)}
                    </FigureValue>
                  </td>
                  <td className={`r ${toneOf(lane.pnl)}`}>
                    <FigureValue
                      name={`${lane.symbol}, P&L: ${signedRupees(lane.pnl)}`}
                      figure={() => laneFigure(run, lane, "pnl")}
                    >
                      {signedRupees(lane.pnl)}
                    </FigureValue>
                  </td>
                </tr>
              ))}
            </tbody>
          </FigureTable>
        </div>
      )}
      <div className="card-f">
        {counted(found.length, "instrument")} from {date(days[first] ?? "")} to {date(days[last] ?? "")},
        those held for most sessions first; gains full, losses hatched, still open outlined. Then sessions
        held, and the P&amp;L of these trades.
      </div>
    </section>
  );
}
