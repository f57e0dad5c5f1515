"use client";

import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Dialog } from "@/components/layers";
import { ErrorState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { portfolioAPI } from "@/lib/api-client";
import { fieldProblems, getErrorMessage } from "@/lib/errors";
import { count, counted, date, rupees } from "@/lib/format";
import type { ActionAnswer, PortfolioAction } from "@/lib/types";
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

const LABELS: Record<string, string> = {
  quantity: "Shares subscribed",
  price: "Price a share",
  target_symbol: "New share",
  ratio: "Ratio, new:held",
  cost_percent: "Cost that goes along",
  amount: "Amount received",
};

/** Splits, bonuses and dividends that the ledger lacks, with the holding before and after; nothing where none waits. */
export function Actions({ id }: { id: number }) {
  const query = useQuery(actionsQuery(id));
  const [open, setOpen] = useState<boolean | null>(null);
  const undo = useChange((ids: number[]) => portfolioAPI.undoActions(id, ids));
  const version = query.data?.version;
  const apply = useChange(
    (answers: ActionAnswer[] | null) => portfolioAPI.applyActions(id, answers, version),
    {
      quiet: true,
      done: ({ transaction_ids: made }) => {
        setAsked(null);
        toast({
          title: `${counted(made.length, "line")} entered`,
          action: { label: "Undo", run: () => undo.mutate(made) },
        });
      },
    },
  );
  const dismiss = useChange(({ one, away }: { one: string; away: boolean }) =>
    portfolioAPI.dismissActions(id, [one], away),
  );
  const [asked, setAsked] = useState<PortfolioAction | null>(null);
  const ask = (one: PortfolioAction) => {
    apply.reset();
    setAsked(one);
  };
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
  const dismissed = query.data?.dismissed ?? [];
  if (waiting.length === 0 && dismissed.length === 0) return null;
  const ready = waiting.filter((one) => one.needs.length === 0);
  // dividends move no share: they wait quietly until somebody wants to see them
  const quiet = waiting.length === 0 || waiting.every((one) => one.kind === "DIVIDEND");
  const shown = open ?? !quiet;
  return (
    <section className="card" aria-label="Corporate actions" style={{ marginBottom: 12 }}>
      <div className="card-h">
        <h2>
          {waiting.length > 0
            ? `${counted(waiting.length, "corporate action")} not in the ledger`
            : `${counted(dismissed.length, "corporate action")} dismissed`}
        </h2>
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
          dismissed={dismissed}
          apply={(one) => apply.mutate([{ id: one.id }])}
          ask={ask}
          dismiss={(one, away) => dismiss.mutate({ one: one.id, away })}
          busy={apply.isPending || dismiss.isPending}
        />
      )}
      {asked && (
        <Answer
          key={asked.id}
          action={asked}
          refused={apply.error}
          busy={apply.isPending}
          onClose={() => setAsked(null)}
          onApply={(answer) => apply.mutate([answer])}
        />
      )}
      <div className="card-f">
        {apply.error && !asked && (
          <p className="er" role="alert">
            {getErrorMessage(apply.error)}
          </p>
        )}
        {quiet
          ? "Dividends of shares held, before tax withheld: income of the ledger once they are applied."
          : "Until a split or a bonus is in the ledger, the shares and every figure of them are those of before it."}
      </div>
    </section>
  );
}

