"use client";

import { ratio } from "@/lib/format";
import type { RiskAnalysis } from "@/lib/types";
import { About } from "./about";

const STEPS = [1, 2, 3, 4, 5, 6, 7] as const;
const TOP = 0.8;

/** The colour of a correlation: seven steps from 0 to 0.8. */
export function step(value: number): number {
  return Math.min(7, Math.max(1, 1 + Math.floor((7 * value) / TOP)));
}

/** .53 in a cell: the zero would take a third of it. */
const short = (value: number): string => value.toFixed(2).replace("0.", ".").replace("-", "−");

/** Every pair's correlation, holdings in the order of their clusters; numbers above the diagonal. */
export function Correlations({ found }: { found: RiskAnalysis }) {
  const { portfolio_risk: spread } = found;
  const { symbols, matrix } = spread.correlation_matrix;
  return (
    <section className="card" aria-label="Correlation, clustered">
      <div className="card-h">
        <h2>Correlation, clustered</h2>
        <About label="Correlation, clustered">
          Pearson’s correlation of daily returns. Holdings that move together are joined first (average
          linkage over √((1 − ρ) / 2)) and lie beside each other.
        </About>
        <span className="sp legend">
          <span>0</span>
          <span className="hscale">
            {STEPS.map((one) => (
              <i key={one} style={{ background: `var(--seq-${one})` }} />
            ))}
          </span>
          <span>0.8</span>
        </span>
      </div>
      <div
        className="tw-wrap card-b"
        tabIndex={0}
        role="region"
        aria-label="Correlations, scrolls"
        style={{ maxHeight: 460, overflow: "auto" }}
      >
        <table className="corr num">
          <thead>
            <tr>
              <td />
              {symbols.map((symbol) => (
                <th key={symbol} scope="col">
                  <span>{symbol}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {symbols.map((symbol, row) => (
              <tr key={symbol}>
                <th scope="row" className="sym">
                  {symbol}
                </th>
                {matrix[row]?.map((value, column) => {
                  const self = row === column;
                  const colour = step(value);
                  return (
                    <td
                      key={symbols[column]}
                      title={`${symbol}, ${symbols[column]}: ${ratio(value)}`}
                      style={
                        self
                          ? { background: "var(--surface-3)", color: "var(--text-2)" }
                          : { background: `var(--seq-${colour})`, color: `var(--seq-${colour}-ink)` }
                      }
                    >
                      {self ? "1" : column > row ? short(value) : <span className="sr">{ratio(value)}</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">
        {spread.avg_correlation === null
          ? "One holding has no correlations."
          : `Mean ${ratio(spread.avg_correlation)}, from ${ratio(spread.min_correlation ?? 0)} to ${ratio(spread.max_correlation ?? 0)}. Holdings that move together are one bet more than once.`}
      </div>
    </section>
  );
}
