"use client";

import { percent, signed } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";
import { About } from "./about";

const MOST = 20;

/** Weight and part of the risk of each holding, as dumbbells; the riskiest first. */
export function Contributions({ found }: { found: RiskAnalysis }) {
  const all = found.portfolio_risk.marginal_contributions;
  const known = all.filter((one) => one.contribution_share !== null);
  const shown = known.slice(0, MOST);
  const rest = known.slice(MOST);
  const most = Math.max(0.01, ...shown.map((one) => Math.max(one.weight, one.contribution_share ?? 0)));
  const least = Math.min(0, ...shown.map((one) => one.contribution_share ?? 0));
  const at = (value: number) => (100 * (value - least)) / (most - least);
  const sum = known.reduce((total, one) => total + (one.contribution_share ?? 0), 0);
  const riskiest = shown[0];
  return (
    <section className="card" aria-label="Contribution to risk">
      <div className="card-h">
        <h2>Contribution to risk</h2>
        <About label="Contribution to risk">
          How much of the volatility each holding brings: its weight times the slope of the volatility with
          that weight (Euler). The parts sum to the whole, so that one above its weight is riskier than its
          money.
        </About>
        <span className="legend sp no-phone">
          <span>
            <i className="lgo" /> weight
          </span>
          <span>
            <i className="lgf" /> risk, above weight
          </span>
          <span>
            <i className="lgf g" /> below
          </span>
        </span>
      </div>
      <div className="card-b">
        <div
          className="bars ctb"
          role="table"
          aria-label="Weight and risk by holding"
          style={{ gridTemplateColumns: "auto minmax(0,1fr) 44px 44px 48px" }}
        >
          <div role="row" style={{ display: "contents" }}>
            <span role="columnheader" className="xs t3">
              Holding
            </span>
            <span role="columnheader" className="xs t3 row between">
              <span>{percent(least, 0)}</span>
              <span>{percent(most, 0)}</span>
            </span>
            {["Weight", "Risk", "Diff."].map((name) => (
              <span role="columnheader" key={name} className="xs t3" style={{ justifyContent: "flex-end" }}>
                {name}
              </span>
            ))}
          </div>
          {shown.map((one) => {
            const share = one.contribution_share ?? 0;
            const above = share > one.weight;
            const [low, high] = above ? [one.weight, share] : [share, one.weight];
            const tone = above ? "loss" : "gain";
            return (
              <div role="row" key={one.symbol} style={{ display: "contents" }}>
                <span role="rowheader" className="sym" title={one.company_name ?? undefined}>
                  {one.symbol}
                </span>
                <span role="cell" className="bar db">
                  <i
                    className="ln"
                    style={{
                      left: `${at(low)}%`,
                      width: `${at(high) - at(low)}%`,
                      background: `var(--${tone}-fill)`,
                    }}
                  />
                  <i className="o" style={{ left: `${at(one.weight)}%` }} />
                  <i className="f" style={{ left: `${at(share)}%`, background: `var(--${tone})` }} />
                </span>
                <span role="cell" className="num t2" style={{ justifyContent: "flex-end" }}>
                  {(100 * one.weight).toFixed(1)}
                </span>
                <span role="cell" className="num" style={{ justifyContent: "flex-end" }}>
                  {(100 * share).toFixed(1).replace("-", "−")}
                </span>
                <span
                  role="cell"
                  className={`num ${above ? "dn" : "up"}`}
                  style={{ justifyContent: "flex-end" }}
                >
                  {signed(100 * (share - one.weight), 1)}
                </span>
              </div>
            );
          })}
        </div>
      </div>
      <div className="card-f">
        {known.length === 0
          ? "The portfolio does not vary, so there is no risk to split."
          : `Risk shares sum to ${percent(sum)}. ${riskiest ? `${riskiest.symbol} is ${percent(riskiest.weight)} of the money and ${percent(riskiest.contribution_share ?? 0)} of the risk.` : ""}`}
        {rest.length > 0 &&
          ` ${rest.length} smaller ones, ${percent(rest.reduce((total, one) => total + (one.contribution_share ?? 0), 0))} of the risk, are not drawn.`}
      </div>
    </section>
  );
}
