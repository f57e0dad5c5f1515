"use client";

import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useEffect, useMemo, useRef, useState } from "react";
import { Icon } from "@/components/icon";
import { Kbd } from "@/components/marks";
import { ApiError, fieldProblems, getErrorMessage } from "@/lib/errors";
import { fieldsQuery, functionsQuery, indicesQuery, sectorsQuery } from "@/lib/queries";
import type { ScreenerFilters } from "./filters";
import type { EditorHandle, Place } from "./language/editor";
import { checkQuery } from "./queries";

const Editor = dynamic(() => import("./language/editor"), {
  ssr: false,
  loading: () => <div className="grow expr-edit t3 mono">…</div>,
});

const PAUSE_MS = 350;

interface ExpressionBarProps {
  filters: ScreenerFilters;
  onChange: (q: string) => void;
  onFocusReady?: (focus: () => void) => void;
}

/** The text of the screen: checked while it is typed, asked with Enter. */
export function ExpressionBar({ filters, onChange, onFocusReady }: ExpressionBarProps) {
  const [draft, setDraft] = useState(filters.q);
  const [asked, setAsked] = useState(filters.q);
  const [from, setFrom] = useState(filters.q);
  if (from !== filters.q) {
    // another screen was opened: its text takes the place of the draft
    setFrom(filters.q);
    setDraft(filters.q);
    setAsked(filters.q);
  }
  useEffect(() => {
    const timer = setTimeout(() => setAsked(draft), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  const words = useWords();
  const editor = useRef<EditorHandle>(null);
  useEffect(() => onFocusReady?.(() => editor.current?.focus()), [onFocusReady]);

  const check = useQuery({ ...checkQuery(asked), enabled: asked.trim() !== "" });
  const settled = asked === draft && asked.trim() !== "";
  const changed = draft.trim() !== filters.q;
  const fault = settled ? (check.data?.error ?? null) : null;
  // What is wrong at the very end of a text that is being typed is only unfinished.
  const unfinished = fault !== null && changed && reachesEnd(fault, draft);
  const wrong = useMemo(() => (fault && !unfinished ? fault : null), [fault, unfinished]);
  const commit = (text: string) => {
    setAsked(text);
    onChange(text.trim());
  };
  return (
    <div className="expr" aria-invalid={wrong !== null}>
      <span className="t3 xs lab no-phone">Expression</span>
      <Editor ref={editor} value={draft} words={words} wrong={wrong} onDraft={setDraft} onCommit={commit} />
      <span className="row xs expr-state" role="status">
        {fault ? (
          <span className={unfinished ? "t3" : "er"} title={fault.message}>
            {!unfinished && <Icon name="err" size="xs" />} {fault.message}
          </span>
        ) : settled && check.error ? (
          <span className="er">{getErrorMessage(check.error)}</span>
        ) : settled && check.data ? (
          <span className="ok nowrap">
            <Icon name="check" size="xs" /> Valid
          </span>
        ) : null}
      </span>
      {changed ? (
        <button type="button" className="btn sm" disabled={fault !== null} onClick={() => commit(draft)}>
          Show <Kbd>↵</Kbd>
        </button>
      ) : (
        <span className="no-phone">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  );
}

function useWords() {
  const fields = useQuery(fieldsQuery);
  const functions = useQuery(functionsQuery);
  const sectors = useQuery(sectorsQuery);
  const indices = useQuery(indicesQuery);
  return useMemo(
    () => ({
      fields: fields.data?.fields ?? [],
      functions: functions.data?.functions ?? [],
      sectors: sectors.data?.sectors.map((sector) => sector.name) ?? [],
      indices: indices.data?.indices ?? [],
    }),
    [fields.data, functions.data, sectors.data, indices.data],
  );
}

function reachesEnd({ line, column, length }: Place, text: string): boolean {
  const lines = text.trimEnd().split("\n");
  return line >= lines.length && column + length > (lines.at(-1)?.length ?? 0);
}

/** What a refusal is about, as a heading. */
export function whyNot(error: unknown, otherwise: string): string {
  if (placeOf(error)) return "The expression cannot be read";
  const day = fieldProblems(error).some(({ field }) => ["asof", "start", "end"].includes(field));
  return day ? "This day cannot be asked for" : otherwise;
}

/** Where a refused expression is wrong; null for any other error. */
export function placeOf(error: unknown): Place | null {
  if (!(error instanceof ApiError) || error.code !== "VALIDATION_ERROR") return null;
  const details = (error.details ?? {}) as Partial<Place> & { field?: unknown };
  if (details.field !== "q" || typeof details.line !== "number" || typeof details.column !== "number")
    return null;
  return { line: details.line, column: details.column, length: details.length ?? 1, message: error.message };
}
