"use client";

import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useChartColors } from "@/components/chart-colors";
import { CurvesChart, curveColors } from "@/components/curves-chart";
import { SelectField, TextField } from "@/components/fields";
import { Badge, Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { count, percent, ratio } from "@/lib/format";
import type { ImproveAnswer, ImproveRequest } from "@/lib/types";
import { About } from "./about";
import { WindowControls } from "./controls";
import { Rebalance } from "./rebalance";
import { improveQuery, useRiskWindow } from "./window";

type Method = ImproveAnswer["methods"][number];

export interface Limits {
  maxWeight: string;
  maxSector: string;
  turnover: string;
  keep: string;
  estimate: string;
  every: string;
  plan: string;
}

const USUAL: Limits = {
  maxWeight: "25",
  maxSector: "40",
  turnover: "",
  keep: "",
  estimate: "126",
  every: "63",
  plan: "zerodha",
};

const share = (text: string): number | null => (text.trim() === "" ? null : Number(text) / 100);

export function requestOf(limits: Limits, window: object): Partial<ImproveRequest> {
  return {
    ...window,
    max_weight: share(limits.maxWeight),
    max_sector: share(limits.maxSector),
    turnover: share(limits.turnover),
    keep: limits.keep.split(/[\s,]+/).filter(Boolean),
    estimate_sessions: Number(limits.estimate),
    rebalance_every: Number(limits.every),
    plan: limits.plan,
  };
}

/** Five ways to spread the money inside limits, judged out of sample, and the trades to one of them. */
export function ImproveTab({ portfolio }: { portfolio: number }) {
  const { window } = useRiskWindow();
  const [limits, setLimits] = useState(USUAL);
  const [sent, setSent] = useState(USUAL);
  const [chosen, setChosen] = useState("minimum_variance");
  const asked = requestOf(sent, window);
  const query = useQuery(improveQuery(portfolio, asked));
  return (
    <>
      <WindowControls of={query.data} />
      <Form
        limits={limits}
        onChange={(part) => setLimits({ ...limits, ...part })}
        onSend={() => setSent(limits)}
        busy={query.isFetching}
      />
      <DataState query={query} failed="The allocations cannot be worked out">
        {(found) => (
          <>
            <Methods found={found} chosen={chosen} onChoose={setChosen} />
            <div className="grid rsk" style={{ marginTop: 12 }}>
              <OutOfSample found={found} />
              <Weights found={found} chosen={chosen} />
            </div>
            <Rebalance
              key={chosen}
              portfolio={portfolio}
              asked={asked}
              method={found.methods.find((one) => one.id === chosen)}
            />
          </>
        )}
      </DataState>
    </>
  );
}

function Form({
  limits,
  onChange,
  onSend,
  busy,
}: {
  limits: Limits;
  onChange: (part: Partial<Limits>) => void;
  onSend: () => void;
  busy: boolean;
}) {
  const field = (name: keyof Limits) => ({
    value: limits[name],
    onChange: (event: { target: { value: string } }) => onChange({ [name]: event.target.value }),
  });
  return (
    <form
      className="card"
      aria-label="Limits"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <div className="card-b form-row">
        <TextField label="Each holding at most" unit="%" inputMode="decimal" {...field("maxWeight")} />
        <TextField label="Each sector at most" unit="%" inputMode="decimal" {...field("maxSector")} />
        <TextField
          label="Turnover at most"
          unit="%"
          inputMode="decimal"
          placeholder="no limit"
          {...field("turnover")}
        />
        <TextField label="Keep" placeholder="none" hint="Symbols, by comma" {...field("keep")} />
        <TextField
          label="Estimate from"
          type="number"
          min={60}
          max={2520}
          unit="sessions"
          {...field("estimate")}
        />
        <TextField
          label="Rebalance every"
          type="number"
          min={5}
          max={252}
          unit="sessions"
          {...field("every")}
        />
        <SelectField label="Charges of" {...field("plan")}>
          <option value="zerodha">Zerodha</option>
          <option value="fyers">FYERS</option>
          <option value="none">Levies only</option>
        </SelectField>
      </div>
      <div style={{ padding: "0 12px 12px" }}>
        <button type="submit" className="btn p" disabled={busy}>
          Work out weights
        </button>
      </div>
    </form>
  );
}

const COLUMNS = [
  ["Volatility", (one: Method) => one.out_of_sample?.volatility, (value: number) => percent(value)],
  ["CVaR 95", (one: Method) => one.out_of_sample?.cvar_95, (value: number) => percent(value, 2)],
  ["Drawdown", (one: Method) => one.out_of_sample?.max_drawdown, (value: number) => percent(value)],
  ["Return a year", (one: Method) => one.out_of_sample?.annual_return, (value: number) => percent(value)],
  ["Sharpe", (one: Method) => one.out_of_sample?.sharpe_ratio, (value: number) => ratio(value)],
  ["Bought a rebalance", (one: Method) => one.out_of_sample?.turnover, (value: number) => percent(value)],
  ["Holdings", (one: Method) => one.in_sample?.effective_holdings, (value: number) => ratio(value, 1)],
  ["To buy now", (one: Method) => one.turnover, (value: number) => percent(value)],
] as const;

function Methods({
  found,
  chosen,
  onChoose,
}: {
  found: ImproveAnswer;
  chosen: string;
  onChoose: (id: string) => void;
}) {
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Methods">
      <div className="card-h">
        <h2>Ways to spread the money</h2>
        <About label="Ways to spread the money">
          Figures but the last two are out of sample: weights from the {count(found.estimate_sessions)}{" "}
          sessions before each rebalance, earned in the {count(found.rebalance_every)} after it, charges paid
          ({found.cost_note}). No method guesses at returns.
        </About>
        <span className="sp t3 xs no-phone">out of sample, after charges</span>
      </div>
      <div className="tw-wrap" role="region" aria-label="Methods, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Method</th>
              {COLUMNS.map(([name]) => (
                <th key={name} scope="col" className="r">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.methods.map((one) => (
              <tr key={one.id}>
                <th scope="row">
                  {one.baseline ? (
                    one.name
                  ) : (
                    <label className="row">
                      <input
                        type="radio"
                        name="method"
                        checked={chosen === one.id}
                        onChange={() => onChoose(one.id)}
                      />
                      {one.name}
                    </label>
                  )}
                  {one.colliding.length > 0 && (
                    <span className="xs wn" style={{ display: "block" }}>
                      <Badge small tone="wn" icon="warn">
                        Limits collide
                      </Badge>{" "}
                      {one.colliding.join("; ")}
                    </span>
                  )}
                </th>
                {COLUMNS.map(([name, pick, show]) => {
                  const value = pick(one);
                  return (
                    <td key={name} className="r">
                      {value == null ? (
                        <Unknown why={one.reason ?? one.out_of_sample?.reason ?? "not known"} />
                      ) : (
                        show(value)
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">
        {found.limits.length > 0
          ? `Limits: ${found.limits.slice(0, 4).join("; ")}${found.limits.length > 4 ? ` and ${found.limits.length - 4} more` : ""}. `
          : "No limits. "}
        Holdings is the effective number.
      </div>
    </section>
  );
}

function OutOfSample({ found }: { found: ImproveAnswer }) {
  const line = curveColors(useChartColors());
  const named = useMemo(() => found.methods.filter((one) => found.curves.growth[one.id]), [found]);
  const curves = useMemo(
    () =>
      named.map((one) => {
        const growth = found.curves.growth[one.id] ?? [];
        let peak = 1;
        return {
          name: one.name,
          growth,
          drawdown: growth.map((value) => {
            peak = Math.max(peak, value);
            return value / peak - 1;
          }),
        };
      }),
    [named, found],
  );
  const first = found.methods[0]?.out_of_sample;
  return (
    <section className="card" aria-label="Out of sample">
      <div className="card-h">
        <h2>Out of sample</h2>
      </div>
      {curves.length > 0 ? (
        <>
          <CurvesChart days={found.curves.dates} curves={curves} height={320} />
          <ul className="legend card-b" style={{ listStyle: "none" }}>
            {named.map((one, at) => (
              <li key={one.id}>
                <span>
                  <i className="sw" style={{ background: line[at % line.length] }} /> {one.name}
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p className="card-b t2">{first?.reason ?? "There is nothing to judge."}</p>
      )}
      <div className="card-f">{found.improve_assumptions.at(-1)}</div>
    </section>
  );
}

function Weights({ found, chosen }: { found: ImproveAnswer; chosen: string }) {
  const method = found.methods.find((one) => one.id === chosen);
  const rows = [...(method?.weights ?? [])].sort((a, b) => b.weight - a.weight || b.today - a.today);
  return (
    <section className="card" aria-label="Weights">
      <div className="card-h">
        <h2>{method?.name ?? "Weights"}</h2>
        <span className="sp t3 xs">weights, today’s beside</span>
      </div>
      {rows.length === 0 ? (
        <p className="card-b wn">{method?.reason ?? "It has no weights."}</p>
      ) : (
        <div
          className="tw-wrap"
          role="region"
          aria-label="Weights, scrolls"
          tabIndex={0}
          style={{ maxHeight: 400, overflow: "auto" }}
        >
          <table className="t num">
            <thead>
              <tr>
                <th scope="col">Holding</th>
                <th scope="col">Sector</th>
                <th scope="col" className="r">
                  Today
                </th>
                <th scope="col" className="r">
                  Weight
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.symbol}>
                  <th scope="row" className="sym">
                    {row.symbol}
                  </th>
                  <td className="t2">{row.sector}</td>
                  <td className="r t2">{percent(row.today)}</td>
                  <td className="r b">{percent(row.weight)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="card-f">
        In the {count(found.estimate_sessions)} sessions they were estimated from:{" "}
        {method?.in_sample?.volatility == null
          ? "not known"
          : `volatility ${percent(method.in_sample.volatility)}`}
        . In sample, so a lower bound.
      </div>
    </section>
  );
}
