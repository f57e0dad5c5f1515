/** The words of an expression, as far as an editor needs them: the server alone says what is right. */
export type TokenKind =
  "number" | "text" | "keyword" | "function" | "field" | "operator" | "bracket" | "other";

export interface Token {
  kind: TokenKind;
  text: string;
  from: number;
  to: number;
}

const KEYWORDS = new Set(["and", "or", "not", "in"]);
const SPACE = /\s+/y;
const FORMS: readonly { kind: TokenKind; form: RegExp }[] = [
  { kind: "text", form: /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?/y },
  {
    kind: "number",
    form: /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:\s*(?:%|(?:crores?|cr|lakhs?|lacs?|l|k)\b))?/iy,
  },
  { kind: "field", form: /[A-Za-z_]\w*/y },
  { kind: "operator", form: /<=|>=|==|!=|<>|[<>=+\-*/,]/y },
  { kind: "bracket", form: /[()[\]]/y },
  { kind: "other", form: /./sy },
];

/** The token at or after a place; null at the end. */
export function tokenAt(text: string, start: number): Token | null {
  SPACE.lastIndex = start;
  const from = start + (SPACE.exec(text)?.[0].length ?? 0);
  for (const { kind, form } of FORMS) {
    form.lastIndex = from;
    const found = form.exec(text);
    if (!found) continue;
    const word = found[0];
    return {
      kind: kind === "field" ? kindOfName(text, word, from + word.length) : kind,
      text: word,
      from,
      to: from + word.length,
    };
  }
  return null;
}

function kindOfName(text: string, word: string, end: number): TokenKind {
  if (KEYWORDS.has(word.toLowerCase())) return "keyword";
  return /^\s*\(/.test(text.slice(end)) ? "function" : "field";
}

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let token = tokenAt(text, 0); token; token = tokenAt(text, token.to)) found.push(token);
  return found;
}
