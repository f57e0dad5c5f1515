"use client";

import Link from "next/link";
import { useMemo, useState, type ReactNode } from "react";
import { ColumnChooser } from "@/components/column-chooser";
import { chooseColumns, type Column } from "@/components/data-table";
import { Delta, toneOf, Unknown } from "@/components/marks";
import { sentence } from "@/components/data-jobs";
import { EmptyState } from "@/components/shared/DataState";
import { barTime, count, counted, grouped, signed, signedRupees } from "@/lib/format";
import type { RunDetail, Trade } from "@/lib/types";
import { OrdersTable } from "./orders-table";
import { heldDays, NO_VALUE, tradeReturn } from "./trade-figures";
import { TradePanel } from "./trade-panel";

const OPEN = "The position is still open at the end of the run";

export const TRADE_COLUMNS: Column<Trade>[] = [
  {
    id: "symbol",
    header: "Symbol",
    width: 122,
    sortBy: "symbol",
    cell: (trade) => <span className="sym">{trade.symbol}</span>,
    csv: (trade) => trade.symbol,
  },
  {
    id: "entry_at",
    header: "Entry",
    align: "right",
    width: 104,
    sortBy: "entry_at",
    cell: (trade) => barTime(trade.entry_at),
    csv: (trade) => trade.entry_at,
  },
  {
    id: "entry_price",
    header: "Price",
    unit: "₹",
    align: "right",
    width: 92,
    sortBy: "entry_price",
    cell: (trade) => grouped(trade.entry_price, 2),
    csv: (trade) => trade.entry_price,
  },
  {
    id: "quantity",
    header: "Quantity",
    align: "right",
    width: 86,
    sortBy: "quantity",
    cell: (trade) => count(trade.quantity),
    csv: (trade) => trade.quantity,
  },
  {
    id: "exit_at",
    header: "Exit",
    align: "right",
    width: 104,
    sortBy: "exit_at",
    cell: (trade) => (trade.exit_at ? barTime(trade.exit_at) : <Unknown why={OPEN} />),
    csv: (trade) => trade.exit_at,
  },
  {
    id: "exit_price",
    header: "Price out",
    unit: "₹",
    align: "right",
    width: 98,
    sortBy: "exit_price",
    cell: (trade) => (trade.exit_price === null ? <Unknown why={OPEN} /> : grouped(trade.exit_price, 2)),
    csv: (trade) => trade.exit_price,
  },
  {
    id: "held",
    header: "Held",
    unit: "days",
    align: "right",
    width: 84,
    sortBy: "held",
    cell: (trade) => {
      const days = heldDays(trade);
      return days === null ? <Unknown why={OPEN} /> : count(days);
    },
    csv: heldDays,
  },
  {
    id: "exit_reason",
    header: "Why it ended",
    width: 132,
    sortBy: "exit_reason",
    cell: (trade) => (
      <span className="t2">{trade.exit_reason ? sentence(trade.exit_reason.toLowerCase()) : "Open"}</span>
    ),
    csv: (trade) => trade.exit_reason,
  },
  {
    id: "return",
    header: "Return",
    unit: "%",
    align: "right",
    width: 94,
    sortBy: "return",
    cell: (trade) => {
      const value = tradeReturn(trade);
      return value === null ? <Unknown why={NO_VALUE} /> : <Delta value={value} unit="" />;
    },
    csv: tradeReturn,
  },
  {
    id: "costs",
    header: "Charges",
    unit: "₹",
    align: "right",
    width: 102,
    sortBy: "costs",
    cell: (trade) => <span className="t2">{grouped(trade.costs, 2)}</span>,
    csv: (trade) => trade.costs,
  },
  {
    id: "pnl",
    header: "P&L",
    unit: "₹",
    align: "right",
    width: 112,
    sortBy: "pnl",
    cell: (trade) =>
      trade.pnl === null ? (
        <Unknown why={NO_VALUE} />
      ) : (
        <span className={toneOf(trade.pnl)}>{signed(trade.pnl, 0)}</span>
      ),
    csv: (trade) => trade.pnl,
  },
  {
    id: "book",
    header: "Strategy",
    width: 130,
    sortBy: "book",
    optional: true,
    cell: (trade) => trade.book,
    csv: (trade) => trade.book,
  },
];

/** Every trade of the run, an open one at the last close. `tabs` stands in the place of the title. */
export function TradesTable({ run, tabs }: { run: RunDetail; tabs?: ReactNode }) {
  const [chosen, setChosen] = useState<string[] | null>(null);
  const { trades } = run;
  const shown = useMemo(() => chooseColumns(TRADE_COLUMNS, chosen), [chosen]);
  const total = useMemo(() => trades.reduce((sum, trade) => sum + (trade.pnl ?? 0), 0), [trades]);
  const charges = useMemo(() => trades.reduce((sum, trade) => sum + trade.costs, 0), [trades]);
  return (
    <OrdersTable
      run={run}
      title="Trades"
      tabs={tabs}
      file="trades"
      what="the trades"
      rows={trades}
      columns={TRADE_COLUMNS}
      shown={shown}
      tools={
        <span className="no-phone">
          <ColumnChooser all={TRADE_COLUMNS} shown={shown} onChange={setChosen} />
        </span>
      }
      by="entry_at"
      rowKey={(trade) => `${trade.book} ${trade.symbol} ${trade.entry_at}`}
      phoneRow={(trade) => <PhoneTrade trade={trade} />}
      foot={{
        symbol: counted(trades.length, "trade"),
        costs: <span className="num">{grouped(charges, 2)}</span>,
        pnl: <span className={`num ${toneOf(total)}`}>{signed(total, 0)}</span>,
      }}
      empty={
        <EmptyState title="No trade">
          The strategy gave no entry in this universe and period, or none could be filled.
        </EmptyState>
      }
      opens={(trade) => {
        const number = trades.indexOf(trade);
        return {
          title: `${trade.symbol}, trade ${count(number + 1)} of ${count(trades.length)}`,
          actions: (
            <Link className="btn sm" href={`/stock/?symbol=${encodeURIComponent(trade.symbol)}`}>
              Open stock
            </Link>
          ),
          body: <TradePanel runId={run.run_id} trade={trade} number={number} />,
        };
      }}
    />
  );
}

function PhoneTrade({ trade }: { trade: Trade }) {
  const value = tradeReturn(trade);
  return (
    <>
      <span className="grow">
        <span className="sym">{trade.symbol}</span>
        <span className="t3 xs trunc num" style={{ display: "block" }}>
          {barTime(trade.entry_at)} – {trade.exit_at ? barTime(trade.exit_at) : "open"}
        </span>
      </span>
      <span className="pr num">
        <span>{value === null ? <Unknown why={NO_VALUE} /> : <Delta value={value} />}</span>
        <span className={`xs ${trade.pnl === null ? "t3" : toneOf(trade.pnl)}`}>
          {trade.pnl === null ? "open" : signedRupees(trade.pnl)}
        </span>
      </span>
    </>
  );
}
