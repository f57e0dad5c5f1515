import type { CoverageDay } from "@/lib/types";

export type DayState = CoverageDay["state"];

/** Each state of a session has a mark besides its colour. */
export const GLYPH: Record<DayState, string> = {
  OK: "",
  PARTIAL: "◔",
  MISSING: "×",
  UNEXPECTED: "+",
  OUTSIDE: "·",
};

/** More instruments, a stronger shade; four steps, so that neighbours can be told apart. */
export const shade = (share: number): number => (share > 0.75 ? 6 : share > 0.5 ? 5 : share > 0.25 ? 4 : 3);
