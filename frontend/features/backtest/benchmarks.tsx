import { FigureTable, FigureValue } from "@/components/figure-value";
import { Unknown, toneOf } from "@/components/marks";
import { percent } from "@/lib/format";
import { useIndexName } from "@/lib/queries";
import type { RunHead } from "@/lib/types";
import { besideFigure } from "./cell-figures";
import { opened } from "./metrics";

const MEASURES = [
  { name: "cagr", label: "Growth a year", show: percent },
  { name: "volatility", label: "Volatility", show: percent },
  { name: "sharpe", label: "Sharpe", show: (value: number) => value.toFixed(2) },
  { name: "max_drawdown", label: "Deepest drawdown", show: percent },
] as const;

interface Row {
  name: string;
  words: string;
  metrics: Record<string, unknown>;
  reasons: Record<string, string>;
  equity?: readonly (number | null)[] | null;
}

/** The run beside an index, its universe in equal parts, and cash. */
export function Benchmarks({ run }: { run: RunHead }) {
  const indexName = useIndexName();
  if (run.benchmarks.length === 0) return null;
  const rows: Row[] = [
    {
      name: "This run",
      words: "After charges and slippage",
      metrics: run.metrics,
      reasons: run.metric_reasons,
    },
    ...run.benchmarks.map((row) => ({ ...row, name: row.kind === "index" ? indexName(row.name) : row.name })),
  ];
  return (
    <section className="card">
      <div className="card-h">
        <h2>Beside it</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="The run beside its benchmarks, scrolls" tabIndex={0}>
        <FigureTable className="t num">
          <thead>
            <tr>
              <th scope="col">What</th>
              {MEASURES.map(({ name, label }) => (
                <th key={name} scope="col" style={{ textAlign: "right" }}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row" title={row.words} style={{ textAlign: "left" }}>
                  {row.name}
                </th>
                {MEASURES.map(({ name, label, show }) => {
                  const value = row.metrics[name];
                  return (
                    <td key={name} style={{ textAlign: "right" }}>
                      {typeof value === "number" ? (
                        <FigureValue
                          name={`${label}, ${row.name}: ${show(value)}`}
                          className={name === "cagr" ? toneOf(value) : undefined}
                          figure={() =>
                            row.equity === undefined
                              ? opened(run, name)
                              : besideFigure(run, row, { name, label, shown: show(value) })
                          }
                        >
                          {show(value)}
                        </FigureValue>
                      ) : (
                        <Unknown why={row.reasons[name] ?? row.words} />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </FigureTable>
      </div>
      <div className="card-f">
        From the close of the first session on.{" "}
        {run.benchmarks.map((row) => `${row.name}: ${row.words}`).join(" ")}
      </div>
    </section>
  );
}
