"use client";

import type { FormEvent, ReactNode } from "react";
import { SelectField, TextField } from "@/components/fields";
import { fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import type { LedgerKind, LedgerLine, LedgerLineIn } from "@/lib/types";
import { KINDS } from "./words";

const SHARES: readonly LedgerKind[] = ["BUY", "SELL", "OPENING", "RIGHTS"];
const RATIOS: readonly LedgerKind[] = ["SPLIT", "BONUS", "DEMERGER", "MERGER"];
const MONEY: readonly LedgerKind[] = ["DIVIDEND", "CHARGES", "DEPOSIT", "WITHDRAWAL"];
const NO_SHARE: readonly LedgerKind[] = ["DEPOSIT", "WITHDRAWAL", "CHARGES"];
export const EMPTY = {
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
export type Typed = typeof EMPTY;

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

/** A line as it stands, to be changed. */
export function typedOf(line: LedgerLine): Typed {
  const text = (value: string | number | null) => (value === null ? "" : String(value));
  return {
    symbol: text(line.symbol),
    date: line.date,
    quantity: text(line.quantity),
    price: text(line.price),
    charges: Number(line.charges) ? line.charges : "",
    stt: Number(line.stt) ? line.stt : "",
    amount: text(line.amount),
    ratio: text(line.ratio),
    target_symbol: text(line.target_symbol),
    cost_percent: text(line.cost_percent),
    acquired: text(line.acquired),
    account: line.account,
  };
}

/** The fields of a transaction: those its kind takes. `told` is the sentence under them, `refused` what the server said. */
export function LineForm({
  kind,
  setKind,
  typed,
  setTyped,
  refused,
  told,
  submit,
  onSubmit,
}: {
  kind: LedgerKind;
  setKind: (kind: LedgerKind) => void;
  typed: Typed;
  setTyped: (typed: Typed) => void;
  refused: unknown;
  told: ReactNode;
  submit: ReactNode;
  onSubmit: (line: LedgerLineIn) => void;
}) {
  const shown = fieldsOf(kind);
  const problems = new Map(
    fieldProblems(refused).map((one) => {
      const field = one.field.replace(/^transactions?\.(0\.)?/, "");
      return [field === "target" ? "target_symbol" : field, underField({ ...one, field })];
    }),
  );
  const elsewhere = refused && ![...problems.keys()].some((name) => shown.includes(name as keyof Typed));
  const send = (event: FormEvent) => {
    event.preventDefault();
    const text = (name: keyof Typed) => (shown.includes(name) ? typed[name].trim() || null : null);
    onSubmit({
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
    <form onSubmit={send}>
      <div
        className="card-b grid"
        style={{ gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))", gap: 10, alignItems: "start" }}
      >
        <SelectField
          label="Kind"
          value={kind}
          onChange={(event) => setKind(event.target.value as LedgerKind)}
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
      <div className="card-f row between wrap">
        <span role={elsewhere ? "alert" : undefined} className={elsewhere ? "er" : ""}>
          {elsewhere ? getErrorMessage(refused) : told}
        </span>
        {submit}
      </div>
    </form>
  );
}
