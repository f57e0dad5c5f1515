import { Sparkline } from "@/components/sparkline";
import { Delta, Unknown } from "@/components/marks";
import { compactRupees, grouped } from "@/lib/format";
import type { ScreenerRow } from "@/lib/types";
import type { screenerColumns } from "./columns";

/** Two lines a stock, for a thumb. */
export function PhoneRow({
  row,
  sort,
  columns,
}: {
  row: ScreenerRow;
  sort: string;
  columns: ReturnType<typeof screenerColumns>;
}) {
  const sorted = columns.find(
    (column) => column.sortBy === sort && !["symbol", "sector", "close", "change_pct"].includes(column.id),
  );
  return (
    <>
      <span className="grow">
        <span className="sym">{row.symbol}</span>
        <span className="t3 xs trunc" style={{ display: "block" }}>
          {row.name ?? row.sector}
        </span>
      </span>
      {row.spark && row.spark.length > 1 && <Sparkline values={row.spark} />}
      <span className="pr num">
        <span className="b">
          {row.close === null ? <Unknown why="No close in this session" /> : grouped(row.close, 2)}
        </span>
        <span className="xs">
          {row.change_pct === null ? (
            <Unknown why="No close before this session" />
          ) : (
            <Delta value={row.change_pct} />
          )}
        </span>
      </span>
      <span className="pr num m3">
        {sorted && sort !== "turnover" && <span>{sorted.cell(row)}</span>}
        {sorted && sort !== "turnover" ? (
          <span className="xs t3">{sorted.header}</span>
        ) : (
          <>
            <span>
              {row.turnover === null ? (
                <Unknown why="No turnover in this session" />
              ) : (
                compactRupees(row.turnover)
              )}
            </span>
            <span className="xs t3">Turnover</span>
          </>
        )}
      </span>
    </>
  );
}
