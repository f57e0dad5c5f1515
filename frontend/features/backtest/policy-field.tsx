"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { toast } from "@/components/toast";
import { strategyAPI, unwrap } from "@/lib/api-client";
import { fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import { exact } from "@/lib/format";
import { policiesQuery } from "@/lib/queries";
import { told } from "@/lib/told";
import { parseNumber } from "@/lib/typed";
import type { Policy, PolicyRequest } from "@/lib/types";
import { NEW_POLICY } from "./form";

/** "20% in cash, 80% invested at most, daily stop −2%". */
export const policyInWords = (policy: Policy): string =>
  `${exact(policy.cash_reserve_percent)}% in cash, ${exact(policy.max_equity_exposure_percent)}% invested at most, ` +
  `daily stop ${exact(policy.daily_stop_loss_percent)}%`;

/** Which risk policy the account is under; a new one can be written down without leaving the form. */
export function PolicyField({
  value,
  error,
  onChange,
}: {
  value: string;
  error?: string;
  onChange: (policyId: string) => void;
}) {
  const policies = useQuery(policiesQuery);
  const chosen = policies.data?.find((policy) => String(policy.id) === value);
  return (
    <>
      <SelectField
        label="Risk policy"
        name="policy"
        value={value}
        error={
          error ?? (policies.error ? `The policies cannot be read: ${getErrorMessage(policies.error)}` : null)
        }
        hint={
          chosen
            ? policyInWords(chosen)
            : value === NEW_POLICY
              ? "It applies once it is saved"
              : "The run is unconstrained"
        }
        onChange={(event) => onChange(event.target.value)}
      >
        <option value="">None</option>
        {policies.data?.map((policy) => (
          <option key={policy.id} value={policy.id}>
            {policy.name}
          </option>
        ))}
        <option value={NEW_POLICY}>A new policy…</option>
      </SelectField>
      {chosen?.notes.map((note) => (
        <p key={note} className="t2 xs">
          {told(note)}
        </p>
      ))}
      {value === NEW_POLICY && <NewPolicy onDone={(policy) => onChange(policy ? String(policy.id) : "")} />}
    </>
  );
}

type Numbers = Record<NumberName, string>;
type NumberName = (typeof NUMBERS)[number]["name"];

const NUMBERS = [
  { name: "cash_reserve_percent", label: "Stays in cash", unit: "%", initial: "20" },
  { name: "max_equity_exposure_percent", label: "Invested at most", unit: "%", initial: "80" },
  { name: "max_strategy_allocation_percent", label: "In one strategy at most", unit: "%", initial: "25" },
  { name: "daily_stop_loss_percent", label: "Daily stop", unit: "%, below 0", initial: "-2" },
  { name: "max_position_percent", label: "In one stock at most", unit: "%", initial: "" },
  { name: "max_sector_percent", label: "In one sector at most", unit: "%", initial: "" },
  { name: "max_turnover_percent", label: "Entry, of median turnover", unit: "%", initial: "" },
  { name: "max_drawdown_percent", label: "Drawdown that halts", unit: "%", initial: "" },
] as const;

const INITIAL = Object.fromEntries(NUMBERS.map(({ name, initial }) => [name, initial])) as Numbers;

function NewPolicy({ onDone }: { onDone: (policy: Policy | null) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [numbers, setNumbers] = useState<Numbers>(INITIAL);
  const [words, setWords] = useState<{
    allocation_sensitivity: NonNullable<PolicyRequest["allocation_sensitivity"]>;
    correlation_penalty: NonNullable<PolicyRequest["correlation_penalty"]>;
    on_breach: NonNullable<PolicyRequest["on_breach"]>;
  }>({ allocation_sensitivity: "MEDIUM", correlation_penalty: "MODERATE", on_breach: "block" });
  const [errors, setErrors] = useState<Partial<Record<string, string>>>({});
  const save = useMutation({
    mutationFn: (request: PolicyRequest) => unwrap(strategyAPI.createPolicy(request)),
    onSuccess: async (policy) => {
      await client.invalidateQueries({ queryKey: policiesQuery.queryKey });
      toast({ title: `Policy ${policy.name} saved`, text: policy.notes[0] ?? policyInWords(policy) });
      onDone(policy);
    },
    onError: (error) => {
      const problems = fieldProblems(error);
      setErrors(Object.fromEntries(problems.map((problem) => [problem.field, underField(problem)])));
      if (problems.length === 0)
        toast({ title: "The policy was not saved", text: getErrorMessage(error), tone: "er" });
    },
  });
  const submit = () => {
    const found: Partial<Record<string, string>> = {};
    const values: Partial<Record<NumberName, number>> = {};
    if (!name.trim()) found.name = "A name.";
    for (const { name: field, initial } of NUMBERS) {
      const text = numbers[field].trim();
      const value = parseNumber(text);
      if (text === "" && initial === "") continue;
      if (value === null) found[field] = "A number.";
      else values[field] = value;
    }
    setErrors(found);
    if (Object.keys(found).length === 0) save.mutate({ name: name.trim(), ...values, ...words });
  };
  return (
    <fieldset
      className="card whole"
      style={{ gridColumn: "1 / -1" }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
        event.preventDefault(); // it stands in the form of the backtest, which that would send
        submit();
      }}
    >
      <legend className="sr">A new risk policy</legend>
      <div className="card-h">
        <h3>A new risk policy</h3>
      </div>
      <div className="card-b fields">
        <TextField
          label="Name"
          value={name}
          error={errors.name}
          onChange={(event) => setName(event.target.value)}
        />
        {NUMBERS.map(({ name: field, label, unit, initial }) => (
          <TextField
            key={field}
            label={label}
            unit={unit}
            inputMode="decimal"
            placeholder={initial === "" ? "No limit" : undefined}
            value={numbers[field]}
            error={errors[field]}
            onChange={(event) => setNumbers({ ...numbers, [field]: event.target.value })}
          />
        ))}
        <SelectField
          label="When drawdowns count"
          hint="CAUTIOUS halves the exposure, DEFENSIVE leaves 10%"
          value={words.allocation_sensitivity}
          onChange={(event) =>
            setWords({
              ...words,
              allocation_sensitivity: event.target.value as typeof words.allocation_sensitivity,
            })
          }
        >
          <option value="LOW">Late: 15% and 25%</option>
          <option value="MEDIUM">Medium: 10% and 20%</option>
          <option value="HIGH">Early: 5% and 10%</option>
        </SelectField>
        <SelectField
          label="Strategies that move together"
          hint="Hold less, by their correlation"
          value={words.correlation_penalty}
          onChange={(event) =>
            setWords({
              ...words,
              correlation_penalty: event.target.value as typeof words.correlation_penalty,
            })
          }
        >
          <option value="NONE">No penalty</option>
          <option value="LOW">Low penalty</option>
          <option value="MODERATE">Moderate penalty</option>
          <option value="HIGH">High penalty</option>
        </SelectField>
        <SelectField
          label="At a breach"
          hint="Of the daily stop or the drawdown that halts"
          value={words.on_breach}
          onChange={(event) =>
            setWords({ ...words, on_breach: event.target.value as typeof words.on_breach })
          }
        >
          <option value="block">Block entries</option>
          <option value="flatten">End positions as well</option>
        </SelectField>
      </div>
      <div className="card-f row">
        <button type="button" className="btn p" disabled={save.isPending} onClick={submit}>
          <Icon name="check" size="s" />
          {save.isPending ? "Saving" : "Save policy"}
        </button>
        <button type="button" className="btn" onClick={() => onDone(null)}>
          Cancel
        </button>
      </div>
    </fieldset>
  );
}
