"use client";

import { Unknown } from "@/components/marks";
import { percent, rupees } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";
import { About } from "./about";

const WAYS = [
  { suffix: "", name: "Historical", note: "as the window was" },
  { suffix: "_cornish_fisher", name: "Cornish-Fisher", note: "by skewness and kurtosis" },
  { suffix: "_filtered", name: "At today’s pace", note: "returns scaled to today’s volatility" },
] as const;
const MEASURES = ["var_95", "cvar_95", "var_99", "cvar_99"] as const;

/** Value at risk and expected shortfall, three ways. */
export function Tails({ found }: { found: RiskAnalysis }) {
  const risk = found.market_risk as unknown as Record<string, number | null>;
  const worth = found.value === null ? null : Number(found.value) * found.window.covered;
  return (
    <section className="card" aria-label="Losses of one session">
      <div className="card-h">
        <h2>Losses of one session</h2>
        <About label="Losses of one session">
          VaR is the loss not exceeded in so many of 100 sessions, CVaR the mean loss beyond it. Historical
          takes the window as it was; Cornish-Fisher bends the normal quantile by skewness and kurtosis; at
          today’s pace scales every return to the volatility expected now (RiskMetrics, decay 0.94).
        </About>
      </div>
      <div className="tw-wrap" role="region" aria-label="Losses of one session, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Way</th>
              {MEASURES.map((one) => (
                <th key={one} scope="col" className="r">
                  {one.startsWith("cvar") ? "CVaR" : "VaR"} {one.slice(-2)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WAYS.map((way) => (
              <tr key={way.name}>
                <th scope="row">
                  {way.name}
                  <span className="xs t3" style={{ display: "block" }}>
                    {way.note}
                  </span>
                </th>
                {MEASURES.map((one) => {
                  const name = `${one}${way.suffix}`;
                  const value = risk[name] ?? null;
                  return (
                    <td key={one} className="r">
                      {value === null ? (
                        <Unknown why={found.reasons[name] ?? "not known"} />
                      ) : (
                        <>
                          {percent(value, 2)}
                          {worth !== null && (
                            <span className="xs t3" style={{ display: "block" }}>
                              {rupees(value * worth, false)}
                            </span>
                          )}
                        </>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">
        Losses are told as positive numbers. A quiet past says little of the next storm.
      </div>
    </section>
  );
}
