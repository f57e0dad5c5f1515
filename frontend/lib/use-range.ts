import { parseAsIsoDate, useQueryStates } from "nuqs";
import { useDeferredValue, useMemo } from "react";

const iso = (day: Date): string => day.toISOString().slice(0, 10);

/** First and last index of `days` inside two dates; all of them where that would leave fewer than two. */
export function within(days: readonly string[], from: string | null, to: string | null): [number, number] {
  const end = days.length - 1;
  const first = from === null ? 0 : days.findIndex((day) => day.slice(0, 10) >= from);
  const after = to === null ? -1 : days.findIndex((day) => day.slice(0, 10) > to);
  const last = after === -1 ? end : after - 1;
  return first < 0 || last - first < 1 ? [0, end] : [first, last];
}

/** The part of the period that the charts of a page show; it is in the address, so that every chart knows the same. */
export function useRange(days: readonly string[]) {
  const [{ from, to }, set] = useQueryStates({ from: parseAsIsoDate, to: parseAsIsoDate });
  const [first, last] = within(days, from && iso(from), to && iso(to));
  const later = useDeferredValue(`${first} ${last}`);
  return {
    first,
    last,
    /** The same a moment later, so that charts do not hold up the hand. */
    drawn: useMemo(() => later.split(" ").map(Number) as [number, number], [later]),
    choose: (a: number, b: number) =>
      void set({
        from: a === 0 ? null : new Date(`${days[a]}T00:00:00Z`),
        to: b === days.length - 1 ? null : new Date(`${days[b]}T00:00:00Z`),
      }),
  };
}
