"use client";

import { useQuery } from "@tanstack/react-query";
import { FigureName } from "@/components/figure-card";
import { FigureTable, FigureValue } from "@/components/figure-value";
import { Unknown } from "@/components/marks";
import { Pager } from "@/components/pager";
import { DataState } from "@/components/shared/DataState";
import { labelOf, written } from "@/lib/measures";
import type { SweepMetric } from "@/lib/types";
import { pointFigure } from "./figures";
import { pointsQuery, type View } from "./queries";
import { parameters } from "./words";

const FORMATS = ["CSV", "Parquet"] as const;
const COLUMNS: readonly SweepMetric[] = ["sharpe", "cagr", "max_drawdown", "profit_factor", "trades"];

/** Every point in the order of a measure. */
export function Points({
  sweep,
  metric,
  base,
  point,
  page,
  rising,
  onPage,
  onTurn,
  onChoose,
}: View & {
  page: number;
  rising: boolean;
  onPage: (page: number) => void;
  onTurn: () => void;
  onChoose: (point: number) => void;
}) {
  const query = useQuery(pointsQuery(sweep, metric, !rising, base, page));
  const shown = COLUMNS.includes(metric) ? COLUMNS : [metric, ...COLUMNS];
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Points">
      <div className="card-h">
        <h2>Points</h2>
        <span className="sp row">
          {FORMATS.map((format) => (
            <a
              key={format}
              className="btn sm"
              download
              href={`/api/portfolio/strategies/sweeps/${sweep.sweep_id}/export?format=${format.toLowerCase()}`}
              aria-label={`Every point as ${format}`}
            >
              {format}
            </a>
          ))}
          <button type="button" className="btn sm" onClick={onTurn}>
            {labelOf(metric)}: {rising ? "lowest" : "highest"} first
          </button>
        </span>
      </div>
      <DataState query={query} failed="The points cannot be read">
        {(data) => (
          <>
            <div className="tw-wrap" tabIndex={0} role="group" aria-label="Points, scroll sideways">
              <FigureTable className="t num">
                <thead>
                  <tr>
                    <th scope="col" className="pin edge">
                      Parameters
                    </th>
                    {shown.map((one) => (
                      <th key={one} scope="col" className="r">
                        <FigureName
                          label={labelOf(one)}
                          figure={() =>
                            pointFigure(
                              sweep,
                              one,
                              data.data.find((row) => row.number === point) ?? data.data[0],
                            )
                          }
                        />
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.data.map((row) => (
                    <tr key={row.number} className={row.number === point ? "on" : undefined}>
                      <th scope="row" className="pin edge">
                        <button type="button" className="link" onClick={() => onChoose(row.number)}>
                          {parameters(row.params)}
                        </button>
                        {row.failed && <span className="er xs"> {row.failed}</span>}
                      </th>
                      {shown.map((one) => {
                        const value = row.metrics[one];
                        return (
                          <td key={one} className="r">
                            {value == null ? (
                              <Unknown why={row.failed ?? "Not defined; the run of it says why"} />
                            ) : (
                              <FigureValue
                                name={`${labelOf(one)}: ${written(one, value)}`}
                                figure={() => pointFigure(sweep, one, row)}
                              >
                                {written(one, value)}
                              </FigureValue>
                            )}
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </FigureTable>
            </div>
            <Pager page={page} pages={data.meta.total_pages} onPage={onPage} />
          </>
        )}
      </DataState>
    </section>
  );
}
