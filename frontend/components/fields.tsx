"use client";

import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";
import { Icon } from "@/components/icon";
import { date } from "@/lib/format";

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | null;
}

/** The day of a date field as days are written everywhere here; the browser's own writing is seen while it is being typed. */
function Written({ value, empty }: { value: string; empty: string }) {
  return (
    <span className={`written num ${value ? "" : "t3"}`} aria-hidden="true">
      {value ? date(value, true) : empty}
    </span>
  );
}

/** A date in a row of controls; `empty` says what no day means. Its label stands around it. */
export function DateInput({
  empty = "Choose a day",
  width,
  ...input
}: { empty?: string; width?: number; value: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <span className="input dated" style={{ width }}>
      <Written value={input.value} empty={empty} />
      <input type="date" className="num" {...input} />
    </span>
  );
}

/** Label above, control, then the hint or the error in the same place. A date is written as in `DateInput`. */
export function TextField({
  label,
  hint,
  error,
  unit,
  prefix,
  mono,
  ...input
}: FieldProps & { unit?: string; prefix?: string; mono?: boolean } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const note = `${id}-note`;
  const dated = input.type === "date" && typeof input.value === "string";
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className={`input ${dated ? "dated" : ""}`} aria-invalid={error ? true : undefined}>
        {dated && <Written value={String(input.value)} empty="Choose a day" />}
        {prefix && <span className="unit">{prefix}</span>}
        <input
          id={id}
          className={mono ? "mono" : "num"}
          aria-invalid={error ? true : undefined}
          aria-describedby={hint || error ? note : undefined}
          {...input}
        />
        {unit && <span className="unit nowrap">{unit}</span>}
      </div>
      <Note id={note} hint={hint} error={error} />
    </div>
  );
}

export function SelectField({
  label,
  hint,
  error,
  children,
  ...select
}: FieldProps & { children: ReactNode } & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const note = `${id}-note`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input sel" aria-invalid={error ? true : undefined}>
        <select
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={hint || error ? note : undefined}
          {...select}
        >
          {children}
        </select>
        <Icon name="down" size="xs" />
      </div>
      <Note id={note} hint={hint} error={error} />
    </div>
  );
}

export function CheckField({
  label,
  hint,
  ...input
}: { label: ReactNode; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" {...input} />
        <span className="t1">{label}</span>
      </label>
      {hint && <span className="hint">{hint}</span>}
    </div>
  );
}

function Note({ id, hint, error }: { id: string; hint?: ReactNode; error?: string | null }) {
  if (error) {
    return (
      <span className="err" id={id}>
        <Icon name="err" size="xs" />
        <span>{error}</span>
      </span>
    );
  }
  return hint ? (
    <span className="hint" id={id}>
      {hint}
    </span>
  ) : null;
}

/** Buttons of which one is pressed: range, scale, row height. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
