"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Badge, Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { inBlocks } from "@/lib/draws";
import { compactRupees, count, dateRange, percent, probability, signedPercent } from "@/lib/format";
import type { StressAnswer, StressRequest } from "@/lib/types";
import { About } from "./about";
import { Cone } from "./cone";
import { WindowControls } from "./controls";
import { stressQuery, useRiskWindow } from "./window";

const BANDS = ["0.02", "0.05", "0.1", "0.2"] as const;

interface Asked {
  market: string;
  sector: string;
  sectorFall: string;
  symbols: string;
  sessions: string;
  band: string;
  horizon: string;
}

const USUAL: Asked = {
  market: "-10",
  sector: "",
  sectorFall: "-30",
  symbols: "",
  sessions: "5",
  band: "0.2",
  horizon: "126",
};

/** The request of the form; a shock is asked for where a sector is named. */
export function requestOf(asked: Asked, window: object): Partial<StressRequest> {
  const market = Number(asked.market) / 100;
  const shocks = asked.sector
    ? [
        {
          name: `${asked.sector} ${asked.sectorFall} %, market ${asked.market} %`,
          market,
          sectors: { [asked.sector]: Number(asked.sectorFall) / 100 },
          factors: {},
        },
      ]
    : [];
  return {
    ...window,
    shocks,
    circuit: {
      symbols: asked.symbols.split(/[\s,]+/).filter(Boolean),
      sessions: Number(asked.sessions),
      band: Number(asked.band),
    },
    horizon: Number(asked.horizon),
  };
}

