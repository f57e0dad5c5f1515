"use client";

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { CurvesChart } from "@/components/curves-chart";
import { FigureCard } from "@/components/figure-card";
import { Stamp } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { date, percent } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";
import { Accounts } from "./accounts";
import { Contributions } from "./contributions";
import { WindowControls } from "./controls";
import { Correlations } from "./correlations";
import { figures, grown } from "./figures";
import { Factors, Liquidity } from "./factors";
import { Sectors } from "./sectors";
import { Tails } from "./tails";
import { analysisQuery, useRiskWindow } from "./window";

/** What the portfolio risks: figures, contributions, correlations, falls, tails, factors, sectors, accounts. */
export function RiskTab({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  const query = useQuery(analysisQuery(portfolio, window));
  return (
    <>
      <WindowControls of={query.data} />
      <DataState query={query} failed="The risk cannot be worked out">
        {(found) => <Found found={found} portfolio={portfolio} />}
      </DataState>
    </>
  );
}

function Found({ found, portfolio }: { found: RiskAnalysis; portfolio: number }) {
  return (
    <>
      <section className="card" aria-label="Figures">
        <div className="figs">
          {figures(found).map((figure) => (
            <FigureCard key={figure.label} figure={figure} />
          ))}
        </div>
      </section>
      <div className="grid rsk" style={{ marginTop: 12 }}>
        <Contributions found={found} />
        <Correlations found={found} />
        <Falls found={found} />
        <Tails found={found} />
        <Factors portfolio={portfolio} />
        <Liquidity found={found} />
        <Sectors found={found} />
        <Accounts found={found} />
      </div>
      <section className="card" style={{ marginTop: 12 }} aria-label="Assumptions">
        <div className="card-h">
          <h2>What this rests on</h2>
        </div>
        <ul className="card-b stack g2 t2" style={{ paddingLeft: 32 }}>
          {found.assumptions.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
        <div className="card-f">
          <Stamp
            asof={found.asof}
            pointInTime={found.fundamental_risk.point_in_time}
            snapshot={found.snapshot}
            why={`Prices are. Sectors are today’s, and: ${found.fundamental_risk.note}`}
          />
        </div>
      </section>
    </>
  );
}

function Falls({ found }: { found: RiskAnalysis }) {
  const { dates, portfolio_returns, benchmark_returns } = found.charts.performance;
  const fall = found.market_risk.max_drawdown;
  const curves = useMemo(
    () => [
      { name: "Portfolio", ...grown(portfolio_returns) },
      ...(found.benchmark.reason === null
        ? [{ name: found.benchmark.name, ...grown(benchmark_returns.map((one) => one ?? 0)) }]
        : []),
    ],
    [portfolio_returns, benchmark_returns, found.benchmark],
  );
  return (
    <section className="card" aria-label="Growth and drawdown">
      <div className="card-h">
        <h2>Growth and drawdown</h2>
        <span className="legend sp">
          <span>
            <i className="sw" style={{ background: "var(--accent)" }} /> portfolio
          </span>
          {found.benchmark.reason === null && (
            <span>
              <i className="sw" style={{ background: "var(--series-1)" }} /> {found.benchmark.name}
            </span>
          )}
        </span>
      </div>
      <CurvesChart days={dates} curves={curves} height={300} />
      <div className="card-f">
        {fall.trough_date
          ? `Deepest fall ${percent(fall.max_drawdown)}, ${fall.peak_date ? `from ${date(fall.peak_date)}` : "from before the window"} to ${date(fall.trough_date)}; ${fall.recovery_date ? `recovered on ${date(fall.recovery_date)}, ${fall.recovery_days} sessions later` : "not recovered yet"}.`
          : "It never fell below its peak."}
      </div>
    </section>
  );
}
