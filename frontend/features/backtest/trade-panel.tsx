"use client";

import { useQuery } from "@tanstack/react-query";
import { Fragment, useMemo } from "react";
import { sentence } from "@/components/data-jobs";
import { FigureName } from "@/components/figure-card";
import { Delta, toneOf, Unknown } from "@/components/marks";
import { StockChart } from "@/components/stock-chart";
import { getErrorMessage } from "@/lib/errors";
import { barTime, count, counted, rupees, signedRupees } from "@/lib/format";
import type { Trade } from "@/lib/types";
import { tradeFillsQuery } from "./queries";
import { markersOf } from "./trade-candles";
import {
  chargeName,
  chargesBy,
  NO_VALUE,
  tradeFigure,
  tradeReturn,
  type TradeMeasure,
} from "./trade-figures";

/** One trade on its candles: where it went in and out, and what it cost. */
export function TradePanel({ runId, trade, number }: { runId: string; trade: Trade; number: number }) {
  const value = tradeReturn(trade);
  const fills = useQuery(tradeFillsQuery(runId, number));
  const name = (label: string, of: TradeMeasure) => (
    <FigureName label={label} figure={() => tradeFigure(runId, trade, fills.data, of)} />
  );
  const markers = useMemo(() => markersOf([trade]), [trade]);
  const between = useMemo(
    () => ({ start: trade.entry_at.slice(0, 10), end: trade.exit_at?.slice(0, 10) ?? null }),
    [trade],
  );
  return (
    <div>
      <StockChart
        key={`${trade.symbol} ${trade.entry_at}`}
        symbol={trade.symbol}
        markers={markers}
        between={between}
        height={320}
      />
      <div className="card-b" style={{ paddingInline: 14 }}>
        <div className="row between">
          <b className="sb">
            {trade.open
              ? "Open at the end"
              : trade.exit_reason
                ? sentence(trade.exit_reason.toLowerCase())
                : "Closed"}
          </b>
          {value !== null && (
            <span className="row" style={{ gap: 6 }}>
              {name("Return", "return")} <Delta value={value} />
            </span>
          )}
        </div>
        <dl className="kv num">
          <dt>Entry, {barTime(trade.entry_at, true)}, open</dt>
          <dd>{rupees(trade.entry_price, true)}</dd>
          {trade.exit_at && trade.exit_price !== null && (
            <>
              <dt>Exit, {barTime(trade.exit_at, true)}</dt>
              <dd>{rupees(trade.exit_price, true)}</dd>
            </>
          )}
          <dt>Quantity</dt>
          <dd>
            {counted(trade.quantity, "share")}
            {!trade.open &&
              trade.exit_quantity !== null &&
              trade.exit_quantity !== trade.quantity &&
              `, sold as ${count(trade.exit_quantity)}`}
          </dd>
          {trade.income !== 0 && (
            <>
              <dt>Paid out while held</dt>
              <dd>{rupees(trade.income, true)}</dd>
            </>
          )}
          <dt>{name("Charges", "charges")}</dt>
          <dd>{rupees(trade.costs, true)}</dd>
          {fills.data &&
            chargesBy(fills.data).map(([kind, rupeesOf]) => (
              <Fragment key={kind}>
                <dt className="t3" style={{ paddingLeft: 12 }}>
                  {chargeName(kind)}
                </dt>
                <dd className="t3">{rupees(rupeesOf, true)}</dd>
              </Fragment>
            ))}
          {fills.error && (
            <>
              <dt className="t3">By kind</dt>
              <dd>
                <Unknown why={getErrorMessage(fills.error)} />
              </dd>
            </>
          )}
          <dt>{name("P&L after charges", "pnl")}</dt>
          <dd>
            {trade.pnl === null ? (
              <Unknown why={NO_VALUE} />
            ) : (
              <span className={toneOf(trade.pnl)}>{signedRupees(trade.pnl, 2)}</span>
            )}
          </dd>
        </dl>
        <p className="xs t3">
          Prices of the fills are as traded; the chart may be adjusted, so its axis can differ from them.
        </p>
      </div>
    </div>
  );
}
