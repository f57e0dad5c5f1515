"use client";

import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type KeyboardEvent } from "react";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, MONTHS } from "@/lib/format";
import type { CoverageMonth, CoverageYear } from "@/lib/types";
import { coverageYearsQuery } from "./queries";
import { GLYPH, shade, type DayState } from "./states";

/** The worst that a month's days have is what it shows. */
const ORDER: readonly DayState[] = ["MISSING", "PARTIAL", "UNEXPECTED", "OK", "OUTSIDE"];
const worst = (month: CoverageMonth): DayState =>
  ORDER.find((state) => (month.states[state] ?? 0) > 0) ?? "OUTSIDE";

const WORDS: readonly (readonly [DayState, string])[] = [
  ["OK", "stored"],
  ["PARTIAL", "thin"],
  ["MISSING", "missing"],
  ["UNEXPECTED", "not in the calendar"],
  ["OUTSIDE", "outside what is stored"],
];

function told(year: number, month: CoverageMonth): string {
  const days = WORDS.filter(([state]) => (month.states[state] ?? 0) > 0)
    .map(([state, word]) => `${count(month.states[state] ?? 0)} ${word}`)
    .join(", ");
  const usual = month.rows > 0 ? `; usually ${count(month.rows)} instruments` : "";
  return `${MONTHS[month.month - 1]} ${year}: sessions ${days || "none"}${usual}`;
}

const id = (year: number, month: number): string => `${year}-${String(month).padStart(2, "0")}`;

/** All stored years, a cell a month; `onPick` opens a month's year by day. */
export function CoverageYears({ onPick }: { onPick: (year: number, month: number) => void }) {
  const query = useQuery(coverageYearsQuery);
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Coverage of all years">
      <div className="card-h">
        <h2>Coverage, all years</h2>
        <span className="t3 xs">a cell is a month; open it to see its days</span>
      </div>
      <DataState
        query={query}
        failed="The coverage cannot be read"
        isEmpty={(data) => data.length === 0}
        empty={
          <EmptyState title="No session is stored" icon="data">
            Import a folder of exchange files, or make the sample market.
          </EmptyState>
        }
      >
        {(data) => <Years years={[...data].reverse()} onPick={onPick} />}
      </DataState>
    </section>
  );
}

function Years({
  years,
  onPick,
}: {
  years: readonly CoverageYear[];
  onPick: (year: number, month: number) => void;
}) {
  const [active, setActive] = useState({ row: 0, month: 1 });
  const table = useRef<HTMLTableElement>(null);
  const most = Math.max(1, ...years.flatMap((year) => year.months.map((month) => month.rows)));
  const row = Math.min(active.row, years.length - 1);
  const year = years[row];
  const month = year?.months[active.month - 1];

  function go(event: KeyboardEvent) {
    if (!year) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      onPick(year.year, active.month);
      return;
    }
    const step: Record<string, { row: number; month: number }> = {
      ArrowRight: { row, month: Math.min(12, active.month + 1) },
      ArrowLeft: { row, month: Math.max(1, active.month - 1) },
      ArrowDown: { row: Math.min(years.length - 1, row + 1), month: active.month },
      ArrowUp: { row: Math.max(0, row - 1), month: active.month },
      Home: { row, month: 1 },
      End: { row, month: 12 },
    };
    const next = step[event.key];
    const to = next && years[next.row];
    if (!next || !to) return;
    event.preventDefault();
    event.stopPropagation();
    setActive(next);
    table.current?.querySelector<HTMLElement>(`[data-month="${id(to.year, next.month)}"]`)?.focus();
  }

  return (
    <>
      <div className="tw-wrap heat-wrap">
        <table
          ref={table}
          role="grid"
          className="heat years num"
          aria-label="Stored sessions of all years by month"
          onKeyDown={go}
        >
          <thead>
            <tr>
              <th scope="col">
                <span className="sr">Year</span>
              </th>
              {MONTHS.map((name) => (
                <th key={name} scope="col" className="t3">
                  <abbr title={name}>{name.slice(0, 1)}</abbr>
                </th>
              ))}
              <th scope="col" className="t3 fact">
                Sessions
              </th>
              <th scope="col" className="t3 fact">
                Missing
              </th>
              <th scope="col" className="t3 fact">
                Instruments
              </th>
            </tr>
          </thead>
          <tbody>
            {years.map((one, at) => {
              const missing = one.months.reduce((sum, each) => sum + (each.states.MISSING ?? 0), 0);
              return (
                <tr key={one.year}>
                  <th scope="row" className="t2">
                    {one.year}
                  </th>
                  {one.months.map((each) => {
                    const state = worst(each);
                    const here = at === row && each.month === active.month;
                    const lacking = each.states.MISSING ?? 0;
                    return (
                      <td
                        key={each.month}
                        role="gridcell"
                        data-month={id(one.year, each.month)}
                        className={`can s-${state.toLowerCase()}`}
                        style={
                          state === "OK" ? { background: `var(--seq-${shade(each.rows / most)})` } : undefined
                        }
                        tabIndex={here ? 0 : -1}
                        aria-label={told(one.year, each)}
                        title={told(one.year, each)}
                        onFocus={() => setActive({ row: at, month: each.month })}
                        onClick={() => onPick(one.year, each.month)}
                      >
                        <span aria-hidden="true">{state === "MISSING" ? count(lacking) : GLYPH[state]}</span>
                      </td>
                    );
                  })}
                  <td className="fact">
                    {count(one.sessions)} <span className="t3">of {count(one.expected)}</span>
                  </td>
                  <td className={`fact ${missing > 0 ? "wn" : "t3"}`}>{count(missing)}</td>
                  <td className="fact">{count(one.instruments)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="card-f num" aria-live="polite">
        {year && month ? told(year.year, month) : ""}
      </p>
    </>
  );
}
