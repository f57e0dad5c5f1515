import type { Column } from "@/components/data-table";
import { Unknown } from "@/components/marks";
import { count, date, grouped, instant, percent } from "@/lib/format";
import type { Metrics, RunCard } from "@/lib/types";

const figure = (
  id: string,
  header: string,
  unit: string | undefined,
  draw: (value: number) => string,
  width: number,
): Column<RunCard> => ({
  id,
  header,
  unit,
  align: "right",
  width,
  cell: (run) => {
    const value = (run.metrics as Metrics)[id];
    return typeof value === "number" ? (
      draw(value)
    ) : (
      <Unknown why="Not defined for this run; its page says why" />
    );
  },
});

const bare = (value: number): string => percent(value, 1).slice(0, -1);

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
  figure("cagr", "CAGR", "%", bare, 80),
  figure("sharpe", "Sharpe", undefined, (value) => grouped(value, 2), 76),
  figure("max_drawdown", "Drawdown", "%", bare, 98),
  figure("volatility", "Volatility", "%", bare, 96),
  figure("trades", "Trades", undefined, count, 72),
];

export const RUN_AT: Column<RunCard> = {
  id: "created",
  header: "Run at",
  unit: "IST",
  align: "right",
  width: 172,
  cell: (run) => <span className="t2">{instant(run.created_at)}</span>,
};
