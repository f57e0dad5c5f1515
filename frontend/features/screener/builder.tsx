"use client";

import { useId, useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";
import { Kbd } from "@/components/marks";
import { counted } from "@/lib/format";
import type { FieldCard } from "@/lib/types";
import { joined, OPERATORS, termsOf, textOf, type Operator, type Term } from "./language/terms";

/** A longer expression is read and changed as the text below. */
const MOST_CHIPS = 12;

interface BuilderProps {
  q: string;
  cards: ReadonlyMap<string, FieldCard>;
  onChange: (q: string) => void;
  /** Whether the form of a new filter is open; the key `f` opens it. */
  adding: boolean;
  onAdding: (open: boolean) => void;
}

/** The expression as a row of filters: another view of the same text, for those who do not write. */
export function Builder({ q, cards, onChange, adding, onAdding }: BuilderProps) {
  const terms = termsOf(q);
  const put = (at: number, term: Term | null) => {
    const next = term === null ? terms.filter((_, index) => index !== at) : terms.with(at, term);
    onChange(joined(next));
  };
  return (
    <>
      {terms.slice(0, MOST_CHIPS).map((term, at) => (
        <TermChip
          key={`${at} ${textOf(term)}`}
          term={term}
          cards={cards}
          onChange={(next) => put(at, next)}
        />
      ))}
      {terms.length > MOST_CHIPS && (
        <span className="t3 xs num">and {counted(terms.length - MOST_CHIPS, "more", "more")}</span>
      )}
      <Popover
        label="Add a filter"
        className="termpop"
        open={adding}
        onOpenChange={onAdding}
        trigger={
          <button type="button" className="btn sm q">
            <Icon name="plus" size="xs" />
            Add filter{" "}
            <span className="no-phone">
              <Kbd>f</Kbd>
            </span>
          </button>
        }
      >
        <TermForm
          cards={cards}
          verb="Add filter"
          onDone={(term) => {
            onAdding(false);
            onChange(joined([...terms, term]));
          }}
        />
      </Popover>
    </>
  );
}

interface TermChipProps {
  term: Term;
  cards: ReadonlyMap<string, FieldCard>;
  onChange: (term: Term | null) => void;
}

function TermChip({ term, cards, onChange }: TermChipProps) {
  const [open, setOpen] = useState(false);
  const label = (text: string) => cards.get(text)?.label ?? text;
  const name =
    term.kind === "compare" ? label(term.left) : term.kind === "flag" ? label(term.field) : "Expression";
  return (
    <span className="chip">
      {term.kind === "expression" ? (
        <>
          <span className="b">Expression</span>
          <span className="mono trunc" style={{ maxWidth: 280 }} title={term.text}>
            {term.text}
          </span>
        </>
      ) : (
        <Popover
          label={`Change ${name}`}
          className="termpop"
          open={open}
          onOpenChange={setOpen}
          trigger={
            <button type="button" className="chip-b">
              <span className="b">
                <span className="sr">Change </span>
                {name}
              </span>{" "}
              {term.kind === "compare" ? (
                <>
                  <span className="op">{OPERATORS[term.op]}</span>{" "}
                  <span className="num trunc" style={{ maxWidth: 200 }}>
                    {label(term.right)}
                  </span>
                </>
              ) : (
                <span className="op">{term.holds ? "holds" : "does not hold"}</span>
              )}
              <Icon name="down" size="xs" />
            </button>
          }
        >
          <TermForm
            cards={cards}
            term={term}
            verb="Change filter"
            onDone={(next) => {
              setOpen(false);
              onChange(next);
            }}
          />
        </Popover>
      )}
      <button type="button" className="x" aria-label={`Remove ${name}`} onClick={() => onChange(null)}>
        <Icon name="x" size="xs" />
      </button>
    </span>
  );
}

const ALL_OPERATORS = Object.keys(OPERATORS) as Operator[];
const TEXT_OPERATORS: Operator[] = ["in", "==", "!="];

interface TermFormProps {
  cards: ReadonlyMap<string, FieldCard>;
  term?: Exclude<Term, { kind: "expression" }>;
  verb: string;
  onDone: (term: Term) => void;
}

function TermForm({ cards, term, verb, onDone }: TermFormProps) {
  const list = useId();
  const [left, setLeft] = useState(term?.kind === "compare" ? term.left : (term?.field ?? ""));
  const [wanted, setOp] = useState<Operator>(term?.kind === "compare" ? term.op : ">");
  const [right, setRight] = useState(term?.kind === "compare" ? term.right : "");
  const [holds, setHolds] = useState(term?.kind === "flag" ? term.holds : true);
  const [wrong, setWrong] = useState<{ left?: string; right?: string }>({});
  const card = cards.get(left.trim());
  const flag = card?.kind === "flag";
  const offered = card?.kind === "text" ? TEXT_OPERATORS : ALL_OPERATORS;
  const op = offered.includes(wanted) ? wanted : (offered[0] as Operator);
  const submit = () => {
    const found = {
      left: left.trim() ? undefined : "A field, such as rsi_14.",
      right: flag || right.trim() ? undefined : "A value or a field.",
    };
    setWrong(found);
    if (found.left || found.right) return;
    if (flag) return onDone({ kind: "flag", field: left.trim(), holds });
    onDone({ kind: "compare", left: left.trim(), op, right: valueOf(right.trim(), op, card) });
  };
  return (
    <form
      className="stack g2"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextField
        label="Field"
        autoFocus
        mono
        list={list}
        autoComplete="off"
        spellCheck={false}
        value={left}
        error={wrong.left}
        hint={
          card
            ? `${card.label}${card.unit && card.unit !== "flag" ? `, ${card.unit}` : ""}`
            : "A field or a formula"
        }
        onChange={(event) => setLeft(event.target.value)}
      />
      <datalist id={list}>
        {[...cards.values()].map((one) => (
          <option key={one.name} value={one.name}>
            {one.label}
          </option>
        ))}
      </datalist>
      {flag ? (
        <SelectField
          label="Condition"
          value={String(holds)}
          onChange={(event) => setHolds(event.target.value === "true")}
        >
          <option value="true">holds</option>
          <option value="false">does not hold</option>
        </SelectField>
      ) : (
        <>
          <SelectField
            label="Condition"
            value={op}
            onChange={(event) => setOp(event.target.value as Operator)}
          >
            {offered.map((sign) => (
              <option key={sign} value={sign}>
                {OPERATORS[sign]}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Value"
            mono
            list={card?.kind === "text" ? undefined : list}
            autoComplete="off"
            spellCheck={false}
            value={right}
            error={wrong.right}
            hint={
              card?.kind === "text"
                ? "Names, separated by commas"
                : "A number (5cr, 2 lakh), a field or a formula"
            }
            onChange={(event) => setRight(event.target.value)}
          />
        </>
      )}
      <button type="submit" className="btn p">
        {verb}
      </button>
    </form>
  );
}

/** A value as the language writes it: names get their quotes and a list its brackets. */
function valueOf(text: string, op: Operator, card: FieldCard | undefined): string {
  const bare = text.replace(/^\(|\)$/g, "");
  const quote = (word: string) => (/^["'].*["']$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`);
  const items = bare
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  if (op === "in") return `(${(card?.kind === "text" ? items.map(quote) : items).join(", ")})`;
  return card?.kind === "text" ? quote(bare) : text;
}
