"use client";

import { useQuery } from "@tanstack/react-query";
import { Icon } from "@/components/icon";
import { Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { count, grouped, percent } from "@/lib/format";
import type { ScreenTerm } from "@/lib/types";
import type { ScreenerFilters } from "./filters";
import { nearMissesQuery, whyQuery } from "./queries";

/** Term by term, why a stock is in the screen or not. */
export function Why({ symbol, filters }: { symbol: string; filters: ScreenerFilters }) {
  const why = useQuery(whyQuery(symbol, filters));
  return (
    <DataState query={why} failed="The reasons stopped">
      {(told) => (
        <div className="stack g1">
          <p className={told.matches ? "ok" : "wn"}>
            <Icon name={told.matches ? "check" : "x"} size="xs" />{" "}
            {told.matches
              ? `${told.symbol} is in this screen.`
              : (told.outside ?? `${told.symbol} is not in this screen.`)}
          </p>
          {told.point_in_time ? null : <p className="t3">Not point-in-time: {told.note}</p>}
          <TermList terms={told.terms} />
        </div>
      )}
    </DataState>
  );
}

const MARKS = { holds: "check", fails: "x", unknown: "info" } as const;
const TONES = { holds: "ok", fails: "wn", unknown: "t3" } as const;

export function TermList({ terms }: { terms: readonly ScreenTerm[] }) {
  return (
    <ul className="terms">
      {terms.map((term) => (
        <li key={term.text}>
          <span className={TONES[term.outcome]}>
            <Icon name={MARKS[term.outcome]} size="xs" />
            <span className="sr">{term.outcome}</span>
          </span>
          <code className="mono grow trunc" title={term.text}>
            {term.text}
          </code>
          <TermValues term={term} />
          {term.gap !== null && <span className="num t3 nowrap">{percent(term.gap)} off</span>}
          {term.branches.length > 0 && (
            <ul className="terms branches" aria-label="One of these has to hold">
              {term.branches.map((branch, place) => (
                <li key={place}>
                  <TermList terms={branch.terms} />
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

function TermValues({ term }: { term: ScreenTerm }) {
  if (term.left === null) return null;
  const shown = (value: number | null) =>
    value === null ? (
      <Unknown why="Too little history, or a figure that is not on file" />
    ) : (
      grouped(value, digits(value))
    );
  return (
    <span className="num nowrap t2">
      {shown(term.value)} <span className="t3">{term.op}</span> {shown(term.bound)}
    </span>
  );
}

const digits = (value: number): number => (Number.isInteger(value) || Math.abs(value) >= 1e5 ? 0 : 2);

/** What each term keeps out, and whom the screen missed by least. */
export function NearestMisses({
  filters,
  onStock,
}: {
  filters: ScreenerFilters;
  onStock: (symbol: string) => void;
}) {
  const misses = useQuery(nearMissesQuery(filters));
  return (
    <DataState query={misses} failed="The near misses stopped">
      {(found) => (
        <div className="stack g3 misses">
          <ul className="terms">
            {found.terms.map((term) => (
              <li key={term.text}>
                <code className="mono grow trunc" title={term.text}>
                  {term.text}
                </code>
                <span className="num nowrap t2">
                  {count(term.holds)} hold{term.unknown > 0 && ` · ${count(term.unknown)} unknown`} · alone
                  keeps out <b className="b">{count(term.alone_keeps_out)}</b>
                </span>
              </li>
            ))}
          </ul>
          {found.nearest.length > 0 && (
            <>
              <h3>
                Missed by one term: {count(found.missed_by_one)}
                {found.missed_by_one > found.nearest.length && `, the nearest ${found.nearest.length}`}
              </h3>
              <ul className="terms">
                {found.nearest.map((miss) => (
                  <li key={miss.symbol}>
                    <button type="button" className="link sym" onClick={() => onStock(miss.symbol)}>
                      {miss.symbol}
                    </button>
                    <code className="mono grow trunc" title={miss.term.text}>
                      {miss.term.text}
                    </code>
                    <TermValues term={miss.term} />
                    <span className="num t3 nowrap">
                      {miss.gap === null ? "" : `${percent(miss.gap)} off`}
                    </span>
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
    </DataState>
  );
}
