"use client";

import { useEffect, useSyncExternalStore } from "react";

/** Where the reader is: the top bar draws it and the document's title follows it. */
export interface Crumb {
  label: string;
  href?: string;
}

let crumbs: readonly Crumb[] = [];
const listeners = new Set<() => void>();

export function useCrumbs(path: readonly Crumb[]): void {
  const key = JSON.stringify(path);
  useEffect(() => {
    crumbs = JSON.parse(key) as Crumb[];
    document.title = [...crumbs.map((crumb) => crumb.label).reverse(), "SmartTrader"].join(" · ");
    listeners.forEach((listener) => listener());
  }, [key]);
}

export function useCurrentCrumbs(): readonly Crumb[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => crumbs,
    () => EMPTY,
  );
}

const EMPTY: readonly Crumb[] = [];
