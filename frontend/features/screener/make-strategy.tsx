"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Dialog } from "@/components/layers";
import { toast } from "@/components/toast";
import { screensAPI, unwrap } from "@/lib/api-client";
import { fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import { counted } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { StrategyWish } from "@/lib/types";
import { activeFilters, type ScreenerFilters } from "./filters";

interface MakeStrategyProps {
  open: boolean;
  onClose: () => void;
  filters: ScreenerFilters;
  /** What the strategy is called to begin with. */
  suggested: string;
}

/** From a screen to a strategy: the same expression, with an exit, an order, and how often it is looked at. */
export function MakeStrategy({ open, onClose, filters, suggested }: MakeStrategyProps) {
  return (
    <Dialog open={open} onClose={onClose} title="Make a strategy of this screen" wide>
      <Form filters={filters} suggested={suggested} />
    </Dialog>
  );
}

const REBALANCE = { daily: "each session", weekly: "each week", monthly: "each month" } as const;

function Form({ filters, suggested }: Pick<MakeStrategyProps, "filters" | "suggested">) {
  const router = useRouter();
  const client = useQueryClient();
  const narrowed = activeFilters(filters, useIndexName());
  const universe = narrowed.find((one) => one.key === "index")?.value;
  const left = narrowed.filter((one) => ["type", "sector", "symbol"].includes(one.key));
  const [name, setName] = useState(suggested);
  const [leave, setLeave] = useState("");
  const [rankBy, setRankBy] = useState("");
  const [rebalance, setRebalance] = useState<keyof typeof REBALANCE>("daily");
  const [hold, setHold] = useState("");
  const [stop, setStop] = useState("");
  const [names, setNames] = useState("");
  const [hypothesis, setHypothesis] = useState("");
  const [wrong, setWrong] = useState<Partial<Record<string, string>>>({});
  const make = useMutation({
    mutationFn: (wish: StrategyWish) => unwrap(screensAPI.makeStrategy(wish)),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: strategiesQuery.queryKey });
      toast({
        title: `Strategy ${made.strategy_id} made`,
        text: `${made.file}, after ${counted(made.trials, "screen")} tried`,
      });
      router.push(
        `/quant/backtest/?strategy=${encodeURIComponent(made.strategy_id)}&universe=${encodeURIComponent(made.universe)}`,
      );
    },
    onError: (error) => {
      const problems = fieldProblems(error);
      const details = Object.fromEntries(problems.map((problem) => [problem.field, underField(problem)]));
      setWrong(problems.length > 0 ? details : { name: getErrorMessage(error) });
    },
  });
  const daily = rebalance === "daily";
  const submit = () => {
    const number = (text: string, scale = 1) => (text.trim() === "" ? 0 : Number(text) / scale);
    const found: Partial<Record<string, string>> = {};
    if (!name.trim()) found.name = "A name.";
    for (const [field, text] of Object.entries({ hold, stop, names }))
      if (!Number.isFinite(number(text)) || number(text) < 0) found[field] = "A number.";
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    make.mutate({
      name: name.trim(),
      q: filters.q || null,
      filter_type: filters.preset,
      index: filters.index,
      leave: daily ? leave.trim() : "",
      rank_by: rankBy.trim(),
      rebalance,
      hold: daily ? number(hold) : 0,
      stop: daily ? number(stop, 100) : 0,
      names: daily ? 0 : number(names),
      hypothesis: hypothesis.trim(),
    });
  };
  return (
    <form
      className="stack g3"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextField
        label="Name"
        autoFocus
        value={name}
        error={wrong.name}
        autoComplete="off"
        onChange={(event) => setName(event.target.value)}
      />
      <div className="field">
        <span className="lbl">Buys what matches</span>
        <code className="mono xs">{filters.q || filters.preset}</code>
        {wrong.q && (
          <span className="err" role="alert">
            {wrong.q}
          </span>
        )}
        <span className="hint">
          Among the members of {universe ?? "NIFTY 500, or of the widest index on file"}; the run may name
          others.
        </span>
        {left.length > 0 && (
          <span className="wn xs" role="note">
            {left.map((one) => `${one.label} ${one.value}`).join(", ")}: not part of the strategy, which
            trades whatever matches in the universe of its run.
          </span>
        )}
      </div>
      <SelectField
        label="Looked at"
        value={rebalance}
        hint={
          daily
            ? "Entries and exits at each close; how much is bought is the run's sizing"
            : "What matches is held in equal parts until the next look"
        }
        onChange={(event) => setRebalance(event.target.value as keyof typeof REBALANCE)}
      >
        {Object.entries(REBALANCE).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </SelectField>
      {daily && (
        <>
          <TextField
            label="Sells once"
            mono
            value={leave}
            error={wrong.leave}
            hint="A condition; empty: once it no longer matches"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setLeave(event.target.value)}
          />
          <div className="halves">
            <TextField
              label="Sells after"
              unit="sessions"
              inputMode="numeric"
              value={hold}
              error={wrong.hold}
              onChange={(event) => setHold(event.target.value)}
            />
            <TextField
              label="Stop below the signal's close"
              unit="%"
              inputMode="decimal"
              value={stop}
              error={wrong.stop}
              onChange={(event) => setStop(event.target.value)}
            />
          </div>
        </>
      )}
      <div className={daily ? undefined : "halves"}>
        <TextField
          label="First by"
          mono
          value={rankBy}
          error={wrong.rank_by}
          hint="A field or a formula, the greatest first"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setRankBy(event.target.value)}
        />
        {!daily && (
          <TextField
            label="Holds at most"
            unit="stocks"
            inputMode="numeric"
            value={names}
            error={wrong.names}
            hint="Empty: all"
            onChange={(event) => setNames(event.target.value)}
          />
        )}
      </div>
      <TextField
        label="Why it should earn"
        value={hypothesis}
        error={wrong.hypothesis}
        hint="One sentence, to hold the results against"
        onChange={(event) => setHypothesis(event.target.value)}
      />
      <button type="submit" className="btn p" disabled={make.isPending}>
        Make strategy
      </button>
    </form>
  );
}
