"use client";

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsString, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { SelectField, TextField } from "@/components/fields";
import { LinesChart } from "@/components/lines-chart";
import { Delta, Stamp, Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { marketAPI, unwrap } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { count, date, grouped, percent, signed } from "@/lib/format";
import { ALL_STOCKS, healthQuery, indicesQuery } from "@/lib/queries";
import type { MarketOverview } from "@/lib/types";
import { shares } from "./shares";

const CRORE = 1e7;

const overviewQuery = (index: string, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "overview", index, asof],
    queryFn: ({ signal }) => unwrap(marketAPI.overview({ index, ...(asof && { asof }) }, signal)),
    placeholderData: keepPreviousData,
  });

/** Breadth, sectors, indices and what was traded most, on any day. */
export function MarketPage() {
  useCrumbs([{ label: "Market" }]);
  const [asked, set] = useQueryStates({
    index: parseAsString.withDefault(ALL_STOCKS),
    asof: parseAsString,
  });
  const health = useQuery(healthQuery);
  const indices = useQuery(indicesQuery);
  const overview = useQuery(overviewQuery(asked.index, asked.asof));
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Market</h1>
          {overview.data && (
            <Stamp
              asof={overview.data.asof}
              pointInTime={overview.data.point_in_time}
              snapshot={overview.data.snapshot}
              why={overview.data.note}
            />
          )}
        </div>
        <div className="row g3 wrap asked" style={{ alignItems: "flex-start" }}>
          <SelectField
            label="Universe"
            value={asked.index}
            onChange={(event) => void set({ index: event.target.value })}
          >
            {!indices.data?.indices.some((one) => one.id === ALL_STOCKS) && (
              <option value={ALL_STOCKS}>All stocks</option>
            )}
            {indices.data?.indices.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </SelectField>
          <TextField
            label="As of"
            type="date"
            value={asked.asof ?? overview.data?.asof ?? ""}
            min={health.data?.data?.first_session}
            max={health.data?.data?.last_session}
            onChange={(event) => void set({ asof: event.target.value || null })}
          />
        </div>
      </div>
      <DataState query={overview} failed="The market stopped">
        {(found) => <Found found={found} />}
      </DataState>
    </div>
  );
}

function Found({ found }: { found: MarketOverview }) {
  const { days } = found;
  const above = useMemo(
    () => [
      {
        name: "Above 50-day average",
        values: shares(days.above_sma_50, days.above_sma_50_known, days.stocks),
      },
      {
        name: "Above 200-day average",
        values: shares(days.above_sma_200, days.above_sma_200_known, days.stocks),
      },
    ],
    [days],
  );
  const gaps = above.some(({ values }) => values.includes(null));
  const net = useMemo(() => {
    const values: number[] = [];
    days.advances.forEach((value, at) =>
      values.push((values.at(-1) ?? 0) + value - (days.declines[at] ?? 0)),
    );
    return [{ name: "Advances less declines, summed", values }];
  }, [days]);
  return (
    <div className="stack g3">
      <section className="card card-b" aria-label="Breadth">
        <dl className="kv num breadth">
          <dt>Advances · declines · unchanged</dt>
          <dd>
            {count(found.breadth.advances)} · {count(found.breadth.declines)} ·{" "}
            {count(found.breadth.unchanged)}
          </dd>
          <dt>New 252-session highs · lows</dt>
          <dd>
            {count(found.breadth.new_highs)} · {count(found.breadth.new_lows)}
          </dd>
          {(["above_sma_20", "above_sma_50", "above_sma_200"] as const).map((name) => (
            <Above key={name} label={`Above the ${name.slice(10)}-day average`} {...found.breadth[name]} />
          ))}
        </dl>
      </section>
      <div className="two">
        <section className="card" aria-label="Shares above averages">
          <div className="card-h">
            <h2>Above their averages</h2>
          </div>
          <LinesChart
            label={`Share of stocks above their 50 and 200 day averages over ${count(days.t.length)} sessions`}
            days={days.t}
            lines={above}
            format={wholePercent}
          />
          {gaps && (
            <p className="card-f t3 xs">No line where it can be told of fewer than a tenth of the stocks.</p>
          )}
        </section>
        <section className="card" aria-label="Advance-decline line">
          <div className="card-h">
            <h2>Advance-decline line</h2>
          </div>
          <LinesChart
            label={`Advances less declines summed over ${count(days.t.length)} sessions`}
            days={days.t}
            lines={net}
            format={count}
            whole
          />
        </section>
      </div>
      <section className="card" aria-label="Sectors">
        <div className="card-h">
          <h2>Sectors</h2>
          <span className="t3 xs">Medians of their stocks, in percent</span>
        </div>
        <Sectors sectors={found.sectors} index={found.index} />
      </section>
      <div className="two">
        <section className="card" aria-label="Indices">
          <div className="card-h">
            <h2>Indices</h2>
          </div>
          <DataTable
            label="Indices"
            columns={INDICES}
            rowCount={found.indices.length}
            rowAt={(at) => found.indices[at]}
            rowKey={(row) => row.id}
            height={420}
          />
        </section>
        <section className="card" aria-label="Most active">
          <div className="card-h">
            <h2>Most active</h2>
          </div>
          <DataTable
            label="Most active stocks"
            columns={ACTIVE}
            rowCount={found.active.length}
            rowAt={(at) => found.active[at]}
            rowKey={(row) => row.symbol}
            height={420}
          />
        </section>
      </div>
    </div>
  );
}

