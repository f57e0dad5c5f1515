import type { Column } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { date, instant } from "@/lib/format";
import { shortLabelOf, written } from "@/lib/measures";
import type { Metrics, RunCard } from "@/lib/types";

const figure = (
  id: "cagr" | "sharpe" | "max_drawdown" | "volatility" | "trades",
  unit: "%" | undefined,
  width: number,
): Column<RunCard> => ({
  id,
  header: shortLabelOf(id),
  unit,
  align: "right",
  width,
  cell: (run) => {
    const value = (run.metrics as Metrics)[id];
    return typeof value === "number" ? (
      written(id, value).replace(/%$/, "")
    ) : (
      <Unknown why="Not defined for this run; its page says why" />
    );
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
