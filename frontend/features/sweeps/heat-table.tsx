"use client";

import { FigureTable } from "@/components/figure-value";
import { exact } from "@/lib/format";
import { labelOf, written } from "@/lib/measures";
import type { HeatMap } from "@/lib/types";

const TEXT_CELLS = 900; // more cells than this are colours with their value on hover and on focus

/** A measure by two parameters: the higher, the stronger the colour; a cell opens the best point in it. */
export function HeatTable({
  heat,
  chosen,
  plateau,
  onChoose,
}: {
  heat: HeatMap;
  chosen: number | null;
  /** The point with the best neighbourhood, where it is known. */
  plateau: number | null;
  onChoose: (point: number) => void;
}) {
  const known = heat.median.flat().filter((value) => value !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const cells = heat.x.values.length * heat.y.values.length;
  const small = cells > TEXT_CELLS;
  const one = heat.y.values.length === 1 && heat.y.values[0] === null;
  const said = (row: number, column: number, value: number) =>
    `${heat.x.name} ${exact(heat.x.values[column] ?? 0)}${one ? "" : `, ${heat.y.name} ${exact(heat.y.values[row] ?? 0)}`}: ${labelOf(heat.metric)} ${written(heat.metric, value)}`;
  return (
    <div className="tw-wrap" tabIndex={0} role="group" aria-label="Heat map, scrolls sideways">
      <FigureTable className="heat num">
        <caption className="sr">
          {labelOf(heat.metric)} by {heat.x.name}
          {one ? "" : ` and ${heat.y.name}`}
          {heat.others.length > 0 && `, the median over ${heat.others.join(", ")}`}
        </caption>
        <thead>
          <tr>
            <th scope="col">{one ? heat.x.name : `${heat.y.name} \\ ${heat.x.name}`}</th>
            {heat.x.values.map((value) => (
              <th key={value} scope="col">
                {exact(value ?? 0)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {heat.median.map((row, at) => (
            <tr key={heat.y.values[at] ?? "one"}>
              <th scope="row">{one ? labelOf(heat.metric) : exact(heat.y.values[at] ?? 0)}</th>
              {row.map((value, column) => {
                const best = heat.best[at]?.[column] ?? null;
                if (value === null || best === null)
                  return (
                    <td key={column} className="t3" title="No point here, or no value">
                      <span aria-hidden="true">–</span>
                      <span className="sr">none</span>
                    </td>
                  );
                const outlined = best === plateau;
                const told = `${said(at, column, value)}${outlined ? ", the plateau" : ""}`;
                const share = Math.round(8 + (64 * (value - low)) / span);
                return (
                  <td
                    key={column}
                    style={{
                      background: `color-mix(in oklab, var(--accent-solid) ${share}%, var(--surface-1))`,
                    }}
                  >
                    <button
                      type="button"
                      data-cell
                      tabIndex={-1}
                      className={outlined ? "plateau" : undefined}
                      aria-pressed={best === chosen}
                      title={told}
                      aria-label={told}
                      onClick={() => onChoose(best)}
                    >
                      {small ? "" : written(heat.metric, value)}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </FigureTable>
    </div>
  );
}
