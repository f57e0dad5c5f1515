"use client";

import { useMemo, useState, type ReactNode } from "react";
import { TableToggle } from "@/components/charted";
import { CurveLegend } from "@/components/curve-legend";
import { Segmented } from "@/components/fields";
import { StatsChart, type EquityPoint } from "@/components/stats-chart";
import { TimeBrush } from "@/components/time-brush";
import { useIndexName } from "@/lib/queries";
import { useRange } from "@/lib/use-range";

/** An account and its fall from the highest before, beside the index, with what chooses a part of the time. */
export function AccountCurve({
  title,
  label,
  name,
  capital,
  points,
  index,
  empty,
  children,
}: {
  title: string;
  /** What a screen reader calls the panel; without one it is no landmark. */
  label?: string;
  name: string;
  capital: number;
  points: readonly EquityPoint[];
  /** The index by its id, and its value at each point. */
  index?: { name: string; values: readonly (number | null)[] };
  /** In the place of the chart where there is no point. */
  empty?: ReactNode;
  /** Under the chart. */
  children?: ReactNode;
}) {
  const [scale, setScale] = useState<"linear" | "log">("linear");
  const [asTable, setAsTable] = useState(false);
  const days = useMemo(() => points.map((point) => point.date), [points]);
  const values = useMemo(() => points.map((point) => point.equity), [points]);
  const range = useRange(days);
  const [from, to] = range.drawn;
  const part = useMemo(() => points.slice(from, to + 1), [points, from, to]);
  const indexName = useIndexName();
  const besideName = index && indexName(index.name);
  const beside = useMemo(
    () => (index && besideName ? { name: besideName, values: index.values.slice(from, to + 1) } : undefined),
    [index, besideName, from, to],
  );
  return (
    <section className="card" aria-label={label}>
      <div className="card-h">
        <h2>{title}</h2>
        <CurveLegend name={name} beside={besideName} />
        <span className="sp row">
          <Segmented
            label="Scale"
            value={scale}
            options={[
              { value: "linear", label: "₹ lakh" },
              { value: "log", label: "Log" },
            ]}
            onChange={setScale}
          />
          <TableToggle asTable={asTable} onChange={setAsTable} />
        </span>
      </div>
      {points.length === 0 ? (
        empty
      ) : (
        <>
          <StatsChart
            points={part}
            capital={capital}
            name={name}
            log={scale === "log"}
            beside={beside}
            asTable={asTable}
          />
          <TimeBrush
            days={days}
            values={values}
            first={range.first}
            last={range.last}
            onChange={range.choose}
          />
        </>
      )}
      {children && <div className="card-f">{children}</div>}
    </section>
  );
}
