"use client";

import { autocompletion, closeBrackets, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import { completionsOf, type Words } from "./completion";
import { tokenAt } from "./tokens";

/** A place of the text as the server gives it: lines and columns from 1. */
export interface Place {
  line: number;
  column: number;
  length: number;
  message: string;
}

export interface EditorHandle {
  focus: () => void;
}

interface EditorProps {
  value: string;
  words: Words;
  wrong: Place | null;
  /** Every change, as it is typed. */
  onDraft: (text: string) => void;
  /** Enter, or ⌘↵. */
  onCommit: (text: string) => void;
  ref?: Ref<EditorHandle>;
}

const NAMES = {
  number: "number",
  text: "string",
  keyword: "keyword",
  function: "function",
  field: "variableName",
} as const;

const language = StreamLanguage.define<null>({
  token: (stream) => {
    if (stream.eatSpace()) return null;
    const found = tokenAt(stream.string, stream.pos);
    if (!found) {
      stream.skipToEnd();
      return null;
    }
    stream.pos = found.to;
    return found.kind in NAMES ? NAMES[found.kind as keyof typeof NAMES] : null;
  },
  tokenTable: { function: tags.function(tags.variableName) },
});

const colours = HighlightStyle.define([
  { tag: tags.function(tags.variableName), class: "tok-f" },
  { tag: tags.keyword, class: "tok-k" },
  { tag: tags.number, class: "tok-n" },
  { tag: tags.string, class: "tok-s" },
]);

/** One line that grows to five; completion while typing, errors under the characters that are wrong. */
export default function Editor({ value, words, wrong, onDraft, onCommit, ref }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onDraft, onCommit });
  const known = useRef(new Compartment());
  useEffect(() => {
    latest.current = { onDraft, onCommit };
  });
  useImperativeHandle(ref, () => ({ focus: () => view.current?.focus() }), []);

  useEffect(() => {
    const commit = (target: EditorView): boolean => {
      latest.current.onCommit(target.state.doc.toString());
      return true;
    };
    const made = new EditorView({
      parent: host.current as HTMLDivElement,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          language,
          syntaxHighlighting(colours),
          bracketMatching(),
          closeBrackets(),
          known.current.of([]),
          EditorView.lineWrapping,
          placeholder("close > sma(close, 200) and rsi(14) < 30"),
          EditorView.contentAttributes.of({
            "aria-label": "Expression",
            autocapitalize: "off",
            autocorrect: "off",
            spellcheck: "false",
            tabindex: "0", // it has the focus of its own accord, but axe asks to see it written where the text scrolls
          }),
          Prec.highest(
            keymap.of([
              { key: "Mod-Enter", run: commit },
              // Enter takes a completion that is offered; otherwise it asks.
              {
                key: "Enter",
                run: (target) => completionStatus(target.state) !== "active" && commit(target),
              },
            ]),
          ),
          keymap.of([
            ...completionKeymap,
            { key: "Escape", run: (target) => (target.contentDOM.blur(), true) },
            {
              key: "Shift-Enter",
              run: (target) => (target.dispatch(target.state.replaceSelection("\n")), true),
            },
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onDraft(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
    // The text is the editor's own once it is made; a new one from outside comes in below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    view.current?.dispatch({
      effects: known.current.reconfigure(
        autocompletion({ override: [completionsOf(words)], maxRenderedOptions: 60, icons: false }),
      ),
    });
  }, [words]);

  useEffect(() => {
    const made = view.current;
    if (made && made.state.doc.toString() !== value)
      made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const made = view.current;
    if (made) made.dispatch(setDiagnostics(made.state, wrong ? [diagnostic(made.state, wrong)] : []));
  }, [wrong, value]);

  return <div ref={host} className="grow expr-edit" />;
}

function diagnostic(state: EditorState, { line, column, length, message }: Place): Diagnostic {
  const start = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
  const from = Math.min(start.from + column - 1, state.doc.length);
  const to = Math.min(from + length, state.doc.length);
  // Beyond the end there is no character to mark: the last one stands for it.
  return { from: from === to ? Math.max(0, from - 1) : from, to, severity: "error", message };
}
