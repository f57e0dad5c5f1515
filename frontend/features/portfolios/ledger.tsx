"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsInteger, useQueryState } from "nuqs";
import { useState, type FormEvent } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { portfolioAPI } from "@/lib/api-client";
import { fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import { count, date, grouped } from "@/lib/format";
import type { LedgerKind, LedgerLine, LedgerLineIn } from "@/lib/types";
import { ledgerQuery, useChange } from "./queries";
import { KINDS, Sum } from "./words";

export function Ledger({ id }: { id: number }) {
  const [page, setPage] = useQueryState("page", parseAsInteger.withDefault(1));
  const query = useQuery(ledgerQuery(id, page));
  const remove = useChange((line: number) => portfolioAPI.removeTransaction(id, line), {
    done: () => toast({ title: "The transaction is taken out" }),
  });
  return (
    <div className="stack g3" style={{ marginTop: 12 }}>
      <NewLine id={id} />
      <section className="card" aria-label="Transactions">
        <DataState
          query={query}
          failed="The transactions cannot be read"
          isEmpty={(data) => data.meta.total === 0}
          empty={
            <EmptyState title="No transaction yet">
              Enter the first above, or import a broker&apos;s file.
            </EmptyState>
          }
        >
          {(data) => (
            <>
              <div className="tw-wrap" role="region" aria-label="Transactions, scrolls" tabIndex={0}>
                <table className="t num">
                  <thead>
                    <tr>
                      <th scope="col">Date</th>
                      <th scope="col">Kind</th>
                      <th scope="col">Stock</th>
                      <th scope="col" className="r">
                        Shares
                      </th>
                      <th scope="col" className="r">
                        Price <span className="u">₹</span>
                      </th>
                      <th scope="col" className="r">
                        Value <span className="u">₹</span>
                      </th>
                      <th scope="col" className="r">
                        Charges <span className="u">₹</span>
                      </th>
                      <th scope="col">Account</th>
                      <th scope="col">From</th>
                      <th scope="col">
                        <span className="sr">What to do</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.data.map((line) => (
                      <tr key={line.id}>
                        <td>{date(line.date)}</td>
                        <td>{KINDS[line.kind]}</td>
                        <td>
                          <span className="sym">{line.symbol ?? ""}</span>
                          {detail(line) && <span className="t3"> {detail(line)}</span>}
                        </td>
                        <td className="r">{line.quantity === null ? "" : count(line.quantity)}</td>
                        <td className="r">{line.price === null ? "" : grouped(Number(line.price), 2)}</td>
                        <td className="r">{line.value === null ? "" : <Sum value={line.value} />}</td>
                        <td className="r">{grouped(Number(line.charges) + Number(line.stt), 2)}</td>
                        <td className="t2">{line.account}</td>
                        <td className="t3">{line.source}</td>
                        <td className="r">
                          <button
                            type="button"
                            className="btn q i sm"
                            aria-label={`Take out ${KINDS[line.kind]} of ${line.symbol ?? "money"} on ${date(line.date)}`}
                            title="Take out"
                            disabled={remove.isPending}
                            onClick={() => remove.mutate(line.id)}
                          >
                            <Icon name="x" size="xs" />
                          </button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void setPage(to)} />
            </>
          )}
        </DataState>
      </section>
    </div>
  );
}

function detail(line: LedgerLine): string {
  if (line.ratio) return `${line.ratio}${line.target_symbol ? ` of ${line.target_symbol}` : ""}`;
  if (line.kind === "OPENING") return line.acquired ? "" : "bought on an unknown day";
  return "";
}

const SHARES: readonly LedgerKind[] = ["BUY", "SELL", "OPENING", "RIGHTS"];
const RATIOS: readonly LedgerKind[] = ["SPLIT", "BONUS", "DEMERGER", "MERGER"];
const MONEY: readonly LedgerKind[] = ["DIVIDEND", "CHARGES", "DEPOSIT", "WITHDRAWAL"];
const NO_SHARE: readonly LedgerKind[] = ["DEPOSIT", "WITHDRAWAL", "CHARGES"];
const EMPTY = {
  symbol: "",
  date: "",
  quantity: "",
  price: "",
  charges: "",
  stt: "",
  amount: "",
  ratio: "",
  target_symbol: "",
  cost_percent: "",
  acquired: "",
  account: "",
};
type Typed = typeof EMPTY;

/** The fields that a kind takes, in the order in which they are typed. */
function fieldsOf(kind: LedgerKind): (keyof Typed)[] {
  const share: (keyof Typed)[] = NO_SHARE.includes(kind) ? [] : ["symbol"];
  if (MONEY.includes(kind)) return ["date", ...share, "amount"];
  if (RATIOS.includes(kind))
    return [
      "date",
      "symbol",
      "ratio",
      ...(kind === "DEMERGER" ? (["target_symbol", "cost_percent"] as const) : []),
      ...(kind === "MERGER" ? (["target_symbol"] as const) : []),
    ];
  return [
    "date",
    "symbol",
    "quantity",
    "price",
    "charges",
    "stt",
    ...(kind === "OPENING" ? (["acquired"] as const) : []),
    "account",
  ];
}

const LABELS: Record<keyof Typed, string> = {
  symbol: "Symbol",
  date: "Date",
  quantity: "Shares",
  price: "Price",
  charges: "Charges",
  stt: "Transaction tax",
  amount: "Amount",
  ratio: "Ratio",
  target_symbol: "New share",
  cost_percent: "Cost that goes along",
  acquired: "Bought on",
  account: "Account",
};

function NewLine({ id }: { id: number }) {
  const [kind, setKind] = useState<LedgerKind>("BUY");
  const [typed, setTyped] = useState<Typed>(EMPTY);
  const add = useChange((line: LedgerLineIn) => portfolioAPI.addTransactions(id, [line]), {
    quiet: true,
    done: () => {
      toast({ title: "The transaction is entered" });
      setTyped({ ...EMPTY, date: typed.date, account: typed.account });
    },
  });
  const shown = fieldsOf(kind);
  const problems = new Map(
    fieldProblems(add.error).map((one) => {
      const field = one.field.replace(/^transactions\.0\./, "");
      return [field === "target" ? "target_symbol" : field, underField({ ...one, field })];
    }),
  );
  const elsewhere = add.error && ![...problems.keys()].some((name) => shown.includes(name as keyof Typed));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = (name: keyof Typed) => (shown.includes(name) ? typed[name].trim() || null : null);
    add.mutate({
      kind,
      date: typed.date,
      symbol: text("symbol"),
      quantity: text("quantity") === null ? null : Number(text("quantity")),
      price: text("price"),
      charges: text("charges"),
      stt: text("stt"),
      amount: text("amount"),
      ratio: text("ratio"),
      target_symbol: text("target_symbol"),
      cost_percent: text("cost_percent"),
      acquired: text("acquired"),
      account: text("account"),
    });
  };
  return (
    <form className="card" aria-label="New transaction" onSubmit={submit}>
      <div
        className="card-b grid"
        style={{ gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))", gap: 10, alignItems: "start" }}
      >
        <SelectField
          label="Kind"
          value={kind}
          onChange={(event) => {
            setKind(event.target.value as LedgerKind);
            add.reset();
          }}
        >
          {[...SHARES, ...MONEY, ...RATIOS].map((one) => (
            <option key={one} value={one}>
              {KINDS[one]}
            </option>
          ))}
        </SelectField>
        {shown.map((name) => (
          <TextField
            key={name}
            label={LABELS[name]}
            value={typed[name]}
            type={name === "date" || name === "acquired" ? "date" : "text"}
            inputMode={
              ["quantity", "price", "charges", "stt", "amount", "cost_percent"].includes(name)
                ? "decimal"
                : undefined
            }
            prefix={["price", "charges", "stt", "amount"].includes(name) ? "₹" : undefined}
            unit={name === "cost_percent" ? "%" : undefined}
            placeholder={name === "ratio" ? (kind === "SPLIT" ? "new:old" : "new:held") : undefined}
            required={["date", "symbol", "quantity", "amount", "ratio", "target_symbol"].includes(name)}
            error={problems.get(name) ?? null}
            onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
          />
        ))}
      </div>
      <div className="card-f row between">
        <span role={elsewhere ? "alert" : undefined} className={elsewhere ? "er" : ""}>
          {elsewhere
            ? getErrorMessage(add.error)
            : "The whole ledger is checked: a sale of more than was held on its day is refused."}
        </span>
        <button type="submit" className="btn" disabled={add.isPending}>
          Enter transaction
        </button>
      </div>
    </form>
  );
}
