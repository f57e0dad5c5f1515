"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";
import { Icon } from "@/components/icon";
import { toast } from "@/components/toast";
import { strategyAPI, unwrap } from "@/lib/api-client";
import { useCommands } from "@/lib/commands";
import { getErrorMessage } from "@/lib/errors";
import { count, instant } from "@/lib/format";
import { strategiesQuery } from "@/lib/queries";
import type { StrategyCard, StrategyChange } from "@/lib/types";

const MOST = 4000;

/** What the strategy says of itself, and what people write about it; a note changes no version. */
export function Notes({ card }: { card: StrategyCard }) {
  const [editing, setEditing] = useState(false);
  useCommands([{ id: "edit", label: "Edit the notes", group: "This page", run: () => setEditing(true) }]);
  const noted = card.regime_notes !== null && card.regime_notes !== card.when_it_loses;
  return (
    <section className="card">
      <div className="card-h">
        <h2>What it does, and when it loses</h2>
        {!editing && (
          <span className="sp">
            <button type="button" className="btn sm" onClick={() => setEditing(true)}>
              Edit notes
            </button>
          </span>
        )}
      </div>
      {editing ? (
        <Editor card={card} onDone={() => setEditing(false)} />
      ) : (
        <div className="card-b stack g3">
          <p className="prose">{card.description ?? "No description."}</p>
          <div className="stack g1">
            <h3 className="lbl">It loses, its author says</h3>
            <p className="prose t2">{card.when_it_loses}</p>
          </div>
          <div className="stack g1">
            <h3 className="lbl">Notes</h3>
            <p className="prose t2">
              {noted
                ? card.regime_notes
                : card.regime_notes === null
                  ? "None: they were emptied."
                  : "None yet. Write down when it lost for you."}
            </p>
          </div>
        </div>
      )}
      <div className="card-f">
        {card.origin === "own"
          ? "The description stands in the strategy’s file; notes are kept here and change no version. "
          : "What is written here changes no version. "}
        Last changed {instant(card.updated_at)}.
      </div>
    </section>
  );
}

function Editor({ card, onDone }: { card: StrategyCard; onDone: () => void }) {
  const queries = useQueryClient();
  const [description, setDescription] = useState(card.description ?? "");
  const [notes, setNotes] = useState(card.regime_notes ?? "");
  const change: StrategyChange = {
    ...(description !== (card.description ?? "") && { description: description || null }),
    ...(notes !== (card.regime_notes ?? "") && { regime_notes: notes || null }),
  };
  const save = useMutation({
    mutationFn: () => unwrap(strategyAPI.write(card.strategy_id, change)),
    onSuccess: async () => {
      onDone();
      toast({ title: "Notes saved", text: card.display_name });
      await queries.invalidateQueries({ queryKey: strategiesQuery.queryKey });
    },
  });
  const changed = Object.keys(change).length > 0;
  const submit = () => (changed ? save.mutate() : onDone());
  useCommands([
    { id: "save", label: "Save the notes", keys: "mod+Enter", group: "This page", run: submit },
    {
      id: "leave",
      label: "Leave the notes as they were",
      keys: "Escape",
      group: "This page",
      run: () => !changed && onDone(), // what was written is thrown away by its button alone
    },
  ]);
  return (
    <form
      className="card-b stack g3"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      {save.error && (
        <div className="callout er" role="alert">
          <Icon name="err" size="s" />
          <div>{getErrorMessage(save.error)}</div>
        </div>
      )}
      {card.origin === "shipped" && (
        <LongField label="Description" value={description} onChange={setDescription} autoFocus />
      )}
      <LongField
        label="Notes: when it loses"
        value={notes}
        onChange={setNotes}
        autoFocus={card.origin === "own"}
      />
      <div className="row">
        <button type="submit" className="btn p" disabled={save.isPending}>
          {save.isPending ? "Saving" : "Save notes"}
        </button>
        <button type="button" className="btn" onClick={onDone}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function LongField({
  label,
  value,
  onChange,
  autoFocus,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  autoFocus: boolean;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input long">
        <textarea
          id={id}
          rows={6}
          maxLength={MOST}
          value={value}
          autoFocus={autoFocus}
          aria-describedby={`${id}-note`}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <span className="hint num" id={`${id}-note`}>
        {count(value.length)} of {count(MOST)} characters
      </span>
    </div>
  );
}
