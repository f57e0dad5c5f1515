"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { getErrorMessage } from "@/lib/errors";
import { count } from "@/lib/format";
import { ALL_STOCKS, healthQuery, indicesQuery } from "@/lib/queries";
import type { ScreenerMeta } from "@/lib/types";
import type { InstrumentType, ScreenerFilters } from "./filters";
import { TypeField } from "./type-field";

const SHOWN_FIRST = 9;

export interface FacetsProps {
  filters: ScreenerFilters;
  meta: ScreenerMeta | undefined;
  onChange: (change: {
    index?: string | null;
    type?: InstrumentType | null;
    sector?: string | null;
    asof?: Date | null;
  }) => void;
  /** The pointer or the focus is near a choice, which may be made next. */
  onNear: (change: { index?: string; sector: string | null }) => void;
}

/** What narrows the list, with counts from the whole universe. */
export function Facets({ filters, meta, onChange, onNear }: FacetsProps) {
  const indices = useQuery(indicesQuery);
  const health = useQuery(healthQuery);
  const listed = indices.data?.indices ?? [];
  const sectors =
    meta && Object.entries(meta.sectors).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  return (
    <>
      <SelectField
        label="Universe"
        value={filters.index}
        error={indices.error ? `Indices cannot be read. ${getErrorMessage(indices.error)}` : null}
        onChange={(event) =>
          onChange({ index: event.target.value === ALL_STOCKS ? null : event.target.value, sector: null })
        }
      >
        {!listed.some((index) => index.id === ALL_STOCKS) && <option value={ALL_STOCKS}>All stocks</option>}
        {!listed.some((index) => index.id === filters.index) && filters.index !== ALL_STOCKS && (
          <option value={filters.index}>{filters.index}</option>
        )}
        {listed.map((index) => (
          <option key={index.id} value={index.id}>
            {index.name} ({count(index.count)})
          </option>
        ))}
      </SelectField>
      <div style={{ height: 10 }} />
      <TypeField value={filters.type} onChange={(type) => onChange({ type, sector: null })} />
      <div style={{ height: 10 }} />
      <AsOf
        value={filters.asof ?? meta?.asof ?? ""}
        min={health.data?.data?.first_session}
        max={health.data?.data?.last_session}
        onChange={(day) => onChange({ asof: day ? new Date(`${day}T00:00:00Z`) : null })}
      />
      <IndexFacet
        counts={meta?.indices ?? null}
        names={listed}
        selected={filters.index}
        onSelect={(index) => onChange({ index, sector: null })}
        onNear={(index) => onNear({ index, sector: null })}
      />
      <SectorFacet
        sectors={sectors}
        selected={filters.sector}
        onSelect={(sector) => onChange({ sector })}
        onNear={(sector) => onNear({ sector })}
      />
    </>
  );
}

const TYPING_MS = 500;

interface AsOfProps {
  value: string;
  min: string | undefined;
  max: string | undefined;
  onChange: (day: string | null) => void;
}

/** The day, asked for once it has been typed: month by month it would be another day after each key. */
function AsOf({ value, min, max, onChange }: AsOfProps) {
  const [text, setText] = useState(value);
  const [from, setFrom] = useState(value);
  if (from !== value) {
    setFrom(value);
    setText(value);
  }
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    const outside = text !== "" && ((min !== undefined && text < min) || (max !== undefined && text > max));
    if (text === value || outside) return;
    const timer = setTimeout(() => latest.current(text || null), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, min, max]);
  return (
    <TextField
      label="As of"
      type="date"
      value={text}
      min={min}
      max={max}
      hint="Prices and members of that day; a day without trading means the session before it."
      onChange={(event) => setText(event.target.value)}
    />
  );
}

const WELL_KNOWN = [
  "NIFTY50",
  "NIFTYNEXT50",
  "NIFTY100",
  "NIFTY200",
  "NIFTYMIDCAP150",
  "NIFTYSMALLCAP250",
  "NIFTY500",
];

