"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Icon } from "@/components/icon";
import { ErrorState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { portfolioAPI } from "@/lib/api-client";
import { count, counted, date, rupees } from "@/lib/format";
import type { PortfolioAction } from "@/lib/types";
import { actionsQuery, useChange } from "./queries";
import { ACTION_KINDS } from "./words";

const ASKS: Record<string, string> = {
  kind: "whether it was a split or a bonus",
  quantity: "the shares subscribed",
  price: "the price",
  target_symbol: "the new share",
  ratio: "the ratio",
  cost_percent: "the part of the cost",
  amount: "the amount",
};

/** Splits, bonuses and dividends that the ledger lacks, with the holding before and after; nothing where none waits. */
export function Actions({ id }: { id: number }) {
  const query = useQuery(actionsQuery(id));
  const [open, setOpen] = useState<boolean | null>(null);
  const undo = useChange((ids: number[]) => portfolioAPI.undoActions(id, ids));
  const apply = useChange(
    (ids: string[] | null) => portfolioAPI.applyActions(id, ids && ids.map((one) => ({ id: one }))),
    {
      done: ({ transaction_ids: made }) =>
        toast({
          title: `${counted(made.length, "line")} entered`,
          action: { label: "Undo", run: () => undo.mutate(made) },
        }),
    },
  );
  const dismiss = useChange((one: string) => portfolioAPI.dismissActions(id, [one], true));
  const waiting = query.data?.actions ?? [];
  if (query.error)
    return (
      <section className="card" aria-label="Corporate actions" style={{ marginBottom: 12 }}>
        <ErrorState
          error={query.error}
          title="The corporate actions cannot be read"
          onRetry={() => void query.refetch()}
        />
      </section>
    );
  if (waiting.length === 0) return null;
  const ready = waiting.filter((one) => one.needs.length === 0);
  // dividends move no share: they wait quietly until somebody wants to see them
  const quiet = waiting.every((one) => one.kind === "DIVIDEND");
  const shown = open ?? !quiet;
  return (
    <section className="card" aria-label="Corporate actions" style={{ marginBottom: 12 }}>
      <div className="card-h">
        <h2>{counted(waiting.length, "corporate action")} not in the ledger</h2>
        <span className="row sp">
          <button type="button" className="btn sm q" aria-expanded={shown} onClick={() => setOpen(!shown)}>
            {shown ? "Hide" : "Show"}
          </button>
          {ready.length > 0 && (
            <button
              type="button"
              className="btn sm"
              disabled={apply.isPending}
              onClick={() => apply.mutate(null)}
            >
              Apply {count(ready.length)}
            </button>
          )}
        </span>
      </div>
      {shown && (
        <Waiting
          waiting={waiting}
          apply={(one) => apply.mutate([one])}
          dismiss={(one) => dismiss.mutate(one)}
          busy={apply.isPending || dismiss.isPending}
        />
      )}
      <div className="card-f">
        {quiet
          ? "Dividends of shares held, before tax withheld: income of the ledger once they are applied."
          : "Until a split or a bonus is in the ledger, the shares and every figure of them are those of before it."}
      </div>
    </section>
  );
}

function Waiting({
  waiting,
  apply,
  dismiss,
  busy,
}: {
  waiting: readonly PortfolioAction[];
  apply: (id: string) => void;
  dismiss: (id: string) => void;
  busy: boolean;
}) {
  return (
    <div
      className="tw-wrap"
      role="region"
      aria-label="Corporate actions, scrolls"
      tabIndex={0}
      style={{ maxHeight: 240 }}
    >
      <table className="t num">
        <thead>
          <tr>
            <th scope="col">Ex-date</th>
            <th scope="col">Stock</th>
            <th scope="col">Action</th>
            <th scope="col">What changes</th>
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {waiting.map((one) => (
            <tr key={one.id}>
              <td>{date(one.ex_date)}</td>
              <td className="sym">{one.symbol}</td>
              <td title={one.purpose}>
                {ACTION_KINDS[one.kind] ?? one.kind} {one.ratio ?? ""}
                {one.tier === "INFERRED" && <span className="t3"> inferred</span>}
              </td>
              <td className="t2">{changed(one)}</td>
              <td className="r">
                <span className="row" style={{ justifyContent: "flex-end" }}>
                  {one.needs.length === 0 && (
                    <button
                      type="button"
                      className="btn sm"
                      aria-label={`Apply ${one.kind} of ${one.symbol}`}
                      disabled={busy}
                      onClick={() => apply(one.id)}
                    >
                      Apply
                    </button>
                  )}
                  <button
                    type="button"
                    className="btn sm q"
                    aria-label={`Dismiss ${one.kind} of ${one.symbol}`}
                    disabled={busy}
                    onClick={() => dismiss(one.id)}
                  >
                    <Icon name="x" size="xs" />
                    Dismiss
                  </button>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function changed(one: PortfolioAction): string {
  if (one.needs.length > 0)
    return `Enter it under Transactions: it needs ${one.needs.map((name) => ASKS[name] ?? name).join(", ")}`;
  if (one.pays !== null) return `${rupees(Number(one.pays))} on ${counted(one.before.quantity, "share")}`;
  return one.after
    ? `${count(one.before.quantity)} become ${counted(one.after.quantity, "share")}, cost stays ${rupees(Number(one.after.cost))}`
    : "";
}
