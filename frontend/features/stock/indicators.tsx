"use client";

import { useState } from "react";
import { USUAL_LINES } from "@/components/chart-lines";
import { CheckField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";
import { stockAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";

export const DEFAULT_LINES = "sma(close, 50), sma(close, 200), rsi(close, 14)";

/** Expressions at their commas, those within brackets left alone. */
export function apart(lines: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let text = "";
  for (const letter of lines) {
    if (letter === "(" || letter === "[") depth += 1;
    if (letter === ")" || letter === "]") depth -= 1;
    if (letter === "," && depth === 0) {
      found.push(text.trim());
      text = "";
    } else text += letter;
  }
  return [...found, text.trim()].filter((one) => one !== "");
}

/** Which lines are drawn with the candles. */
export function Indicators({
  symbol,
  lines,
  onChange,
}: {
  symbol: string;
  lines: string;
  onChange: (lines: string) => void;
}) {
  const [written, setWritten] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const chosen = apart(lines);
  const usual = new Set(USUAL_LINES.map((one) => one.q));
  const set = (q: string, on: boolean) =>
    onChange((on ? [...chosen, q] : chosen.filter((one) => one !== q)).join(", "));
  const add = async () => {
    const q = written.trim();
    if (q === "" || chosen.includes(q)) return;
    try {
      await unwrap(stockAPI.lines(symbol, { q }));
      setWrong(null);
      setWritten("");
      set(q, true);
    } catch (error) {
      setWrong(getErrorMessage(error));
    }
  };
  return (
    <Popover
      label="Indicators"
      className="screenpop"
      trigger={
        <button type="button" className="btn sm">
          <Icon name="plus" size="xs" />
          Indicator
        </button>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <div className="input" aria-invalid={wrong ? true : undefined}>
          <input
            className="mono"
            aria-label="An expression as a line"
            aria-describedby="line-wrong"
            aria-invalid={wrong ? true : undefined}
            placeholder="sma(close, 100)"
            value={written}
            onChange={(event) => setWritten(event.target.value)}
          />
          <button type="submit" className="btn q sm">
            Draw
          </button>
        </div>
        <span id="line-wrong" className="xs er" role="status">
          {wrong}
        </span>
      </form>
      <div className="screenlist stack" tabIndex={0} role="region" aria-label="Indicators, list">
        {chosen
          .filter((one) => !usual.has(one))
          .map((one) => (
            <CheckField
              key={one}
              label={<code className="mono xs">{one}</code>}
              checked
              onChange={() => set(one, false)}
            />
          ))}
        {USUAL_LINES.map((one) => (
          <CheckField
            key={one.q}
            label={one.label}
            checked={chosen.includes(one.q)}
            onChange={(event) => set(one.q, event.target.checked)}
          />
        ))}
      </div>
    </Popover>
  );
}
