"use client";

import { useSyncExternalStore } from "react";
import { KEY } from "./preferences-script";

/** What a person chose on this machine: kept in localStorage and on <html>, so that CSS follows it. */
export interface Preferences {
  theme: "system" | "dark" | "light";
  density: "compact" | "comfortable";
  gainloss: "safe" | "classic";
  shortcuts: "on" | "off";
}

export const DEFAULT_PREFERENCES: Preferences = {
  theme: "system",
  density: "compact",
  gainloss: "safe",
  shortcuts: "on",
};

const listeners = new Set<() => void>();
let current: Preferences | null = null;

export function getPreferences(): Preferences {
  if (current === null) {
    let stored: Partial<Preferences> = {};
    try {
      stored = (JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {}) as Partial<Preferences>;
    } catch {
      // Storage is refused or was edited by hand: the defaults serve.
    }
    current = { ...DEFAULT_PREFERENCES, ...stored };
  }
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...getPreferences(), ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A private window may refuse storage; the choice then holds until the page is closed.
  }
  apply(current);
  listeners.forEach((listener) => listener());
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, getPreferences, () => DEFAULT_PREFERENCES);
}

export type ResolvedTheme = "dark" | "light";

/** The theme on screen, for canvas charts. */
export function useResolvedTheme(): ResolvedTheme {
  return useSyncExternalStore(subscribe, resolved, () => "dark");
}

export function toggleTheme(): void {
  setPreferences({ theme: resolved() === "dark" ? "light" : "dark" });
}

function resolved(): ResolvedTheme {
  const { theme } = getPreferences();
  if (theme !== "system") return theme;
  return window.matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

function apply(preferences: Preferences): void {
  const { dataset } = document.documentElement;
  dataset.theme = resolved();
  dataset.density = preferences.density;
  if (preferences.gainloss === "classic") dataset.gainloss = "classic";
  else delete dataset.gainloss;
}

function subscribe(listener: () => void): () => void {
  const system = window.matchMedia("(prefers-color-scheme: light)");
  const follow = () => {
    apply(getPreferences());
    listener();
  };
  listeners.add(listener);
  system.addEventListener("change", follow);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", follow);
  };
}
