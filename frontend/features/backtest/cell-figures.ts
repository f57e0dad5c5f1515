import type { Figure } from "@/components/figure-card";
import { DEFINITIONS } from "@/lib/definitions";
import {
  barTime,
  count,
  counted,
  date,
  MONTHS,
  percent,
  rupees,
  shortHash,
  signed,
  signedRupees,
} from "@/lib/format";
import type { FrozenHolding, RunAnalysis, RunHead } from "@/lib/types";
import type { Lane } from "./holdings";

type Run = Pick<RunHead, "run_id" | "spec">;
type Fall = RunAnalysis["drawdowns"][number];
type Input = NonNullable<Figure["inputs"]>[number];

const atCloses = (run: Pick<Run, "run_id">) => `the equity at the closes of run ${shortHash(run.run_id)}`;

/** Where a span begins and ends among days: the close before it, or its own first one where the record begins in it. */
function ends(days: readonly string[], prefix: string): [number, number] {
  const first = days.findIndex((day) => day.startsWith(prefix));
  let last = first;
  while (days[last + 1]?.startsWith(prefix)) last += 1;
  return [Math.max(0, first - 1), last];
}

/** The return of a calendar month or year: the last close of the one before, and its own last close. */
export function spanFigure(
  run: Pick<Run, "run_id">,
  days: readonly string[],
  equity: readonly number[],
  span: { year: number; month?: number; value: number; whole: boolean },
): Figure {
  const { year, month } = span;
  const [before, last] = ends(
    days,
    month === undefined ? `${year}-` : `${year}-${String(month).padStart(2, "0")}-`,
  );
  const [from, to] = [equity[before] ?? Number.NaN, equity[last] ?? Number.NaN];
  const what = month === undefined ? "year" : "month";
  const begins =
    days[before]?.startsWith(`${year}-`) &&
    (month === undefined || days[before]?.slice(5, 7) === String(month).padStart(2, "0"));
  return {
    label: month === undefined ? String(year) : `${MONTHS[month - 1]} ${year}`,
    value: `${signed(100 * span.value, 2)}%`,
    definition: `What the account became from the last close of the ${what} before to its own last close, after charges and slippage.${
      span.whole ? "" : ` The record begins or ends in it, so that it is perhaps a part of the ${what}.`
    }`,
    formula: `last close ÷ close before − 1\n= ${rupees(to, true)} ÷ ${rupees(from, true)} − 1`,
    inputs: [
      {
        name: `${begins ? "First close" : "Close before"}, ${date(days[before] ?? "")}`,
        value: rupees(from, true),
      },
      { name: `Last close, ${date(days[last] ?? "")}`, value: rupees(to, true) },
    ],
    source: atCloses(run),
  };
}

/** A fall: its peak, its trough, and how long it took until the peak was seen again. */
export function fallFigure(
  run: Run,
  days: readonly string[],
  equity: readonly number[],
  fall: Fall,
  of: "depth" | "sessions",
): Figure {
  const at = (day: string): number => equity[days.indexOf(day)] ?? Number.NaN;
  const peak = fall.peak ? at(fall.peak) : Number(run.spec.initial_capital);
  const trough = at(fall.trough);
  const inputs: Input[] = [
    { name: fall.peak ? `Peak, ${date(fall.peak)}` : "Opening capital", value: rupees(peak, true) },
    { name: `Trough, ${date(fall.trough)}`, value: rupees(trough, true) },
    fall.recovery
      ? { name: `Recovered, ${date(fall.recovery)}`, value: rupees(at(fall.recovery), true) }
      : {
          name: `Not yet recovered, ${date(days.at(-1) ?? "")}`,
          value: rupees(equity.at(-1) ?? Number.NaN, true),
        },
  ];
  if (of === "depth")
    return {
      label: "Depth",
      value: percent(fall.depth, 2),
      definition: "How far the equity fell from its peak, at closes.",
      formula: `trough ÷ peak − 1\n= ${rupees(trough, true)} ÷ ${rupees(peak, true)} − 1`,
      inputs,
      source: atCloses(run),
    };
  const first = fall.peak ? days.indexOf(fall.peak) : 0;
  const last = fall.recovery ? days.indexOf(fall.recovery) : days.length - 1;
  return {
    label: "Sessions",
    value: count(fall.sessions),
    definition: "Sessions from the peak until it was seen again, or to the end of the run.",
    formula: `${fall.recovery ? "recovery" : "last session"} − ${fall.peak ? "peak" : "first session"}\n= ${count(last)} − ${count(first)}, counted from the first`,
    inputs,
    source: atCloses(run),
  };
}

