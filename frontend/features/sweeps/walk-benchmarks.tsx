import { Unknown, toneOf } from "@/components/marks";
import { percent, ratio } from "@/lib/format";
import { useIndexName } from "@/lib/queries";
import type { WalkForward } from "@/lib/types";

const MEASURES = [
  { name: "cagr", label: "Growth a year", show: percent },
  { name: "volatility", label: "Volatility", show: percent },
  { name: "sharpe", label: "Sharpe", show: ratio },
  { name: "max_drawdown", label: "Deepest drawdown", show: percent },
] as const;

/** The tested curve beside an index, its universe in equal parts, and cash, over the same sessions. */
export function WalkBenchmarks({ walk }: { walk: WalkForward }) {
  const indexName = useIndexName();
  if (walk.benchmarks.length === 0) return null;
  const { metrics, reasons } = walk;
  const mine = { name: "The tests put together", words: "After charges and slippage", metrics, reasons };
  const rows = [
    mine,
    ...walk.benchmarks.map((row) => ({
      ...row,
      name: row.kind === "index" ? indexName(row.name) : row.name,
    })),
  ];
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Benchmarks">
      <div className="card-h">
        <h2>Beside it</h2>
      </div>
      <div className="tw-wrap" role="group" aria-label="Benchmarks, scroll sideways" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">What</th>
              {MEASURES.map(({ name, label }) => (
                <th key={name} scope="col" className="r">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row" title={row.words}>
                  {row.name}
                </th>
                {MEASURES.map(({ name, show }) => {
                  const value = (row.metrics as Record<string, unknown>)[name];
                  return (
                    <td key={name} className="r">
                      {typeof value === "number" ? (
                        <span className={name === "cagr" ? toneOf(value) : undefined}>{show(value)}</span>
                      ) : (
                        <Unknown why={row.reasons[name] ?? row.words} />
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
        From the close before the first test on.{" "}
        {walk.benchmarks.map((row) => `${row.name}: ${row.words}`).join(" ")}
      </div>
    </section>
  );
}
