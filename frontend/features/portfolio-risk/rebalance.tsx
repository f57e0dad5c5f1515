"use client";

import { useMutation } from "@tanstack/react-query";
import { TextField } from "@/components/fields";
import { EmptyState, ErrorState } from "@/components/shared/DataState";
import { useState } from "react";
import { portfolioRiskAPI, unwrap } from "@/lib/api-client";
import { count, date, percent, rupees } from "@/lib/format";
import type { ImproveAnswer, ImproveRequest, RebalanceAnswer, RebalanceRequest } from "@/lib/types";

type MethodId = NonNullable<RebalanceRequest["methods"]>[number];

/** The orders in whole shares towards a method's weights. Nothing is entered anywhere. */
export function Rebalance({
  portfolio,
  asked,
  method,
}: {
  portfolio: number;
  asked: Partial<ImproveRequest>;
  method: ImproveAnswer["methods"][number] | undefined;
}) {
  const [cash, setCash] = useState("0");
  const plan = useMutation({
    mutationFn: () =>
      unwrap(
        portfolioRiskAPI.rebalance(portfolio, {
          ...asked,
          methods: [(method?.id ?? "minimum_variance") as MethodId],
          cash,
        }),
      ),
  });
  if (!method?.weights) return null;
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Rebalance">
      <div className="card-h">
        <h2>Rebalance to {method.name.toLowerCase()}</h2>
      </div>
      <form
        className="card-b row wrap"
        style={{ alignItems: "end", gap: 12 }}
        onSubmit={(event) => {
          event.preventDefault();
          plan.mutate();
        }}
      >
        <TextField
          label="Cash to put in"
          prefix="₹"
          inputMode="decimal"
          value={cash}
          hint="Below zero to take out"
          onChange={(event) => setCash(event.target.value)}
        />
        <button type="submit" className="btn" disabled={plan.isPending} style={{ marginBottom: 22 }}>
          List the trades
        </button>
      </form>
      {plan.isError && <ErrorState title="The trades cannot be worked out" error={plan.error} />}
      {plan.data && <Trades found={plan.data} />}
    </section>
  );
}

function Trades({ found }: { found: RebalanceAnswer }) {
  if (found.trades.length === 0)
    return <EmptyState title="Nothing to trade">Whole shares come no nearer to these weights.</EmptyState>;
  const money = (text: string | null) => (text === null ? "–" : rupees(Number(text), true));
  return (
    <>
      <div className="tw-wrap" role="region" aria-label="Trades, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Share</th>
              <th scope="col">Order</th>
              {["Shares", "Close, ₹", "Value, ₹", "Charges, ₹", "Before", "After"].map((name) => (
                <th key={name} scope="col" className="r">
                  {name}
                </th>
              ))}
              <th scope="col">Waiting</th>
            </tr>
          </thead>
          <tbody>
            {found.trades.map((trade) => (
              <tr key={trade.symbol}>
                <th scope="row" className="sym">
                  {trade.symbol}
                </th>
                <td>{trade.side === "buy" ? "Buy" : "Sell"}</td>
                <td className="r">{count(trade.quantity)}</td>
                <td className="r">{rupees(trade.price, true).slice(1)}</td>
                <td className="r">{money(trade.value).slice(1)}</td>
                <td className="r">{money(trade.charges).slice(1)}</td>
                <td className="r t2">{percent(trade.weight_before)}</td>
                <td className="r">{percent(trade.weight_after)}</td>
                <td className="t2">{waiting(found, trade.symbol)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f num">
        {found.tax.reason === null
          ? `Tax on the sales about ${money(found.tax.cost ?? null)} in ${found.tax.year ?? "this year"}. ${found.tax.notice ?? ""} `
          : `No tax is told: ${found.tax.reason}. `}
        Sold {money(found.sold)}, bought {money(found.bought)}, charges {money(found.charges)} ({found.plan}),
        cash left {money(found.cash_left)}. Closes of {date(found.priced_on)}. {found.note}
      </div>
    </>
  );
}

/** "45 days save ₹1,240", where the lots that are sold become long-term. */
function waiting(found: RebalanceAnswer, symbol: string): string {
  const wait = found.tax.sales?.find((sale) => sale.symbol === symbol)?.wait;
  return wait ? `${count(wait.days)} days save ${rupees(Number(wait.saves), false)}` : "";
}