/** A measure of what stands beside the run: of the same sessions, from the first close on. */
export function besideFigure(
  run: Pick<RunHead, "run_id" | "daily_chart">,
  row: { name: string; words: string; equity?: readonly (number | null)[] | null },
  measure: { name: string; label: string; shown: string },
): Figure {
  const values = row.equity?.filter((value) => value !== null) ?? [];
  const [first, last] = [values[0], values.at(-1)];
  const definition = DEFINITIONS[measure.name];
  const steps = values.length - 1;
  const grown =
    measure.name === "cagr" && first !== undefined && last !== undefined && steps > 0
      ? `\n= (${rupees(last, true)} ÷ ${rupees(first, true)}) ^ (252 / ${count(steps)}) − 1`
      : "";
  return {
    label: `${measure.label}, ${row.name}`,
    value: measure.shown,
    definition: definition?.text ?? "",
    formula: `${definition?.formula ?? ""}${grown}`,
    inputs: [
      ...(first === undefined || last === undefined
        ? []
        : [
            { name: `First close, ${date(run.daily_chart[0]?.date ?? "")}`, value: rupees(first, true) },
            { name: `Last close, ${date(run.daily_chart.at(-1)?.date ?? "")}`, value: rupees(last, true) },
          ]),
      { name: "Sessions", value: count(run.daily_chart.length) },
    ],
    source: `${row.words.replace(/\.$/, "")}, over the sessions of run ${shortHash(run.run_id)}`,
  };
}

/** What one cause made of the final equity: the account before it was switched on, and after. */
export function causeFigure(run: Pick<RunHead, "run_id" | "naive_twin">, cause: string): Figure {
  const twin = run.naive_twin;
  const causes = twin?.causes ?? [];
  const at = causes.findIndex((one) => one.cause === cause);
  const before = causes.slice(0, at).reduce((sum, one) => sum + one.difference, twin?.final_equity ?? 0);
  const difference = causes[at]?.difference ?? 0;
  return {
    label: cause.charAt(0).toUpperCase() + cause.slice(1),
    value: signedRupees(difference, 2),
    definition:
      "How the final equity changes when this is switched on, the causes above it being on already.",
    formula: `final equity with it − without it\n= ${rupees(before + difference, true)} − ${rupees(before, true)}`,
    inputs: [
      { name: "Without it", value: rupees(before, true) },
      { name: "With it", value: rupees(before + difference, true) },
      {
        name: "On before it",
        value:
          causes
            .slice(0, at)
            .map((one) => one.cause)
            .join(", ") || "nothing",
      },
    ],
    source: `the same run computed again, one cause after another; run ${shortHash(run.run_id)}`,
  };
}

/** The value of a holding that could not be sold. */
export function frozenFigure(run: Pick<Run, "run_id">, row: FrozenHolding): Figure {
  return {
    label: `${row.symbol}, value`,
    value: rupees(row.value, true),
    definition: "What is held at the last price it had, which nobody may pay.",
    formula: `shares × last price\n= ${count(row.quantity)} × ${rupees(row.last_price, true)}`,
    inputs: [
      { name: "Shares", value: count(row.quantity) },
      { name: `Last price, ${barTime(row.last_traded)}`, value: rupees(row.last_price, true) },
    ],
    source: `the holdings at the end of run ${shortHash(run.run_id)}`,
  };
}

const LISTED = 12;

/** Of an instrument: on how many sessions it was held, or what its trades earned. */
export function laneFigure(run: Pick<Run, "run_id">, lane: Lane, of: "held" | "pnl"): Figure {
  const { stretches } = lane;
  const listed = stretches.slice(0, LISTED).map(({ trade, from, to }): Input => ({
    name: `${barTime(trade.entry_at)} – ${trade.exit_at ? barTime(trade.exit_at) : "open"}`,
    value: of === "held" ? count(to - from + 1) : trade.pnl === null ? "–" : signedRupees(trade.pnl, 2),
  }));
  const more = stretches.length - listed.length;
  return {
    label: `${lane.symbol}, ${of === "held" ? "sessions held" : "P&L"}`,
    value: of === "held" ? count(lane.held) : signedRupees(lane.pnl, 2),
    definition:
      of === "held"
        ? "Sessions inside the part that is shown, from the entry to the exit of each trade, both counted."
        : "What its trades that touch the part that is shown earned after charges, open ones at the last close.",
    formula: of === "held" ? "Σ (exit − entry + 1)" : "Σ P&L of its trades",
    inputs: [...listed, ...(more > 0 ? [{ name: "and", value: counted(more, "more trade") }] : [])],
    source: `the trades of run ${shortHash(run.run_id)}`,
  };
}