const wholePercent = (value: number): string => percent(value, 0);

function Above({ label, holds, known }: { label: string; holds: number; known: number }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {known === 0 ? (
          <Unknown why="No stock has so much unbroken history" />
        ) : (
          <>
            {percent(holds / known)} <span className="t3">of {count(known)} that can be told</span>
          </>
        )}
      </dd>
    </>
  );
}

type Sector = MarketOverview["sectors"][number];

const SPANS = [
  { field: "change_pct", header: "Day", full: 2 },
  { field: "trend_7d", header: "5 sessions", full: 5 },
  { field: "trend_30d", header: "21 sessions", full: 10 },
  { field: "return_3m", header: "63 sessions", full: 20 },
] as const;

const PHASES = {
  leading: "Leading",
  weakening: "Weakening",
  lagging: "Lagging",
  improving: "Improving",
} as const;

/** Nine steps around zero, the ends at `full`. */
export const step = (value: number, full: number): number =>
  Math.max(0, Math.min(8, Math.round(4 + (4 * value) / full)));

function Sectors({ sectors, index }: { sectors: readonly Sector[]; index: string }) {
  return (
    <div className="tw-wrap heat-wrap" role="region" aria-label="Sectors, scrolls" tabIndex={0}>
      <table className="heat sectors num">
        <thead>
          <tr>
            <th scope="col">Sector</th>
            <th scope="col">Stocks</th>
            {SPANS.map((span) => (
              <th key={span.field} scope="col" title={`The ends of the scale are ±${span.full} %`}>
                {span.header}
              </th>
            ))}
            <th scope="col">Up · down</th>
            <th
              scope="col"
              title="Three months and one month against the universe: leading is ahead on both, weakening on the first, improving on the second alone"
            >
              Rotation
            </th>
          </tr>
        </thead>
        <tbody>
          {sectors.map((sector) => (
            <tr key={sector.name}>
              <th scope="row">
                <Link
                  className="link"
                  href={`/screener/?${new URLSearchParams({ sector: sector.name, ...(index !== ALL_STOCKS && { index }) })}`}
                >
                  {sector.name}
                </Link>
              </th>
              <td className="none">{count(sector.stocks)}</td>
              {SPANS.map(({ field, full }) => {
                const value = sector[field];
                return value === null ? (
                  <td key={field} className="none">
                    <Unknown why="Too little history" />
                  </td>
                ) : (
                  <td key={field} className={`d${step(value, full)}`}>
                    {signed(value, 1)}
                  </td>
                );
              })}
              <td className="none">
                {count(sector.advances)} · {count(sector.declines)}
              </td>
              <td className="none" title={points(sector)}>
                {sector.phase ? PHASES[sector.phase] : <Unknown why="Too little history" />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const points = ({ strength, momentum }: Sector): string | undefined =>
  strength === null || momentum === null
    ? undefined
    : `Against the universe: ${signed(strength, 1)} points over 63 sessions, ${signed(momentum, 1)} over 21`;

const change = (value: number | null) =>
  value === null ? <Unknown why="Too few closes before it" /> : <Delta value={value} unit="" />;

const INDICES: Column<MarketOverview["indices"][number]>[] = [
  { id: "name", header: "Index", width: 190, cell: (row) => <span className="trunc">{row.name}</span> },
  { id: "close", header: "Close", align: "right", width: 100, cell: (row) => grouped(row.close, 2) },
  { id: "day", header: "Day", unit: "%", align: "right", width: 84, cell: (row) => change(row.change_pct) },
  {
    id: "month",
    header: "21 sessions",
    unit: "%",
    align: "right",
    width: 104,
    cell: (row) => change(row.trend_30d),
  },
  { id: "date", header: "Of", width: 110, cell: (row) => <span className="t3">{date(row.date)}</span> },
];

const ACTIVE: Column<MarketOverview["active"][number]>[] = [
  {
    id: "symbol",
    header: "Symbol",
    width: 130,
    cell: (row) => (
      <Link
        className="link sym"
        href={`/stock/?symbol=${encodeURIComponent(row.symbol)}`}
        title={row.name ?? undefined}
      >
        {row.symbol}
      </Link>
    ),
  },
  {
    id: "close",
    header: "Close",
    unit: "₹",
    align: "right",
    width: 100,
    cell: (row) => (row.close === null ? <Unknown why="No close" /> : grouped(row.close, 2)),
  },
  { id: "day", header: "Day", unit: "%", align: "right", width: 84, cell: (row) => change(row.change_pct) },
  {
    id: "turnover",
    header: "Turnover",
    unit: "₹ cr",
    align: "right",
    width: 112,
    cell: (row) => (row.turnover === null ? <Unknown why="No turnover" /> : grouped(row.turnover / CRORE, 2)),
  },
  {
    id: "ratio",
    header: "Volume ratio",
    align: "right",
    width: 104,
    cell: (row) =>
      row.volume_ratio === null ? <Unknown why="Too little history" /> : grouped(row.volume_ratio, 2),
  },
];
