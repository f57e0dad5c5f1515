import type { Figure } from "@/components/figure-card";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { Unknown, toneOf } from "@/components/marks";
import { labelOf, written } from "@/lib/measures";
import { useIndexName } from "@/lib/queries";
import { told } from "@/lib/told";

const MEASURED = ["cagr", "volatility", "sharpe", "max_drawdown"] as const;

export type BenchmarkMeasure = (typeof MEASURED)[number];

interface Measured {
  name: string;
  words: string;
  metrics: Record<string, unknown>;
  reasons: Record<string, string>;
}

/** A curve beside an index, its universe in equal parts, and cash, over the same sessions. */
export function BenchmarkTable<Beside extends Measured & { kind: string }>({
  label,
  mine,
  beside,
  from,
  figure,
}: {
  /** What a screen reader calls the table that scrolls. */
  label: string;
  mine: Measured;
  beside: readonly Beside[];
  /** The close that all of it is measured from, as a sentence. */
  from: string;
  /** What a cell opens: of `mine` where there is no benchmark. */
  figure?: (
    measure: { name: BenchmarkMeasure; label: string; shown: string },
    benchmark: Beside | null,
  ) => Figure;
}) {
  const indexName = useIndexName();
  if (beside.length === 0) return null;
  const named = beside.map((row) => ({
    ...row,
    name: row.kind === "index" ? indexName(row.name) : row.name,
  }));
  const rows = [{ ...mine, benchmark: null }, ...named.map((row) => ({ ...row, benchmark: row }))];
  return (
    <section className="card" aria-label="Benchmarks">
      <div className="card-h">
        <h2>Beside it</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label={label} tabIndex={0}>
        <FigureTable className="t num">
          <thead>
            <tr>
              <th scope="col" className="pin edge">
                What
              </th>
              {MEASURED.map((name) => (
                <th key={name} scope="col" className="r">
                  {labelOf(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row" className="pin edge" title={told(row.words)}>
                  {row.name}
                </th>
                {MEASURED.map((name) => {
                  const value = row.metrics[name];
                  if (typeof value !== "number")
                    return (
                      <td key={name} className="r">
                        <Unknown why={row.reasons[name] ?? row.words} />
                      </td>
                    );
                  const shown = written(name, value);
                  const tone = name === "cagr" ? toneOf(value) : undefined;
                  return (
                    <td key={name} className="r">
                      {figure ? (
                        <FigureValue
                          name={`${labelOf(name)}, ${row.name}: ${shown}`}
                          className={tone}
                          figure={() => figure({ name, label: labelOf(name), shown }, row.benchmark)}
                        >
                          {shown}
                        </FigureValue>
                      ) : (
                        <span className={tone}>{shown}</span>
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
        {from} {named.map((row) => told(`${row.name}: ${row.words}`)).join(" ")}
      </div>
    </section>
  );
}
