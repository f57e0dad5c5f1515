"use client";

import { useEffect, useRef, useState, type Ref } from "react";
import { Icon } from "@/components/icon";

const TYPING_MS = 250;

/** Narrows the list to symbols that begin with what is typed. */
export function SymbolFilter({
  value,
  onChange,
  ref,
}: {
  value: string;
  onChange: (symbol: string) => void;
  ref?: Ref<HTMLInputElement>;
}) {
  const [text, setText] = useState(value);
  const [from, setFrom] = useState(value);
  if (from !== value) {
    // set from outside, by a chip or by Back; what was typed here meanwhile is the newer one
    setFrom(value);
    if (text.trim().toUpperCase() === from) setText(value);
  }
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const wanted = text.trim().toUpperCase();
    if (wanted === value) return;
    const timer = setTimeout(() => latest.current(wanted), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className="input symfind">
      <Icon name="search" size="xs" />
      <input
        ref={ref}
        aria-label="Symbol begins with"
        placeholder="Symbol"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onChange(text.trim().toUpperCase());
          if (event.key === "Escape") {
            setText("");
            event.currentTarget.blur();
          }
        }}
      />
    </div>
  );
}
