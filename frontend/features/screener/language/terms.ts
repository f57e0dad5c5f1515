import { tokens, type Token } from "./tokens";

/** One condition of those that all have to hold. What the builder cannot show as a comparison stays as it was written. */
export type Term =
  | { kind: "compare"; left: string; op: Operator; right: string }
  | { kind: "flag"; field: string; holds: boolean }
  | { kind: "expression"; text: string };

export const OPERATORS = {
  ">": "is above",
  ">=": "is at least",
  "<": "is below",
  "<=": "is at most",
  "==": "is",
  "!=": "is not",
  in: "is one of",
} as const;

export type Operator = keyof typeof OPERATORS;

const SAME: Record<string, Operator> = { "=": "==", "<>": "!=" };
const COMPARISONS = new Set(["<", "<=", ">", ">=", "==", "!=", "=", "<>"]);

/** The terms of an expression. An `or` outside of brackets makes the whole of it one term. */
export function termsOf(text: string): Term[] {
  const words = tokens(text);
  const first = words[0];
  const last = words.at(-1);
  if (!first || !last) return [];
  const parts = splitAtAnd(words);
  if (parts === null) return [{ kind: "expression", text: text.slice(first.from, last.to) }];
  return parts.map((part) => termOf(text, part));
}

/** Groups of tokens between the outer `and`s; null where an outer `or`, or a bracket that is not closed, forbids it. */
function splitAtAnd(words: readonly Token[]): Token[][] | null {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word.kind === "bracket") depth += word.text === "(" || word.text === "[" ? 1 : -1;
    const outer = depth === 0 && word.kind === "keyword";
    if (outer && word.text.toLowerCase() === "or") return null;
    if (outer && word.text.toLowerCase() === "and") parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return depth === 0 && parts.every((part) => part.length > 0) ? parts : null;
}

function termOf(text: string, words: readonly Token[]): Term {
  const from = (words[0] as Token).from;
  const to = (words.at(-1) as Token).to;
  const whole: Term = { kind: "expression", text: text.slice(from, to) };
  const [first, second] = words;
  if (words.length === 1 && first?.kind === "field") return { kind: "flag", field: first.text, holds: true };
  if (words.length === 2 && first?.text.toLowerCase() === "not" && second?.kind === "field")
    return { kind: "flag", field: second.text, holds: false };
  let depth = 0;
  const splits: { word: Token; at: number }[] = [];
  words.forEach((word, at) => {
    if (word.kind === "bracket") depth += word.text === "(" || word.text === "[" ? 1 : -1;
    if (depth === 0 && (COMPARISONS.has(word.text) || word.kind === "keyword")) splits.push({ word, at });
  });
  const [split] = splits;
  if (!split || splits.length > 1 || split.at === 0 || split.at === words.length - 1) return whole;
  const sign = split.word.text.toLowerCase();
  if (split.word.kind === "keyword" && sign !== "in") return whole;
  return {
    kind: "compare",
    left: text.slice(from, split.word.from).trim(),
    op: SAME[sign] ?? (sign as Operator),
    right: text.slice(split.word.to, to).trim(),
  };
}

export function textOf(term: Term): string {
  if (term.kind === "compare") return `${term.left} ${term.op} ${term.right}`;
  if (term.kind === "flag") return term.holds ? term.field : `not ${term.field}`;
  return term.text;
}

/** The expression that says all of the terms; one with an `or` of its own goes into brackets beside others. */
export function joined(terms: readonly Term[]): string {
  return terms
    .map((term) => {
      const text = textOf(term);
      return terms.length > 1 && splitAtAnd(tokens(text)) === null ? `(${text})` : text;
    })
    .join(" and ");
}
