"use client";

import { useRef, type KeyboardEvent, type ReactNode } from "react";
import { useCommands } from "@/lib/commands";

export interface Tab<T extends string> {
  value: T;
  label: ReactNode;
}

/** The tabs of a page: arrows and [ ] turn them, the one that is open is the caller's to keep. Its panel has the id `panel-VALUE`. */
export function Tabs<T extends string>({
  label,
  tabs,
  value,
  onChange,
}: {
  label: string;
  tabs: readonly Tab<T>[];
  value: T;
  onChange: (value: T) => void;
}) {
  const list = useRef<HTMLDivElement>(null);
  const turn = (steps: number) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const next = tabs[(at + steps + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.value);
    list.current?.querySelector<HTMLElement>(`#tab-${next.value}`)?.focus();
  };
  useCommands([
    { id: "tab-previous", label: "Previous tab", keys: "[", group: "This page", run: () => turn(-1) },
    { id: "tab-next", label: "Next tab", keys: "]", group: "This page", run: () => turn(1) },
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    turn(steps);
  };
  return (
    <div ref={list} className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          role="tab"
          id={`tab-${tab.value}`}
          aria-selected={tab.value === value}
          aria-controls={tab.value === value ? `panel-${tab.value}` : undefined}
          tabIndex={tab.value === value ? 0 : -1}
          onClick={() => onChange(tab.value)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
