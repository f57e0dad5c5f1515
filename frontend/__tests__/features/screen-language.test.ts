import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { completionsOf } from "@/features/screener/language/completion";
import { joined, termsOf } from "@/features/screener/language/terms";
import { tokens } from "@/features/screener/language/tokens";
import type { FieldCard, FunctionCard } from "@/lib/types";

test("words of an expression are told apart, with their places", () => {
  const found = tokens('close > sma(close, 200) AND sector in ("IT") and turnover>=5 cr or x == 2%');
  expect(found.map((token) => [token.kind, token.text])).toEqual([
    ["field", "close"],
    ["operator", ">"],
    ["function", "sma"],
    ["bracket", "("],
    ["field", "close"],
    ["operator", ","],
    ["number", "200"],
    ["bracket", ")"],
    ["keyword", "AND"],
    ["field", "sector"],
    ["keyword", "in"],
    ["bracket", "("],
    ["text", '"IT"'],
    ["bracket", ")"],
    ["keyword", "and"],
    ["field", "turnover"],
    ["operator", ">="],
    ["number", "5 cr"],
    ["keyword", "or"],
    ["field", "x"],
    ["operator", "=="],
    ["number", "2%"],
  ]);
  for (const { from, to, text } of found) expect(text).toHaveLength(to - from);
});

test.each([
  ["close > sma(close, 200) and rsi(14) < 30", 2],
  ["nr7 and not above_sma_200", 2],
  ['sector in ("IT", "Pharma") and roe >= 15', 2],
  ["(close > 1 or close < 0) and volume > 10k", 2],
  ["20 < rsi(14) < 30 and close > 5", 2],
  ["close > 1 or close < 0", 1],
  ["max(close, open) > 3 and crosses_above(close, sma(close, 50))", 2],
])("the builder says what the text says: %s", (text, terms) => {
  expect(termsOf(text)).toHaveLength(terms);
  expect(joined(termsOf(text))).toBe(text);
});

test("a comparison comes apart into field, condition and value", () => {
  expect(termsOf("rsi(14)<30 and close = open")).toEqual([
    { kind: "compare", left: "rsi(14)", op: "<", right: "30" },
    { kind: "compare", left: "close", op: "==", right: "open" },
  ]);
  expect(termsOf("not nr7")).toEqual([{ kind: "flag", field: "nr7", holds: false }]);
  expect(termsOf('not sector in ("IT")')).toEqual([{ kind: "expression", text: 'not sector in ("IT")' }]);
  expect(termsOf("")).toEqual([]);
});

test("an alternative that others stand beside is put in brackets", () => {
  expect(joined([...termsOf("close > 1 or close < 0"), ...termsOf("nr7")])).toBe(
    "(close > 1 or close < 0) and nr7",
  );
});

test("a text that is not closed stays whole", () => {
  expect(termsOf("sma(close, 20 and nr7")).toEqual([{ kind: "expression", text: "sma(close, 20 and nr7" }]);
});

const words = {
  fields: [{ name: "rsi_14", label: "RSI 14", description: "", expression: "rsi(close, 14)" } as FieldCard],
  functions: [
    {
      name: "sma",
      signature: "sma(x, n)",
      parameters: [
        { name: "x", type: "", default: null, required: true },
        { name: "n", type: "", default: null, required: true },
      ],
      description: "",
      example: "",
    } as unknown as FunctionCard,
  ],
  sectors: ["Healthcare"],
  indices: [{ id: "NIFTY50", name: "NIFTY 50" }],
};

test.each([
  ["close > r", ["rsi_14", "sma", "and", "or", "not", "in"], 8],
  ['sector in ("He', ["Healthcare"], 12],
  ['in index("N', ["NIFTY50"], 10],
])("completion after %s", (text, labels, from) => {
  const state = EditorState.create({ doc: text });
  const found = completionsOf(words)(new CompletionContext(state, text.length, false));
  expect(found?.from).toBe(from);
  expect(found?.options.map((option) => option.label)).toEqual(labels);
});

test("nothing is offered before a word begins, or inside any other text", () => {
  const at = (text: string) =>
    completionsOf(words)(new CompletionContext(EditorState.create({ doc: text }), text.length, false));
  expect(at("close > ")).toBeNull();
  expect(at('contains(name, "He')).toBeNull();
});
