"use client";

import { useMemo, useRef, type PointerEvent } from "react";
import { Segmented } from "@/components/fields";
import { date, dateRange } from "@/lib/format";

const WIDE = 1000;
const HIGH = 36;
const DRAWN = 250;
const YEAR = 252;

const SPANS = [
  { value: "all", label: "All", sessions: Infinity },
  { value: "5y", label: "5 y", sessions: 5 * YEAR },
  { value: "3y", label: "3 y", sessions: 3 * YEAR },
  { value: "1y", label: "1 y", sessions: YEAR },
] as const;

/** The part of a period that all charts of a page show: drawn over its curve, by hand, by two sliders or by a span. */
export function TimeBrush({
  days,
  values,
  first,
  last,
  onChange,
}: {
  days: readonly string[];
  values: readonly number[];
  first: number;
  last: number;
  onChange: (first: number, last: number) => void;
}) {
  const track = useRef<HTMLDivElement>(null);
  const begun = useRef<number | null>(null);
  const end = days.length - 1;
  const path = useMemo(() => outline(values), [values]);
  const at = (event: PointerEvent): number => {
    const box = track.current?.getBoundingClientRect();
    if (!box || box.width === 0) return 0;
    return Math.round(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * end);
  };
  const choose = (a: number, b: number) => {
    const [from, to] = a < b ? [a, b] : [b, a];
    onChange(Math.max(0, Math.min(from, end - 1)), Math.min(end, Math.max(to, from + 1)));
  };
  if (end < 2) return null;
  const span = SPANS.find(
    ({ sessions }) => last === end && first === Math.max(0, end + 1 - Math.min(sessions, end + 1)),
  );
  return (
    <div className="brush" role="group" aria-label="Part of the period that the charts show">
      <Segmented<string>
        label="Span"
        value={span?.value ?? ""}
        options={SPANS.map(({ value, label }) => ({ value, label }))}
        onChange={(value) => {
          const sessions = SPANS.find((one) => one.value === value)?.sessions ?? Infinity;
          onChange(Math.max(0, end + 1 - Math.min(sessions, end + 1)), end);
        }}
      />
      <div
        ref={track}
        className="track"
        onPointerDown={(event) => {
          if (event.target instanceof HTMLInputElement) return;
          begun.current = at(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (begun.current !== null && begun.current !== at(event)) choose(begun.current, at(event));
        }}
        onPointerUp={() => {
          begun.current = null;
        }}
      >
        <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true">
          <path d={path} />
          <rect className="off" x={0} y={0} width={(first / end) * WIDE} height={HIGH} />
          <rect
            className="off"
            x={(last / end) * WIDE}
            y={0}
            width={WIDE - (last / end) * WIDE}
            height={HIGH}
          />
        </svg>
        {(["From", "To"] as const).map((name) => {
          const value = name === "From" ? first : last;
          return (
            <input
              key={name}
              type="range"
              aria-label={name}
              aria-valuetext={date(days[value] ?? "")}
              min={0}
              max={end}
              value={value}
              onChange={(event) => {
                const next = Number(event.target.value);
                if (name === "From") choose(Math.min(next, last - 1), last);
                else choose(first, Math.max(next, first + 1));
              }}
            />
          );
        })}
      </div>
      <span className="num t2 xs nowrap">{dateRange(days[first] ?? "", days[last] ?? "")}</span>
    </div>
  );
}

/** The curve as an area; of each bucket the highest value. */
function outline(values: readonly number[]): string {
  const buckets = Math.min(DRAWN, values.length);
  const tops = Array.from({ length: buckets }, (_, bucket) => {
    const from = Math.floor((bucket * values.length) / buckets);
    const to = Math.max(from + 1, Math.floor(((bucket + 1) * values.length) / buckets));
    return values.slice(from, to).reduce((top, value) => Math.max(top, value), -Infinity);
  });
  const low = Math.min(...tops);
  const span = Math.max(...tops) - low || 1;
  const points = tops.map(
    (top, at) =>
      `${((at / Math.max(1, buckets - 1)) * WIDE).toFixed(1)},${(HIGH - 2 - ((top - low) / span) * (HIGH - 6)).toFixed(1)}`,
  );
  return `M0,${HIGH} L${points.join(" L")} L${WIDE},${HIGH} Z`;
}
