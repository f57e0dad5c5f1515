"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsBoolean, parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { SelectField } from "@/components/fields";
import { OnePage } from "@/components/one-page";
import { useCrumbs } from "@/lib/crumbs";
import { counted, dateRange } from "@/lib/format";
import { labelOf } from "@/lib/measures";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { Sweep, SweepMetric } from "@/lib/types";
import { Doubt } from "./doubt";
import { Heat } from "./heat";
import { Points } from "./points";
import { sweepQuery } from "./queries";
import { Surroundings } from "./surroundings";
import { SweepState } from "./sweeps-page";
import { SweptWith } from "./swept-with";
import { parameters, SEARCHED } from "./words";
import { Work } from "./work";

const NAMES = SEARCHED;

export function SweepPage() {
  useCrumbs([{ label: "Quant" }, { label: "Sweeps", href: "/quant/sweeps/" }, { label: "Sweep" }]);
  const [{ sweep: id }] = useQueryStates({ sweep: parseAsString });
  const query = useQuery({ ...sweepQuery(id ?? ""), enabled: id !== null });
  return (
    <OnePage what="sweep" id={id} query={query} all="/quant/sweeps/">
      {(sweep) => <Shown sweep={sweep} />}
    </OnePage>
  );
}

function Shown({ sweep }: { sweep: Sweep }) {
  const varied = Object.keys(sweep.grid);
  const [view, set] = useQueryStates({
    metric: parseAsStringLiteral(NAMES).withDefault("sharpe"),
    x: parseAsString.withDefault(varied.at(-1) ?? ""),
    y: parseAsString.withDefault(varied[0] ?? ""),
    base: parseAsInteger.withDefault(0),
    point: parseAsInteger,
    page: parseAsInteger.withDefault(1),
    rising: parseAsBoolean.withDefault(false),
  });
  const cards = useQuery(strategiesQuery);
  const indexName = useIndexName();
  const name = cards.data?.find((card) => card.strategy_id === sweep.strategy_id)?.display_name;
  const any = sweep.done > 0;
  // where one is chosen for both, the two change places
  const across = (x: string) => void set({ x, ...(x === view.y && { y: view.x }) });
  const down = (y: string) => void set({ y, ...(y === view.x && { x: view.y }) });
  return (
    <>
      <div className="page-h">
        <div className="stack g1">
          <h1>
            {name ?? sweep.strategy_id} <span className="t2">over {varied.join(" and ")}</span>
          </h1>
          <p className="t2 num">
            {counted(sweep.points, "point")} · {sweep.universes.map(indexName).join(", ")} ·{" "}
            {dateRange(sweep.start_date, sweep.end_date)}
            {sweep.refused > 0 && (
              <span
                title={
                  sweep.skipped[0] ? `${parameters(sweep.skipped[0].params)}: ${sweep.skipped[0].reason}` : ""
                }
              >
                {" "}
                · {counted(sweep.refused, "combination")} the strategy does not take
              </span>
            )}
          </p>
        </div>
        <SweepState state={sweep.state} />
      </div>
      <Work sweep={sweep} />
      {any && (
        <>
          <div className="card card-b form-row" style={{ marginBottom: 12 }}>
            <SelectField
              label="Measure"
              value={view.metric}
              onChange={(event) => void set({ metric: event.target.value as SweepMetric, page: null })}
            >
              {NAMES.map((one) => (
                <option key={one} value={one}>
                  {labelOf(one)}
                </option>
              ))}
            </SelectField>
            <SelectField label="Across" value={view.x} onChange={(event) => across(event.target.value)}>
              {varied.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </SelectField>
            <SelectField label="Down" value={view.y} onChange={(event) => down(event.target.value)}>
              {varied.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </SelectField>
            {sweep.bases.length > 1 && (
              <SelectField
                label="Universe and period"
                value={view.base}
                onChange={(event) => void set({ base: Number(event.target.value), point: null, page: null })}
              >
                {sweep.bases.map((base) => (
                  <option key={base.base} value={base.base}>
                    {indexName(base.universe)}, {dateRange(base.start_date, base.end_date)}
                  </option>
                ))}
              </SelectField>
            )}
          </div>
          <Heat sweep={sweep} {...view} onChoose={(point) => void set({ point })} />
          <div className="duo">
            <Surroundings sweep={sweep} metric={view.metric} base={view.base} point={view.point} />
            <div className="stack g3">
              <Doubt sweep={sweep} base={view.base} />
              <SweptWith sweep={sweep} />
            </div>
          </div>
          <Points
            sweep={sweep}
            {...view}
            onPage={(page) => void set({ page })}
            onTurn={() => void set({ rising: !view.rising || null, page: null })}
            onChoose={(point) => void set({ point })}
          />
        </>
      )}
      {!any && <SweptWith sweep={sweep} />}
    </>
  );
}