function Waiting({
  waiting,
  dismissed,
  apply,
  ask,
  dismiss,
  busy,
}: {
  waiting: readonly PortfolioAction[];
  dismissed: readonly PortfolioAction[];
  apply: (one: PortfolioAction) => void;
  ask: (one: PortfolioAction) => void;
  dismiss: (one: PortfolioAction, away: boolean) => void;
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
            <Row key={one.id} one={one}>
              <button
                type="button"
                className="btn sm"
                aria-label={`${one.needs.length === 0 ? "Apply" : "Answer"} ${one.kind} of ${one.symbol}`}
                disabled={busy}
                onClick={() => (one.needs.length === 0 ? apply(one) : ask(one))}
              >
                {one.needs.length === 0 ? "Apply" : "Answer"}
              </button>
              <button
                type="button"
                className="btn sm q"
                aria-label={`Dismiss ${one.kind} of ${one.symbol}`}
                disabled={busy}
                onClick={() => dismiss(one, true)}
              >
                <Icon name="x" size="xs" />
                Dismiss
              </button>
            </Row>
          ))}
          {dismissed.map((one) => (
            <Row key={one.id} one={one} away>
              <button
                type="button"
                className="btn sm q"
                aria-label={`Bring back ${one.kind} of ${one.symbol}`}
                disabled={busy}
                onClick={() => dismiss(one, false)}
              >
                Bring back
              </button>
            </Row>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ one, away = false, children }: { one: PortfolioAction; away?: boolean; children: ReactNode }) {
  return (
    <tr>
      <td>{date(one.ex_date)}</td>
      <td className="sym">{one.symbol}</td>
      <td title={one.purpose}>
        {ACTION_KINDS[one.kind] ?? one.kind} {one.ratio ?? ""}
        {one.tier === "INFERRED" && <span className="t3"> inferred</span>}
      </td>
      <td className="t2">{away ? "Dismissed" : changed(one)}</td>
      <td className="r">
        <span className="row" style={{ justifyContent: "flex-end" }}>
          {children}
        </span>
      </td>
    </tr>
  );
}

const MONEY = ["price", "amount"];

/** What the exchange's text does not say and a person knows: it is entered with the action, and can be undone. */
function Answer({
  action,
  refused,
  busy,
  onClose,
  onApply,
}: {
  action: PortfolioAction;
  refused: unknown;
  busy: boolean;
  onClose: () => void;
  onApply: (answer: ActionAnswer) => void;
}) {
  const [typed, setTyped] = useState<Record<string, string>>({});
  const fields = action.needs.includes("kind") ? [...action.needs, "ratio"] : action.needs;
  const problems = new Map(
    fieldProblems(refused).map((one) => [one.field.split(".").at(-1) ?? "", getErrorMessage(refused)]),
  );
  const elsewhere = refused && !fields.some((name) => problems.has(name));
  const name = ACTION_KINDS[action.kind] ?? action.kind;
  const send = (event: FormEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(
      fields.flatMap((field) => {
        const text = (typed[field] ?? (field === "kind" ? "SPLIT" : "")).trim();
        return text === "" ? [] : [[field, field === "quantity" ? Number(text) : text]];
      }),
    );
    onApply({ id: action.id, ...given });
  };
  return (
    <Dialog open onClose={onClose} title={`${name} of ${action.symbol} on ${date(action.ex_date)}`}>
      <form className="stack g3" onSubmit={send}>
        <p className="t2">
          The exchange says “{action.purpose}”. {count(action.before.quantity)} shares were held, which cost{" "}
          {rupees(Number(action.before.cost), true)}. The rest stands in the company&apos;s or the
          broker&apos;s letter.
        </p>
        {fields.map((field) =>
          field === "kind" ? (
            <SelectField
              key={field}
              label="It was"
              value={typed.kind ?? "SPLIT"}
              onChange={(event) => setTyped({ ...typed, kind: event.target.value })}
            >
              <option value="SPLIT">A split</option>
              <option value="BONUS">A bonus</option>
            </SelectField>
          ) : (
            <TextField
              key={field}
              label={LABELS[field] ?? field}
              value={typed[field] ?? ""}
              required={action.needs.includes(field)}
              prefix={MONEY.includes(field) ? "₹" : undefined}
              unit={field === "cost_percent" ? "%" : undefined}
              inputMode={field === "target_symbol" || field === "ratio" ? undefined : "decimal"}
              placeholder={field === "ratio" ? (action.ratio ?? "new:held") : undefined}
              error={problems.get(field) ?? null}
              onChange={(event) => setTyped({ ...typed, [field]: event.target.value })}
            />
          ),
        )}
        {elsewhere ? (
          <p className="er" role="alert">
            {getErrorMessage(refused)}
          </p>
        ) : null}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Not now
          </button>
          <button type="submit" className="btn p" disabled={busy}>
            Enter {name.toLowerCase()}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function changed(one: PortfolioAction): string {
  if (one.needs.length > 0) return `It needs ${one.needs.map((name) => ASKS[name] ?? name).join(", ")}`;
  if (one.pays !== null) return `${rupees(Number(one.pays))} on ${counted(one.before.quantity, "share")}`;
  return one.after
    ? `${count(one.before.quantity)} become ${counted(one.after.quantity, "share")}, cost stays ${rupees(Number(one.after.cost))}`
    : "";
}
