import { structuredPatch } from "diff";

export interface DiffLine {
  mark: " " | "+" | "-";
  text: string;
  /** Line numbers of both sides; null where the line is not there. */
  before: number | null;
  after: number | null;
}

const AROUND = 3;

/** Hunks of changed lines with three unchanged ones around them; none where the texts are equal. */
export function hunks(before: string, after: string): DiffLine[][] {
  const patch = structuredPatch("before", "after", before, after, undefined, undefined, { context: AROUND });
  return patch.hunks.map((hunk) => {
    let old = hunk.oldStart;
    let fresh = hunk.newStart;
    return hunk.lines
      .filter((line) => !line.startsWith("\\"))
      .map((line): DiffLine => {
        const mark = line[0] as DiffLine["mark"];
        const shown = {
          mark,
          text: line.slice(1),
          before: mark === "+" ? null : old,
          after: mark === "-" ? null : fresh,
        };
        if (mark !== "+") old += 1;
        if (mark !== "-") fresh += 1;
        return shown;
      });
  });
}
