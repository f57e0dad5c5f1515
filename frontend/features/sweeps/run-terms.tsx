"use client";

import { useQuery } from "@tanstack/react-query";
import { CheckField, SelectField, TextField } from "@/components/fields";
import { getErrorMessage } from "@/lib/errors";
import { policiesQuery } from "@/lib/queries";
import { PRODUCTS, SIZINGS } from "@/lib/terms";
import { parseNumber } from "@/lib/typed";
import type { BacktestRequest } from "@/lib/types";

/** What a run is asked beside its strategy, universe, period and costs: each as typed, empty where left alone. */
export interface Terms {
  initial_capital: string;
  sizing: NonNullable<BacktestRequest["sizing"]>;
  sizing_value: string;
  max_positions: string;
  allocation: string;
  slippage_bps: string;
  impact_bps: string;
  volume_cap: string;
  unfilled: NonNullable<BacktestRequest["unfilled"]>;
  product: "" | NonNullable<BacktestRequest["product"]>;
  policy_id: string;
  benchmark: string;
  cash_rate: string;
  seed: string;
  fill_at: NonNullable<BacktestRequest["fill_at"]>;
  market: NonNullable<BacktestRequest["market"]>;
  settle_next_session: boolean;
  strict_actions: boolean;
  today: boolean;
}

export const PLAIN: Terms = {
  initial_capital: "",
  sizing: "equity_per_member",
  sizing_value: "",
  max_positions: "",
  allocation: "",
  slippage_bps: "",
  impact_bps: "",
  volume_cap: "",
  unfilled: "cancel",
  product: "",
  policy_id: "",
  benchmark: "",
  cash_rate: "",
  seed: "",
  fill_at: "next_open",
  market: "nse",
  settle_next_session: false,
  strict_actions: false,
  today: false,
};

const NUMBERS = [
  "initial_capital",
  "sizing_value",
  "max_positions",
  "allocation",
  "slippage_bps",
  "impact_bps",
  "volume_cap",
  "cash_rate",
  "seed",
] as const;
type NumberTerm = (typeof NUMBERS)[number];
type WithNumber = Terms["sizing"];
const TAKES_NUMBER: readonly WithNumber[] = ["value", "quantity"];

const typed = (text: string): number | null => parseNumber(text.replace("%", ""));

/** What is no number, by field; an empty object when the terms can be sent. */
export function wrongTerms(terms: Terms): Partial<Record<NumberTerm, string>> {
  const wrong: Partial<Record<NumberTerm, string>> = {};
  for (const name of NUMBERS)
    if (terms[name].trim() && typed(terms[name]) === null)
      wrong[name] = `“${terms[name].trim()}” is no number`;
  if (TAKES_NUMBER.includes(terms.sizing) && !terms.sizing_value.trim())
    wrong.sizing_value = terms.sizing === "value" ? "Rupees of an entry" : "Shares of an entry";
  return wrong;
}

/** The terms as a request has them, by the names of a run; what was left alone is left out. */
export function runOf(terms: Terms, strategy: string): Partial<BacktestRequest> {
  const number = (name: NumberTerm) => typed(terms[name]) ?? undefined;
  const [share, cap, rate] = [number("allocation"), number("volume_cap"), number("cash_rate")];
  return {
    initial_capital: number("initial_capital"),
    ...(terms.sizing !== PLAIN.sizing && { sizing: terms.sizing }),
    ...(TAKES_NUMBER.includes(terms.sizing) && { sizing_value: number("sizing_value") }),
    max_positions: number("max_positions"),
    ...(share !== undefined && { allocations: { [strategy]: share / 100 } }),
    slippage_bps: number("slippage_bps"),
    impact_bps: number("impact_bps"),
    ...(cap !== undefined && { volume_cap: cap / 100, unfilled: terms.unfilled }),
    ...(terms.product && { product: terms.product }),
    ...(terms.policy_id && { policy_id: Number(terms.policy_id) }),
    ...(terms.benchmark.trim() && { benchmark: terms.benchmark.trim() }),
    ...(rate !== undefined && { cash_rates: [{ start: "1994-01-01", percent: rate }] }),
    seed: number("seed"),
    ...(terms.fill_at !== PLAIN.fill_at && { fill_at: terms.fill_at }),
    ...(terms.market !== PLAIN.market && { market: terms.market }),
    ...(terms.settle_next_session && { settle_next_session: true }),
    ...(terms.strict_actions && { strict_actions: true }),
    ...(terms.today && { asof_members: false }),
  };
}

