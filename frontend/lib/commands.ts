"use client";

import { useEffect, useRef, useSyncExternalStore } from "react";

/**
 * Every action of the page on screen, in one list: the keyboard, the palette and the help dialog all read it, so that none can
 * know an action that the others do not.
 */
export interface Command {
  id: string;
  label: string;
  /** As `KeyboardEvent.key`: "t", "?", "Escape", or a sequence "g s". "mod+k" is ⌘K or Ctrl K. */
  keys?: string;
  group: "Go to" | "This page" | "Actions";
  /** Not listed in the palette (moving a selection, for one); still in the help dialog. */
  hidden?: boolean;
  run: () => void;
}

let layers: { commands: readonly Command[] }[] = [];
let flat: readonly Command[] = [];
const EMPTY: readonly Command[] = [];
const listeners = new Set<() => void>();

function publish(): void {
  const seen = new Set<string>();
  // The newest layer wins a key: a drawer's Escape closes the drawer before the page sees it.
  flat = [...layers].reverse().flatMap((layer) =>
    layer.commands.filter((command) => {
      if (seen.has(command.id)) return false;
      seen.add(command.id);
      return true;
    }),
  );
  listeners.forEach((listener) => listener());
}

/** Offers commands while the component is mounted. `run` may change freely; the list is compared by id, label and keys. */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  const signature = JSON.stringify(
    commands.map(({ id, label, keys, group, hidden }) => [id, label, keys, group, hidden]),
  );
  useEffect(() => {
    const layer = {
      commands: latest.current.map((command) => ({
        ...command,
        run: () => latest.current.find((other) => other.id === command.id)?.run(),
      })),
    };
    layers.push(layer);
    publish();
    return () => {
      layers = layers.filter((other) => other !== layer);
      publish();
    };
  }, [signature]);
}

export function useAllCommands(): readonly Command[] {
  return useSyncExternalStore(subscribe, getCommands, () => EMPTY);
}

export const getCommands = (): readonly Command[] => flat;

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const SYMBOLS: Record<string, string> = {
  "mod+k": "⌘K",
  "mod+Enter": "⌘↵",
  Escape: "Esc",
  Enter: "↵",
  " ": "Space",
  ArrowUp: "↑",
  ArrowDown: "↓",
};

export const keyLabel = (keys: string): string => SYMBOLS[keys] ?? keys;

const TYPING =
  "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]";

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null;
}

/** What a key press means, given the sequence begun: a command, the beginning of one, or nothing. */
export function match(
  event: Pick<KeyboardEvent, "key" | "metaKey" | "ctrlKey" | "altKey">,
  pending: string | null,
  commands: readonly Command[],
): { command?: Command; pending: string | null } {
  const mod = event.metaKey || event.ctrlKey;
  if (event.altKey) return { pending: null };
  const pressed = mod ? `mod+${event.key}` : pending ? `${pending} ${event.key}` : event.key;
  const command = commands.find((candidate) => candidate.keys === pressed);
  if (command) return { command, pending: null };
  const begins = !mod && commands.some((candidate) => candidate.keys?.startsWith(`${pressed} `));
  return { pending: begins ? pressed : null };
}