/** Past falls, shocks, lower circuits and drawn futures. */
export function StressTab({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  const [asked, setAsked] = useState(USUAL);
  const [sent, setSent] = useState(USUAL);
  const query = useQuery(stressQuery(portfolio, requestOf(sent, window)));
  return (
    <>
      <WindowControls of={query.data} />
      <Form
        asked={asked}
        onChange={(part) => setAsked({ ...asked, ...part })}
        onSend={() => setSent(asked)}
        busy={query.isFetching}
      />
      <DataState query={query} failed="The scenarios cannot be worked out">
        {(found) => (
          <div className="grid rsk" style={{ marginTop: 12 }}>
            <Scenarios found={found} />
            <Future found={found} />
          </div>
        )}
      </DataState>
    </>
  );
}

function Form({
  asked,
  onChange,
  onSend,
  busy,
}: {
  asked: Asked;
  onChange: (part: Partial<Asked>) => void;
  onSend: () => void;
  busy: boolean;
}) {
  const field = (name: keyof Asked) => ({
    value: asked[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  return (
    <form
      className="card"
      aria-label="Scenarios to ask for"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <div className="card-b form-row">
        <TextField
          label="Sector that falls"
          placeholder="none"
          hint="As it is named on the Risk tab"
          {...field("sector")}
        />
        <TextField label="Its fall" unit="%" inputMode="decimal" {...field("sectorFall")} />
        <TextField label="Market beside it" unit="%" inputMode="decimal" {...field("market")} />
        <TextField
          label="Locked shares"
          placeholder="the largest holding"
          hint="Symbols, by comma"
          {...field("symbols")}
        />
        <TextField label="Sessions locked" type="number" min={1} max={60} {...field("sessions")} />
        <SelectField label="Price band" {...field("band")}>
          {BANDS.map((band) => (
            <option key={band} value={band}>
              {percent(Number(band), 0)}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Look ahead"
          type="number"
          min={1}
          max={1260}
          unit="sessions"
          {...field("horizon")}
        />
      </div>
      <div style={{ padding: "0 12px 12px" }}>
        <button type="submit" className="btn p" disabled={busy}>
          Work out scenarios
        </button>
      </div>
    </form>
  );
}

interface Row {
  key: string;
  name: string;
  note: string;
  badge?: { text: string; icon?: "lock" };
  portfolio: number | null;
  benchmark: number | null;
  change: string | null;
  why: string;
}

/** Every scenario as a row: what it is, what the portfolio and the benchmark do. */
export function rowsOf(found: StressAnswer): Row[] {
  const replays = found.replays.map((one): Row => {
    const known = one.holdings.filter((holding) => holding.basis === "OWN").length;
    return {
      key: one.id,
      name: `Replay: ${one.name}`,
      note: `${dateRange(one.first, one.last)}${one.estimated_share > 0 ? ` · ${one.holdings.length - known} of ${one.holdings.length} not listed, by sector or beta` : ""}${one.unknown_share > 0.0005 && one.portfolio_return !== null ? ` · ${percent(one.unknown_share)} unknown` : ""}`,
      badge: one.estimated_share > 0.0005 ? { text: "Estimated" } : undefined,
      portfolio: one.portfolio_return,
      benchmark: one.benchmark_return,
      change: one.change,
      why: one.reason ?? "not known",
    };
  });
  const shocks = found.shocks.map((one): Row => ({
    key: `shock ${one.name}`,
    name: `Shock: ${one.name}`,
    note: one.reasons.length > 0 ? one.reasons.join("; ") : "by beta, a sector's in its place",
    portfolio: one.portfolio_return,
    benchmark: one.market || null,
    change: one.change,
    why: "not known",
  }));
  const { circuit, cone } = found;
  return [
    ...replays,
    ...shocks,
    {
      key: "circuit",
      name: `Lower circuit, ${circuit.sessions} ${circuit.sessions === 1 ? "session" : "sessions"}`,
      note: `${circuit.symbols.join(", ")}, ${percent(circuit.band, 0)} band · ${percent(circuit.cannot_sell_share)} of the value`,
      badge: { text: "Cannot sell", icon: "lock" },
      portfolio: circuit.portfolio_return,
      benchmark: null,
      change: circuit.change,
      why: "not known",
    },
    {
      key: "cone",
      name: `Monte Carlo, ${count(cone.horizon)} sessions`,
      note: "5% worst, block bootstrap",
      portfolio: (cone.levels[0]?.at(-1) ?? 1) - 1,
      benchmark: null,
      change:
        cone.final["0.05"] && found.value ? String(Number(cone.final["0.05"]) - Number(found.value)) : null,
      why: "not known",
    },
  ];
}

function Scenarios({ found }: { found: StressAnswer }) {
  const rows = rowsOf(found);
  const values = rows.flatMap((row) => [row.portfolio ?? 0, row.benchmark ?? 0]);
  const least = Math.min(-0.05, ...values);
  const most = Math.max(0.02, ...values);
  const at = (value: number) => (100 * (value - least)) / (most - least);
  return (
    <section className="card" aria-label="Scenarios">
      <div className="card-h">
        <h2>Scenarios</h2>
        <About label="Scenarios">
          A replay asks what today’s shares did from the close of one day to that of another. One that was not
          listed is told by the median share of its sector, else by its beta times the market, and marked
          estimated. Shocks go by beta; a sector’s stands in its place.
        </About>
        <span className="sp legend no-phone">
          <span>
            <i className="sw" style={{ background: "var(--loss-fill)", height: 8 }} /> portfolio
          </span>
          <span>
            <i className="lgb" /> {found.benchmark.name}
          </span>
        </span>
      </div>
      <div className="card-b">
        <div
          className="bars str"
          role="table"
          aria-label="Scenarios and what they do"
          style={{ gridTemplateColumns: "minmax(0,1.25fr) minmax(0,1fr) 72px 84px" }}
        >
          {rows.map((row) => (
            <ScenarioRow key={row.key} row={row} at={at} />
          ))}
        </div>
      </div>
    </section>
  );
}

function ScenarioRow({ row, at }: { row: Row; at: (value: number) => number }) {
  const value = row.portfolio;
  const tone = (value ?? 0) < 0 ? "loss" : "gain";
  return (
    <div role="row" style={{ display: "contents" }}>
      <span role="rowheader">
        <span>
          {row.name}{" "}
          {row.badge && (
            <Badge small tone={row.badge.icon ? undefined : "wn"} icon={row.badge.icon}>
              {row.badge.text}
            </Badge>
          )}
          <span className="xs t3" style={{ display: "block" }}>
            {row.note}
          </span>
        </span>
      </span>
      <span role="cell" className="bar">
        <span className="sr">
          {row.benchmark === null
            ? "Benchmark not told"
            : `Benchmark ${signedPercent(100 * row.benchmark, 1)}`}
        </span>
        {value !== null && (
          <i
            style={{
              left: `${Math.min(at(value), at(0))}%`,
              width: `${Math.abs(at(value) - at(0))}%`,
              background: `var(--${tone}-fill)`,
            }}
          />
        )}
        {row.benchmark !== null && <i className="bmk" style={{ left: `${at(row.benchmark)}%` }} />}
        <i className="z" style={{ left: `${at(0)}%` }} />
      </span>
      <span
        role="cell"
        className={`num b ${(value ?? 0) < 0 ? "dn" : "up"}`}
        style={{ justifyContent: "flex-end" }}
      >
        {value === null ? <Unknown why={row.why} /> : signedPercent(100 * value, 1)}
      </span>
      <span role="cell" className="num t2" style={{ justifyContent: "flex-end" }}>
        {row.change === null ? <Unknown why={row.why} /> : compactRupees(Number(row.change))}
      </span>
    </div>
  );
}

function Future({ found }: { found: StressAnswer }) {
  const { cone } = found;
  return (
    <section className="card" aria-label="Cone of futures">
      <div className="card-h">
        <h2>{count(cone.paths)} futures of today’s portfolio</h2>
        <About label="Cone of futures">
          Sessions of the window drawn again, {inBlocks(cone.block)} (stationary bootstrap, seed {cone.seed}).
          The bands hold 50 and 90 of 100 futures. It knows nothing that the window does not hold.
        </About>
      </div>
      <Cone cone={cone} value={found.value === null ? null : Number(found.value)} />
      <dl className="kv num card-b">
        <dt>Ends below today</dt>
        <dd>{probability(cone.loss_probability)}</dd>
        {cone.fall_probability.map((one) => (
          <FallRow key={one.depth} depth={one.depth} value={one.probability} paths={cone.paths} />
        ))}
        <dt>Deepest fall, 5% worst</dt>
        <dd>{percent(cone.worst_fall_95)}</dd>
      </dl>
      <div className="card-f">Estimated from {count(found.window.sessions)} sessions; not a forecast.</div>
    </section>
  );
}

function FallRow({ depth, value, paths }: { depth: number; value: number; paths: number }) {
  return (
    <>
      <dt>Falls {percent(depth, 0)} from a peak on the way</dt>
      <dd>{value === 0 ? `none of ${count(paths)}` : probability(value)}</dd>
    </>
  );
}