/** How many of the terms are not as they were. */
export const changed = (terms: Terms): number =>
  (Object.keys(PLAIN) as (keyof Terms)[]).filter((name) => terms[name] !== PLAIN[name]).length;

/** All that a run can be asked, for every point of a search alike. */
export function RunTerms({ terms, onChange }: { terms: Terms; onChange: (terms: Terms) => void }) {
  const policies = useQuery(policiesQuery);
  const wrong = wrongTerms(terms);
  const set = <Name extends keyof Terms>(name: Name, value: Terms[Name]) =>
    onChange({ ...terms, [name]: value });
  const text = (name: NumberTerm | "benchmark", label: string, hint: string, unit?: string) => (
    <TextField
      label={label}
      hint={hint}
      unit={unit}
      inputMode={name === "benchmark" ? "text" : "decimal"}
      error={name === "benchmark" ? undefined : wrong[name]}
      value={terms[name]}
      onChange={(event) => set(name, event.target.value)}
    />
  );
  const { amount } = SIZINGS[terms.sizing];
  return (
    <>
      {text("initial_capital", "Capital", "Rupees; empty: 10,00,000")}
      <SelectField
        label="Size of an entry"
        value={terms.sizing}
        onChange={(event) => set("sizing", event.target.value as Terms["sizing"])}
      >
        {Object.entries(SIZINGS).map(([id, { label }]) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      {amount && text("sizing_value", amount, "Each time")}
      {text("max_positions", "Positions at most", "Empty: no limit")}
      {text("allocation", "Share of the capital", "Empty: all of it", "%")}
      {text("slippage_bps", "Slippage", "Against us, of each price", "bps")}
      {text("impact_bps", "Impact", "Of an order as large as its bar’s volume", "bps")}
      {text("volume_cap", "Volume at most", "Of a bar’s; empty: no limit", "%")}
      {terms.volume_cap.trim() && (
        <SelectField
          label="What the cap leaves"
          value={terms.unfilled}
          onChange={(event) => set("unfilled", event.target.value as Terms["unfilled"])}
        >
          <option value="cancel">Is cancelled</option>
          <option value="carry">Goes to the next bar</option>
        </SelectField>
      )}
      <SelectField
        label="Product"
        value={terms.product}
        onChange={(event) => set("product", event.target.value as Terms["product"])}
      >
        <option value="">The strategy’s own</option>
        {Object.entries(PRODUCTS).map(([id, { label }]) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </SelectField>
      <SelectField
        label="Risk policy"
        hint="None: unconstrained"
        error={policies.error ? `The policies cannot be read: ${getErrorMessage(policies.error)}` : null}
        value={terms.policy_id}
        onChange={(event) => set("policy_id", event.target.value)}
      >
        <option value="">None</option>
        {policies.data?.map((policy) => (
          <option key={policy.id} value={String(policy.id)}>
            {policy.name}
          </option>
        ))}
      </SelectField>
      {text("benchmark", "Benchmark", "An index, or none; empty: the universe’s")}
      {text("cash_rate", "Cash earns", "Beside it, a year", "%")}
      {text("seed", "Seed", "Of whatever draws at random")}
      <SelectField
        label="Orders fill"
        value={terms.fill_at}
        onChange={(event) => set("fill_at", event.target.value as Terms["fill_at"])}
      >
        <option value="next_open">At the next open</option>
        <option value="this_close">At this close: not tradeable</option>
      </SelectField>
      <SelectField
        label="Exchange rules"
        value={terms.market}
        onChange={(event) => set("market", event.target.value as Terms["market"])}
      >
        <option value="nse">NSE, by date</option>
        <option value="none">None, shorts allowed</option>
      </SelectField>
      <CheckField
        label="A sale pays from the next session on (T+1)"
        checked={terms.settle_next_session}
        onChange={(event) => set("settle_next_session", event.target.checked)}
      />
      <CheckField
        label="Use no corporate action that became known only later"
        checked={terms.strict_actions}
        onChange={(event) => set("strict_actions", event.target.checked)}
      />
      <CheckField
        label="Today’s members throughout: not point in time"
        checked={terms.today}
        onChange={(event) => set("today", event.target.checked)}
      />
    </>
  );
}
