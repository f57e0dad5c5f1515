"use client";

import type { ReactNode } from "react";
import { Icon } from "@/components/icon";
import { Popover } from "@/components/layers";
import { Unknown } from "@/components/marks";

export interface Figure {
  /** The server's name of it. */
  name?: string;
  label: string;
  /** Formatted; null when it is not known, with `why`. */
  value: string | null;
  unit?: string;
  why?: string;
  /** One sentence. */
  definition: string;
  formula?: string;
  inputs?: readonly { name: string; value: ReactNode }[];
  /** The line under the value of a card: its interval, or that there is none. */
  interval?: string;
  /** The same as numbers, drawn over the text. */
  whisker?: Whisker;
  twins?: readonly { name: string; value: ReactNode }[];
  /** Where its inputs come from: "equity at the closes of run 7f3ac21e". */
  source?: string;
}

export interface Whisker {
  value: number;
  low: number;
  high: number;
}

/** Places on the whisker's line, in percent: the interval, the value and zero, which is always on it. */
export function placed({ value, low, high }: Whisker): Record<"low" | "width" | "value" | "zero", number> {
  const first = Math.min(low, value, 0);
  const span = Math.max(high, value, 0) - first || 1;
  const at = (number: number) => 4 + (92 * (number - first)) / span;
  return { low: at(low), width: at(high) - at(low), value: at(value), zero: at(0) };
}

function Whisk({ whisker }: { whisker: Whisker }) {
  const places = placed(whisker);
  return (
    <div className="whisk" aria-hidden="true">
      <i className="zero" style={{ left: `${places.zero}%` }} />
      <i className="iv" style={{ left: `${places.low}%`, width: `${places.width}%` }} />
      <i className="pt" style={{ left: `${places.value}%` }} />
    </div>
  );
}

/** Value, doubt and twins. A figure without an interval says so and gets no bare whisker; each one opens. */
export function FigureCard({ figure }: { figure: Figure }) {
  return (
    <div className="figc">
      <span className="lb">
        {figure.label}
        <Popover
          label={figure.label}
          className="card-b"
          trigger={
            <button
              type="button"
              aria-label={`About ${figure.label}`}
              className="row"
              style={{ minWidth: 24, minHeight: 24, marginBlock: -4 }}
            >
              <Icon name="info" size="xs" />
            </button>
          }
        >
          <OpenedFigure figure={figure} />
        </Popover>
      </span>
      <span className="v num" data-metric={figure.name}>
        {figure.value === null ? <Unknown why={figure.why ?? "not computed"} /> : figure.value}
        {figure.value !== null && figure.unit && <small>{figure.unit}</small>}
      </span>
      {figure.whisker ? <Whisk whisker={figure.whisker} /> : <div className="whisk none" />}
      <div className="ivl num">{figure.interval}</div>
      {figure.twins && (
        <div className="tws">
          {figure.twins.map((twin) => (
            <div className="tw" key={twin.name}>
              <span className="trunc">{twin.name}</span>
              <b className="num">{twin.value}</b>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** A figure in a list: its name, which opens it; worked out when it is opened. */
export function FigureName({ label, figure }: { label: string; figure: () => Figure }) {
  return (
    <Popover
      label={label}
      className="card-b"
      trigger={
        <button type="button" className="figname">
          {label}
        </button>
      }
    >
      <WhenOpened figure={figure} />
    </Popover>
  );
}

function WhenOpened({ figure }: { figure: () => Figure }) {
  return <OpenedFigure figure={figure()} />;
}

/** What opens: the sentence, the formula with the numbers in it, the inputs, and where they come from. */
export function OpenedFigure({ figure }: { figure: Figure }) {
  return (
    <div style={{ width: 300, maxWidth: "80vw" }}>
      <div className="row between">
        <b className="md sb">{figure.label}</b>
        <span className="num md sb">
          {figure.value ?? "–"}
          {figure.value !== null && figure.unit}
        </span>
      </div>
      <p className="t2" style={{ margin: "6px 0 8px" }}>
        {figure.definition}
      </p>
      {figure.value === null && figure.why && <p className="wn xs">{figure.why}</p>}
      {figure.formula && (
        <div className="fbox mono" tabIndex={0} role="region" aria-label="Formula">
          {figure.formula}
        </div>
      )}
      <dl className="kv num" style={{ marginTop: 8 }}>
        {figure.interval !== undefined && <Pair name="Interval, 95%" value={figure.interval} />}
        {figure.inputs?.map((input) => (
          <Pair key={input.name} name={input.name} value={input.value} />
        ))}
      </dl>
      {figure.source && (
        <p className="xs t3" style={{ marginTop: 6 }}>
          From {figure.source}.
        </p>
      )}
    </div>
  );
}

function Pair({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
