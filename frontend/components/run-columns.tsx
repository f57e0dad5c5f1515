import type { ReactNode } from "react";
import type { Column } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { date, instant } from "@/lib/format";
import { shortLabelOf, written } from "@/lib/measures";
import type { Metrics, RunCard } from "@/lib/types";

type Measured = "cagr" | "sharpe" | "max_drawdown" | "volatility" | "trades";

const UNKNOWN = "Not defined for this run; its page says why";

const figure = (id: Measured, unit: "%" | undefined, width: number): Column<RunCard> => ({
  id,
  header: shortLabelOf(id),
  unit,
  align: "right",
  width,
  cell: (run) => {
    const value = (run.metrics as Metrics)[id];
    return typeof value === "number" ? written(id, value).replace(/%$/, "") : <Unknown why={UNKNOWN} />;
  },
});

/** What a stored run is told by in a list: where, when, and its figures. */
export const runColumns = (indexName: (id: string) => string): Column<RunCard>[] => [
  {
    id: "universe",
    header: "Universe",
    width: 104,
    cell: (run) => <span className="t2">{indexName(run.universe)}</span>,
  },
  { id: "start", header: "From", align: "right", width: 98, cell: (run) => date(run.start_date) },
  { id: "end", header: "To", align: "right", width: 98, cell: (run) => date(run.end_date) },
  figure("cagr", "%", 80),
  figure("sharpe", undefined, 76),
  figure("max_drawdown", "%", 98),
  figure("volatility", "%", 96),
  figure("trades", undefined, 72),
];

export const RUN_AT: Column<RunCard> = {
  id: "created",
  header: "Run at",
  unit: "IST",
  align: "right",
  width: 172,
  cell: (run) => <span className="t2">{instant(run.created_at)}</span>,
};

/** The same on a phone. */
export function PhoneRun({ run, title, universe }: { run: RunCard; title: ReactNode; universe: string }) {
  const metrics = run.metrics as Metrics;
  return (
    <>
      <span className="grow">
        <span className="b trunc" style={{ display: "block" }}>
          {title}
        </span>
        <span className="t3 xs trunc num" style={{ display: "block" }}>
          {universe} · {run.start_date.slice(0, 4)} – {run.end_date.slice(0, 4)}
        </span>
      </span>
      {(["cagr", "max_drawdown"] as const satisfies readonly Measured[]).map((name) => {
        const value = metrics[name];
        return (
          <span key={name} className="pr num">
            <span>{typeof value === "number" ? written(name, value) : <Unknown why={UNKNOWN} />}</span>
            <span className="xs t3">{shortLabelOf(name)}</span>
          </span>
        );
      })}
    </>
  );
}
