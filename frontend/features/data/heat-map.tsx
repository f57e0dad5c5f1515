"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsInteger, useQueryState } from "nuqs";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Icon } from "@/components/icon";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, date, MONTHS } from "@/lib/format";
import type { Coverage, CoverageDay } from "@/lib/types";
import { coverageQuery } from "./queries";
import { GLYPH, shade } from "./states";

const DAYS = Array.from({ length: 31 }, (_, index) => index + 1);

const WORD = {
  OK: "stored",
  PARTIAL: "thin: far fewer instruments than the sessions around it",
  MISSING: "missing: the calendar expects a session, and nothing is stored",
  UNEXPECTED: "stored, though the calendar knows no session",
  OUTSIDE: "before the first or after the last stored session",
} as const;

const NAME = {
  OK: "Stored",
  PARTIAL: "Thin",
  MISSING: "Missing",
  UNEXPECTED: "Unexpected",
  OUTSIDE: "Outside",
} as const;

const STATES = Object.keys(NAME) as (keyof typeof NAME)[];

const iso = (year: number, month: number, day: number): string =>
  `${year}-${String(month + 1).padStart(2, "0")}-${String(day).padStart(2, "0")}`;

const told = (day: CoverageDay): string =>
  `${date(day.date, true)}: ${WORD[day.state]}${day.rows > 0 ? `, ${count(day.rows)} instruments` : ""}`;

/** A year as months by days: which sessions are stored, thin, missing or not in the calendar.
 * `goTo` is a month (2024-05) whose first session takes the focus; `onReached` is told when it has it. */
export function CoverageCalendar({
  years,
  goTo = null,
  onReached,
}: {
  years: readonly number[];
  goTo?: string | null;
  onReached?: () => void;
}) {
  const [year, setYear] = useQueryState("year", parseAsInteger);
  const newest = years.at(-1);
  const shown = year !== null && years.includes(year) ? year : newest;
  const query = useQuery({ ...coverageQuery(shown ?? 0), enabled: shown !== undefined });
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Coverage calendar">
      <div className="card-h">
        <h2>Coverage by day</h2>
        {shown !== undefined && (
          <span className="sp">
            <label className="row" style={{ gap: 6 }}>
              <span className="t3 xs">Year</span>
              <span className="input sel">
                <select
                  value={shown}
                  onChange={(event) => void setYear(Number(event.target.value))}
                  aria-label="Year of the calendar"
                >
                  {[...years].reverse().map((one) => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                </select>
                <Icon name="down" size="xs" />
              </span>
            </label>
          </span>
        )}
      </div>
      {shown === undefined ? (
        <EmptyState title="No session is stored" icon="data">
          The calendar fills with the first imported price file.
        </EmptyState>
      ) : (
        <DataState query={query} failed="The calendar cannot be read">
          {(data) => <Year key={data.year} coverage={data} goTo={goTo} onReached={onReached} />}
        </DataState>
      )}
    </section>
  );
}

function Year({
  coverage,
  goTo,
  onReached,
}: {
  coverage: Coverage;
  goTo: string | null;
  onReached: (() => void) | undefined;
}) {
  const days = new Map(coverage.days.map((day) => [day.date, day]));
  const first = coverage.days[0]?.date ?? null;
  const [active, setActive] = useState<string | null>(first);
  const table = useRef<HTMLTableElement>(null);
  const most = Math.max(1, ...coverage.days.map((day) => day.rows));
  const current = active === null ? undefined : days.get(active);

  useEffect(() => {
    const to = goTo === null ? undefined : coverage.days.find((day) => day.date.startsWith(goTo));
    if (!to) return;
    table.current?.querySelector<HTMLElement>(`[data-day="${to.date}"]`)?.focus();
    onReached?.();
  }, [goTo, coverage, onReached]);

  function go(event: KeyboardEvent) {
    if (active === null) return;
    const at = coverage.days.findIndex((day) => day.date === active);
    const month = active.slice(0, 7);
    const inMonth = coverage.days.filter((day) => day.date.startsWith(month));
    const step: Record<string, CoverageDay | undefined> = {
      ArrowRight: coverage.days[at + 1],
      ArrowLeft: coverage.days[at - 1],
      ArrowDown: coverage.days.find(
        (day) => day.date.slice(0, 7) > month && day.date.slice(8) >= active.slice(8),
      ),
      ArrowUp: coverage.days.findLast(
        (day) => day.date.slice(0, 7) < month && day.date.slice(8) <= active.slice(8),
      ),
      Home: inMonth[0],
      End: inMonth.at(-1),
    };
    if (!(event.key in step)) return;
    event.preventDefault();
    event.stopPropagation();
    const next = step[event.key];
    if (!next) return;
    setActive(next.date);
    table.current?.querySelector<HTMLElement>(`[data-day="${next.date}"]`)?.focus();
  }

  return (
    <>
      <div className="tw-wrap heat-wrap">
        <table
          ref={table}
          role="grid"
          className="heat num"
          aria-label={`Sessions of ${coverage.year}`}
          onKeyDown={go}
        >
          <thead>
            <tr>
              <th scope="col">
                <span className="sr">Month</span>
              </th>
              {DAYS.map((day) => (
                <th key={day} scope="col" className="t3">
                  {day}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {MONTHS.map((name, month) => (
              <tr key={name}>
                <th scope="row" className="t2">
                  {name}
                </th>
                {DAYS.map((number) => {
                  const key = iso(coverage.year, month, number);
                  const day = days.get(key);
                  if (!day) return <td key={key} role="gridcell" className="none" aria-label="no session" />;
                  return (
                    <td
                      key={key}
                      role="gridcell"
                      data-day={key}
                      className={`s-${day.state.toLowerCase()}`}
                      style={
                        day.state === "OK"
                          ? { background: `var(--seq-${shade(day.rows / most)})` }
                          : undefined
                      }
                      tabIndex={key === active ? 0 : -1}
                      aria-label={told(day)}
                      title={told(day)}
                      onFocus={() => setActive(key)}
                      onClick={(event) => event.currentTarget.focus()}
                    >
                      <span aria-hidden="true">{GLYPH[day.state]}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f row between wrap">
        <ul className="row wrap heat-key" aria-label="What the marks mean">
          {STATES.map((state) => (
            <li key={state} className="row" style={{ gap: 6 }}>
              <i className={`s-${state.toLowerCase()}`} aria-hidden="true">
                {GLYPH[state]}
              </i>
              <span>
                {NAME[state]} <span className="num t3">{count(coverage.states[state] ?? 0)}</span>
              </span>
            </li>
          ))}
        </ul>
        <span className="num" aria-live="polite">
          {current ? told(current) : ""}
        </span>
      </div>
      {coverage.calendar_warning && <p className="card-f wn xs">{coverage.calendar_warning}</p>}
    </>
  );
}
