"use client";

import { useEffect } from "react";
import { getCommands, isTyping, match } from "@/lib/commands";
import { getPreferences } from "@/lib/preferences";

const SEQUENCE_MS = 1200;
const PRESSABLE = "button, a[href], summary, [role=tab], [role=option], [role=menuitem]";

/**
 * One listener for all keys. Single keys are off while a field has the focus and when they are switched off in Settings; a key
 * that the focused control answers itself stays with it.
 */
export function useKeyboard(enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return;
    let pending: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const held = event.metaKey || event.ctrlKey;
      const single = !held && event.key !== "Escape";
      if (single && (isTyping(event.target) || getPreferences().shortcuts === "off" || inModal())) return;
      if (single && (event.key === " " || event.key === "Enter") && pressable(event.target)) return;
      const found = match(event, pending, getCommands());
      clearTimeout(timer);
      pending = found.pending;
      if (pending) timer = setTimeout(() => (pending = null), SEQUENCE_MS);
      if (found.command) {
        event.preventDefault();
        found.command.run();
      }
    };
    window.addEventListener("keydown", onKeyDown);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("keydown", onKeyDown);
    };
  }, [enabled]);
}

const inModal = (): boolean => document.querySelector('[role="dialog"][data-state="open"]') !== null;

/** A row of the list on a phone is a button too, but Space on it means the same as its click. */
const pressable = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest(PRESSABLE) !== null;