interface IndexFacetProps {
  counts: Readonly<Record<string, number>> | null;
  names: readonly { id: string; name: string }[];
  selected: string;
  onSelect: (index: string | null) => void;
  onNear: (index: string) => void;
}

/** How many of the matches each index has as members; a click makes it the universe. */
function IndexFacet({ counts, names, selected, onSelect, onNear }: IndexFacetProps) {
  const [all, setAll] = useState(false);
  const group = useId();
  if (counts === null || Object.keys(counts).length === 0) return null;
  const order = (id: string) => (WELL_KNOWN.includes(id) ? WELL_KNOWN.indexOf(id) : WELL_KNOWN.length);
  const found = Object.entries(counts).sort(([a], [b]) => order(a) - order(b) || a.localeCompare(b));
  const shown = all ? found : found.filter(([id], at) => at < WELL_KNOWN.length || id === selected);
  return (
    <fieldset className="fac">
      <legend>Index</legend>
      {shown.map(([id, members], at) => (
        <SectorRow
          key={id}
          group={group}
          name={names.find((index) => index.id === id)?.name ?? id}
          members={members}
          checked={selected === id}
          onSelect={() => onSelect(id)}
          onNear={() => onNear(id)}
          onFocus={() => [shown[at - 1], shown[at + 1]].forEach((beside) => beside && onNear(beside[0]))}
        />
      ))}
      {found.length > shown.length && (
        <button type="button" className="link xs" onClick={() => setAll(true)}>
          {found.length - shown.length} more indices
        </button>
      )}
    </fieldset>
  );
}

interface SectorFacetProps {
  /** Undefined while there is no answer: nothing is counted then. */
  sectors: readonly (readonly [string, number])[] | undefined;
  selected: string | null;
  onSelect: (sector: string | null) => void;
  onNear: (sector: string | null) => void;
}

function SectorFacet({ sectors: counted, selected, onSelect, onNear }: SectorFacetProps) {
  const [all, setAll] = useState(false);
  const group = useId();
  const sectors = counted ?? [];
  const shown = all ? sectors : sectors.filter(([name], index) => index < SHOWN_FIRST || name === selected);
  const more = sectors.length - shown.length;
  const total = counted?.reduce((sum, [, members]) => sum + members, 0);
  return (
    <fieldset className="fac">
      <legend>Sector</legend>
      <SectorRow
        group={group}
        name="All sectors"
        members={total}
        checked={selected === null}
        onSelect={() => onSelect(null)}
        onNear={() => onNear(null)}
        onFocus={() => shown[0] && onNear(shown[0][0])}
      />
      {selected !== null && !sectors.some(([name]) => name === selected) && (
        <SectorRow
          group={group}
          name={selected}
          members={counted && 0}
          checked
          onSelect={() => onSelect(selected)}
        />
      )}
      {shown.map(([name, members], at) => (
        <SectorRow
          key={name}
          group={group}
          name={name}
          members={members}
          checked={selected === name}
          onSelect={() => onSelect(name)}
          onNear={() => onNear(name)}
          onFocus={() => {
            onNear(shown[at - 1]?.[0] ?? null);
            if (shown[at + 1]) onNear(shown[at + 1]![0]);
          }}
        />
      ))}
      {(more > 0 || all) && sectors.length > SHOWN_FIRST && (
        <button type="button" className="link xs" onClick={() => setAll(!all)}>
          {all ? "Fewer sectors" : `${more} more sectors`}
        </button>
      )}
    </fieldset>
  );
}

interface SectorRowProps {
  group: string;
  name: string;
  members: number | undefined;
  checked: boolean;
  onSelect: () => void;
  onNear?: () => void;
  /** The arrow keys choose what is beside. */
  onFocus?: () => void;
}

function SectorRow({ group, name, members, checked, onSelect, onNear, onFocus }: SectorRowProps) {
  return (
    <label className="check" onPointerEnter={onNear}>
      <input type="radio" name={group} checked={checked} onChange={onSelect} onFocus={onFocus} />
      <span className="trunc">{name}</span>
      {members !== undefined && <span className="cnt num xs">{count(members)}</span>}
    </label>
  );
}
