"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Dialog } from "@/components/layers";
import { toast } from "@/components/toast";
import { dataAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { date } from "@/lib/format";
import type { ActionDecision, DecisionRequest } from "@/lib/types";

type Kind = NonNullable<DecisionRequest["kind"]>;

const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "DEMERGER", label: "Demerger" },
  { value: "SPLIT", label: "Split" },
  { value: "BONUS", label: "Bonus" },
  { value: "BONUS+SPLIT", label: "Bonus and split" },
  { value: "CONSOLIDATION", label: "Consolidation" },
  { value: "RIGHTS", label: "Rights" },
  { value: "OTHER", label: "Other" },
];

/** An action that no list names and no move gives away, such as a demerger that took a tenth of a price. */
export function EnterAction({
  onClose,
  onUndo,
}: {
  onClose: () => void;
  onUndo: (made: ActionDecision) => void;
}) {
  const client = useQueryClient();
  const [symbol, setSymbol] = useState("");
  const [session, setSession] = useState("");
  const [kind, setKind] = useState<Kind>("DEMERGER");
  const [factor, setFactor] = useState("");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<{ field: "symbol" | "session" | "factor"; text: string } | null>(
    null,
  );
  const enter = useMutation({
    mutationFn: (asked: DecisionRequest) => unwrap(dataAPI.decide(asked)),
    onSuccess: (made) => {
      toast({
        title: `Entered: ${made.symbol}, ${date(made.session)}`,
        action: { label: "Undo", run: () => onUndo(made) },
      });
      void client.invalidateQueries({ queryKey: ["data"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const value = Number(factor);
    if (!symbol.trim())
      return setProblem({ field: "symbol", text: "A symbol of any time, such as RELIANCE" });
    if (!session) return setProblem({ field: "session", text: "The first session without it" });
    if (!(value > 0) || !Number.isFinite(value))
      return setProblem({ field: "factor", text: "A number above 0, such as 1.1015" });
    setProblem(null);
    enter.mutate({
      symbol: symbol.trim().toUpperCase(),
      session,
      decision: "CORRECT",
      factor: value,
      kind,
      ...(reason.trim() && { reason: reason.trim() }),
    });
  };
  const of = (field: "symbol" | "session" | "factor") => (problem?.field === field ? problem.text : null);
  return (
    <Dialog open onClose={onClose} title="Enter an action">
      <form className="stack g3" noValidate onSubmit={submit}>
        <p className="t2">
          For what no list names. Earlier prices are divided by the factor: for a demerger the close before,
          over the price at which the stock opened without it. Screens and runs follow at once; it can be
          undone.
        </p>
        <TextField
          label="Stock"
          mono
          value={symbol}
          placeholder="RELIANCE"
          error={of("symbol")}
          onChange={(event) => setSymbol(event.target.value)}
        />
        <TextField
          label="Ex-date"
          type="date"
          value={session}
          error={of("session")}
          onChange={(event) => setSession(event.target.value)}
        />
        <SelectField label="Kind" value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          {KINDS.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Factor"
          inputMode="decimal"
          value={factor}
          hint="New shares for one old share; 2841.85 before and 2580 after are 1.1015"
          error={of("factor") ?? (enter.error ? getErrorMessage(enter.error) : null)}
          onChange={(event) => setFactor(event.target.value)}
        />
        <TextField
          label="Reason"
          hint="Kept with the decision"
          value={reason}
          maxLength={2000}
          onChange={(event) => setReason(event.target.value)}
        />
        <div className="row">
          <button type="submit" className="btn p" disabled={enter.isPending}>
            Enter the action
          </button>
          <button type="button" className="btn" onClick={onClose}>
            Leave it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
