"use client";

import { Unknown } from "@/components/marks";
import { ratio } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";
import { About } from "./about";

const PARTS = [
  { name: "debt", label: "Debt" },
  { name: "profitability", label: "Return" },
  { name: "earnings", label: "Earnings" },
  { name: "valuation", label: "Price" },
] as const;

/** How easily the companies' accounts break, with the parts of each score. */
export function Accounts({ found }: { found: RiskAnalysis }) {
  const { fundamental_risk: accounts } = found;
  const rows = [...accounts.fragility_scores].sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  return (
    <section className="card" aria-label="Fragile accounts">
      <div className="card-h">
        <h2>Fragile accounts</h2>
        <About label="Fragile accounts">
          0 is sound, 100 fragile: 40 points for debt (all from twice the equity), 30 for return on equity
          (all at a loss, none from 20%), 15 for a loss a share, 15 for the price (none to a P/E of 15, all
          from 60). What is unknown is left out and the rest scaled; below half of the points there is no
          score. Of lenders the debt is left out. A rule of thumb that says where to look.
        </About>
        <span className="sp t3 xs">points, of 40 · 30 · 15 · 15</span>
      </div>
      <div
        className="tw-wrap"
        role="region"
        aria-label="Fragile accounts, scrolls"
        tabIndex={0}
        style={{ maxHeight: 340, overflow: "auto" }}
      >
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Company</th>
              <th scope="col" className="r">
                Score
              </th>
              {PARTS.map((part) => (
                <th key={part.name} scope="col" className="r">
                  {part.label}
                </th>
              ))}
              <th scope="col">Period</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.symbol}>
                <th scope="row" className="sym">
                  {row.symbol}
                </th>
                <td className="r b">
                  {row.score === null ? (
                    <Unknown why={`${ratio(row.known_points, 0)} of 100 points are known, 50 are needed`} />
                  ) : (
                    ratio(row.score, 0)
                  )}
                </td>
                {PARTS.map((part) => {
                  const one = row.parts[part.name];
                  return (
                    <td
                      key={part.name}
                      className="r"
                      title={one?.figure == null ? undefined : `Figure: ${ratio(one.figure)}`}
                    >
                      {one?.points == null ? (
                        <Unknown
                          why={one?.figure != null ? "not judged of a lender" : "the figure is not known"}
                        />
                      ) : (
                        ratio(one.points, 1)
                      )}
                    </td>
                  );
                })}
                <td className="t2 nowrap">{row.period ?? <Unknown why="no annual accounts are known" />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">
        {accounts.avg_fragility === null
          ? (found.reasons["avg_fragility"] ?? "")
          : `By value ${ratio(accounts.avg_fragility, 0)} on average${accounts.avg_leverage === null ? "" : `, debt ${ratio(accounts.avg_leverage)} times equity`}. `}
        {accounts.note}
      </div>
    </section>
  );
}
