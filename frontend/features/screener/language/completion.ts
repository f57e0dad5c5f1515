import {
  snippetCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import type { FieldCard, FunctionCard } from "@/lib/types";

export interface Words {
  fields: readonly FieldCard[];
  functions: readonly FunctionCard[];
  sectors: readonly string[];
  indices: readonly { id: string; name: string }[];
}

const KEYWORDS: Completion[] = ["and", "or", "not", "in"].map((label) => ({
  label,
  type: "keyword",
  boost: -1,
}));

/** What can stand where the cursor is: names of the language, or inside quotes the values there are. */
export function completionsOf(words: Words): (context: CompletionContext) => CompletionResult | null {
  const names = [
    ...words.fields.map((card): Completion => ({
      label: card.name,
      type: "property",
      detail: card.label,
      info: [card.description, card.expression && `= ${card.expression}`].filter(Boolean).join("\n"),
    })),
    ...words.functions.map((card) =>
      snippetCompletion(templateOf(card), {
        label: card.name,
        type: "function",
        detail: card.signature.slice(card.name.length),
        info: `${card.description}\nExample: ${card.example}`,
      }),
    ),
    ...KEYWORDS,
  ];
  return (context) => {
    const quoted = context.matchBefore(/["'][^"'\n]*/);
    if (quoted && insideQuotes(context, quoted.from)) return valuesIn(words, context, quoted.from + 1);
    const word = context.matchBefore(/[A-Za-z_]\w*/);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: names, validFor: /^\w*$/ };
  };
}

/** `rsi(${x}, ${n})` without the parameters that have a default: `rsi(${14})` is typed less than it is read. */
function templateOf(card: FunctionCard): string {
  const asked = card.parameters.filter((parameter) => parameter.required);
  const shown = asked.length > 0 ? asked : card.parameters.slice(-1);
  return `${card.name}(${shown.map((one) => `\${${one.default ?? one.name}}`).join(", ")})`;
}

function insideQuotes(context: CompletionContext, from: number): boolean {
  const before = context.state.sliceDoc(0, from);
  return (before.match(/"/g)?.length ?? 0) % 2 === 0 && (before.match(/'/g)?.length ?? 0) % 2 === 0;
}

function valuesIn(words: Words, context: CompletionContext, from: number): CompletionResult | null {
  const before = context.state.sliceDoc(0, from);
  const options: Completion[] = /\bindex\s*\(\s*["']$/.test(before)
    ? words.indices.map((index) => ({ label: index.id, detail: index.name }))
    : /\bsector\b[^()]*(?:\([^()]*)?["']$/.test(before)
      ? words.sectors.map((label) => ({ label }))
      : [];
  return options.length > 0 ? { from, options, validFor: /^[^"'\n]*$/ } : null;
}
