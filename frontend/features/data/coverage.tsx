"use client";

import { count, date } from "@/lib/format";
import type { YearCoverage } from "@/lib/types";

/** A bar a year: how many of the expected sessions are stored, and how many instruments traded. The numbers are under the bars. */
export function CoverageStrip({ years }: { years: readonly YearCoverage[] }) {
  return (
    <div className="tw-wrap" role="region" aria-label="Coverage by year, scrolls" tabIndex={0}>
      <table className="t" style={{ minWidth: years.length * 74 + 150 }}>
        <thead>
          <tr>
            <th className="pin edge" style={{ width: 150, minWidth: 150 }}>
              Year
            </th>
            {years.map((year) => (
              <th key={year.year} className="r">
                {year.year}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row" className="pin edge" style={{ position: "sticky", fontWeight: "inherit" }}>
              Share stored
            </th>
            {years.map((year) => {
              const share =
                year.expected_sessions > 0 ? Math.min(1, year.sessions / year.expected_sessions) : 0;
              const whole = year.sessions >= year.expected_sessions;
              return (
                <td key={year.year} style={{ height: 64, verticalAlign: "bottom", paddingBottom: 4 }}>
                  <div
                    className="cover"
                    style={{ height: 56 }}
                    title={`${date(year.first_session)} to ${date(year.last_session)}`}
                  >
                    <span className="yr">
                      <i
                        style={{
                          height: `${share * 100}%`,
                          background: whole ? "var(--seq-5)" : "var(--seq-4)",
                          outline: whole ? undefined : "1px dashed var(--warning)",
                        }}
                      />
                    </span>
                  </div>
                </td>
              );
            })}
          </tr>
          <tr>
            <th scope="row" className="pin edge">
              Sessions
            </th>
            {years.map((year) => (
              <td key={year.year} className="r">
                {count(year.sessions)}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row" className="pin edge">
              Missing
            </th>
            {years.map((year) => {
              const missing = Math.max(0, year.expected_sessions - year.sessions);
              return (
                <td key={year.year} className={`r ${missing > 0 ? "wn" : "t3"}`}>
                  {count(missing)}
                </td>
              );
            })}
          </tr>
          <tr>
            <th scope="row" className="pin edge">
              Instruments
            </th>
            {years.map((year) => (
              <td key={year.year} className="r">
                {count(year.instruments)}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  );
}
