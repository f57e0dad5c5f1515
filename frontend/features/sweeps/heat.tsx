"use client";

import { useQuery } from "@tanstack/react-query";
import { FigureName } from "@/components/figure-card";
import { DataState } from "@/components/shared/DataState";
import { labelOf } from "@/lib/measures";
import { cellsFigure } from "./figures";
import { HeatTable } from "./heat-table";
import { heatQuery, landscapeQuery, type View } from "./queries";

/** The heat map of a measure, and what a cell of it opens. */
export function Heat({
  sweep,
  metric,
  x,
  y,
  base,
  point,
  onChoose,
}: View & { x: string; y: string; onChoose: (point: number) => void }) {
  const query = useQuery(heatQuery(sweep, x, y, metric, base));
  const plateau = useQuery(landscapeQuery(sweep, metric, base, point)).data?.plateau?.number ?? null;
  return (
    <section className="card" aria-label="Heat map">
      <div className="card-h">
        <h2>
          {query.data ? (
            <FigureName label={labelOf(metric)} figure={() => cellsFigure(sweep, query.data)} />
          ) : (
            labelOf(metric)
          )}{" "}
          by parameters
        </h2>
      </div>
      <DataState query={query} failed="The heat map cannot be drawn">
        {(heat) => (
          <>
            <HeatTable heat={heat} chosen={point} plateau={plateau} onChoose={onChoose} />
            <p className="card-f t3 xs">
              {heat.others.length > 0
                ? `The median over ${heat.others.join(", ")}; a cell opens the best point in it.`
                : "A cell opens its point."}{" "}
              The stronger the colour, the higher the value.
              {plateau !== null && " Dashed: the plateau, the point with the best neighbourhood."}
            </p>
          </>
        )}
      </DataState>
    </section>
  );
}
