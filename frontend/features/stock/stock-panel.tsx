"use client";

import { useQuery } from "@tanstack/react-query";
import { Badge, Delta, Stamp } from "@/components/marks";
import { StockChart } from "@/components/stock-chart";
import { rupees, signed } from "@/lib/format";
import { barsQuery, stockRowQuery } from "@/lib/queries";
import { KeyFigures } from "./key-figures";

/** Price, change and stamp: the line under a stock's name, on its page and in the drawer. */
export function PriceLine({ symbol, asof = null }: { symbol: string; asof?: string | null }) {
  const stock = useQuery(stockRowQuery(symbol, asof));
  const row = stock.data?.row;
  const meta = stock.data?.meta;
  if (!row || !meta) return null;
  return (
    <div className="row g3 wrap" style={{ alignItems: "baseline" }}>
      {row.close !== null && <span className="num big">{rupees(row.close, true)}</span>}
      {row.change_pct !== null && (
        <span className="md">
          <Delta value={row.change_pct} />
        </span>
      )}
      {row.close !== null && row.prev_close !== null && (
        <span className="num t2">{signed(row.close - row.prev_close)}</span>
      )}
      <Stamp
        asof={meta.asof}
        pointInTime={meta.point_in_time}
        snapshot={meta.snapshot}
        why={meta.point_in_time_note ?? undefined}
      />
    </div>
  );
}

/** The drawer beside the screener: chart and key figures, so that j, k and Space flip through a list. */
export function StockPanel({ symbol }: { symbol: string }) {
  const bars = useQuery(barsQuery(symbol));
  return (
    <div className="stack g0">
      <div className="card-b stack" style={{ paddingInline: 14 }}>
        <div className="row wrap">
          <span className="md b">{bars.data?.name ?? symbol}</span>
          {bars.data?.sector && <Badge>{bars.data.sector}</Badge>}
        </div>
        <PriceLine symbol={symbol} />
      </div>
      <StockChart symbol={symbol} height={320} />
      <div className="card-b" style={{ paddingInline: 14 }}>
        <h3 className="t3 xs">Key figures</h3>
        <KeyFigures symbol={symbol} />
      </div>
    </div>
  );
}
