"use client";

import { useQuery } from "@tanstack/react-query";
import { Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { count, percent, ratio, signed } from "@/lib/format";
import type { FactorExposures, RiskAnalysis } from "@/lib/types";
import { About } from "./about";
import { factorsQuery, useRiskWindow } from "./window";

/** Slopes with their intervals; its own question, for the first one after an import takes seconds. */
export function Factors({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  const query = useQuery(factorsQuery(portfolio, window));
  return (
    <section className="card" aria-label="Factors">
      <div className="card-h">
        <h2>Factors</h2>
        <About label="Factors">
          {query.data?.note ?? "Slopes of one regression of the portfolio’s returns on the factors’."}
        </About>
        <span className="sp t3 xs">slope, 95%</span>
      </div>
      <DataState query={query} failed="The factors cannot be worked out">
        {(found) => <Slopes found={found} />}
      </DataState>
    </section>
  );
}

function Slopes({ found }: { found: FactorExposures }) {
  const known = found.factors.filter((one) => one.exposure !== null);
  const low = Math.min(-0.5, ...known.map((one) => one.low ?? 0));
  const high = Math.max(1.2, ...known.map((one) => one.high ?? 0));
  const at = (value: number) => (100 * (value - low)) / (high - low);
  return (
    <>
      <div className="card-b">
        <div className="bars" style={{ gridTemplateColumns: "minmax(96px,auto) minmax(0,1fr) 56px" }}>
          {found.factors.map((one) => (
            <FactorRow key={one.id} one={one} at={at} />
          ))}
        </div>
      </div>
      <div className="card-f">
        {found.r_squared === null
          ? "Nothing can be told yet."
          : `They explain ${percent(found.r_squared, 0)} of the portfolio’s moves over ${count(found.sessions)} sessions.`}
      </div>
    </>
  );
}

function FactorRow({ one, at }: { one: FactorExposures["factors"][number]; at: (value: number) => number }) {
  return (
    <>
      <span className="t2" title={one.name}>
        {one.name.split(",")[0]}
      </span>
      <span className="bar">
        <i className="z" style={{ left: `${at(0)}%` }} />
        {one.exposure !== null && (
          <>
            <i
              style={{
                left: `${at(one.low ?? 0)}%`,
                width: `${at(one.high ?? 0) - at(one.low ?? 0)}%`,
                height: 4,
                background: "var(--border-strong)",
              }}
            />
            <i
              style={{
                left: `calc(${at(one.exposure)}% - 2px)`,
                width: 4,
                height: 12,
                background: "var(--accent)",
              }}
            />
          </>
        )}
      </span>
      <span className="num" style={{ justifyContent: "flex-end" }}>
        {one.exposure === null ? (
          <Unknown why={one.reason ?? "not known"} />
        ) : (
          <span title={`${ratio(one.low ?? 0)} to ${ratio(one.high ?? 0)}`}>{signed(one.exposure)}</span>
        )}
      </span>
    </>
  );
}

const SLOWEST = 6;

/** How long it takes to sell, the slowest first. */
export function Liquidity({ found }: { found: RiskAnalysis }) {
  const { liquidity } = found;
  const slow = liquidity.holdings.slice(0, SLOWEST);
  return (
    <section className="card" aria-label="Days to sell">
      <div className="card-h">
        <h2>Days to sell</h2>
        <About label="Days to sell">
          Shares held over {percent(liquidity.participation, 0)} of the usual volume: the median of the last{" "}
          {liquidity.sessions} sessions, one without a trade counting as none.
        </About>
        <span className="sp t3 xs">at {percent(liquidity.participation, 0)} of volume</span>
      </div>
      <div className="tw-wrap" role="region" aria-label="Days to sell, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Holding</th>
              <th scope="col" className="r">
                Weight
              </th>
              <th scope="col" className="r">
                Usual volume
              </th>
              <th scope="col" className="r">
                Sessions
              </th>
            </tr>
          </thead>
          <tbody>
            {slow.map((one) => (
              <tr key={one.symbol}>
                <th scope="row" className="sym">
                  {one.symbol}
                </th>
                <td className="r">{percent(one.weight)}</td>
                <td className="r">{count(one.usual_volume)}</td>
                <td className="r">
                  {one.days === null ? (
                    <Unknown why="it usually does not trade" />
                  ) : one.days < 1 ? (
                    "under 1"
                  ) : (
                    ratio(one.days, 1)
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">
        {percent(liquidity.sold_within["1"] ?? 0, 0)} of the value is sold in a session,{" "}
        {percent(liquidity.sold_within["5"] ?? 0, 0)} in five
        {liquidity.longest_days !== null &&
          `, all of it in ${count(liquidity.longest_days)} ${liquidity.longest_days === 1 ? "session" : "sessions"}`}
        .
      </div>
    </section>
  );
}
