"use client";

import { useEffect, useState, useSyncExternalStore } from "react";
import { Icon } from "@/components/icon";

interface ToastInput {
  title: string;
  text?: string;
  tone?: "ok" | "wn" | "er";
  action?: { label: string; run: () => void };
}

interface Shown extends ToastInput {
  id: number;
}

const MOST = 3;
const LEAVES_AFTER_MS = 5000;

let shown: readonly Shown[] = [];
let nextId = 1;
const NONE: readonly Shown[] = [];
const listeners = new Set<() => void>();

/** A confirmation leaves by itself; a warning or an error stays until it is closed. Never the only place an error is told. */
export function toast(input: ToastInput): void {
  shown = [...shown, { ...input, id: nextId++ }].slice(-MOST);
  listeners.forEach((listener) => listener());
}

function close(id: number): void {
  shown = shown.filter((item) => item.id !== id);
  listeners.forEach((listener) => listener());
}

export function Toasts() {
  const items = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
    () => NONE,
  );
  return (
    <div className="toasts" role="region" aria-label="Notifications" aria-live="polite">
      {items.map((item) => (
        <Toast key={item.id} item={item} />
      ))}
    </div>
  );
}

function Toast({ item }: { item: Shown }) {
  const [held, setHeld] = useState(false);
  const stays = item.tone === "wn" || item.tone === "er";
  useEffect(() => {
    if (stays || held) return;
    const timer = setTimeout(() => close(item.id), LEAVES_AFTER_MS);
    return () => clearTimeout(timer);
  }, [stays, held, item.id]);
  const tone = item.tone ?? "ok";
  return (
    <div
      className="toast"
      role={tone === "er" ? "alert" : undefined}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className={`${tone} row`} style={{ marginTop: 2 }}>
        <Icon name={tone === "ok" ? "check" : tone === "wn" ? "warn" : "err"} size="s" />
      </span>
      <div className="grow">
        {item.title}
        {item.text && <div className="xs t3">{item.text}</div>}
      </div>
      {item.action && (
        <button
          type="button"
          className="link xs"
          onClick={() => {
            item.action?.run();
            close(item.id);
          }}
        >
          {item.action.label}
        </button>
      )}
      <button type="button" className="t3" aria-label="Close" onClick={() => close(item.id)}>
        <Icon name="x" size="s" />
      </button>
    </div>
  );
}
