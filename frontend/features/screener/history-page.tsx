"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { SelectField, TextField } from "@/components/fields";
import { LinesChart } from "@/components/lines-chart";
import { Stamp, Unknown } from "@/components/marks";
import { EmptyState, ErrorState, JobState, LoadingState } from "@/components/shared/DataState";
import { jobsAPI, screensAPI, unwrap, type HistoryAsk } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { count, counted, date, dateRange, grouped, signedPercent } from "@/lib/format";
import { ALL_STOCKS, indicesQuery } from "@/lib/queries";
import type { ForwardReturn, ScreenHistory } from "@/lib/types";
import { useJob } from "@/lib/use-job";
import { whyNot } from "./expression-bar";
import { TYPE_IDS, type InstrumentType } from "./filters";
import { TypeField } from "./type-field";

const params = {
  q: parseAsString.withDefault(""),
  index: parseAsString.withDefault(ALL_STOCKS),
  type: parseAsStringLiteral(TYPE_IDS).withDefault("EQUITY"),
  start: parseAsString,
  end: parseAsString,
};

const historyQuery = (ask: HistoryAsk) =>
  queryOptions({
    queryKey: ["data", "screen-history", ask],
    queryFn: ({ signal }) => unwrap(screensAPI.history({ ...ask, wait: 2 }, signal)),
    enabled: ask.q !== "",
    retry: false,
  });

/** A screen through time: matches by day, who came and went, and what their prices did next. */
export function HistoryPage() {
  const [asked, set] = useQueryStates(params);
  useCrumbs([{ label: "Screener", href: backHref(asked) }, { label: "History" }]);
  const indices = useQuery(indicesQuery);
  const ask: HistoryAsk = {
    q: asked.q,
    index: asked.index,
    ...(asked.type !== "EQUITY" && { instrument_type: asked.type }),
    ...(asked.start && { start: asked.start }),
    ...(asked.end && { end: asked.end }),
  };
  const history = useQuery(historyQuery(ask));
  const jobId = history.data && "job" in history.data ? history.data.job.id : null;
  const job = useJob(jobId);
  const found =
    history.data && !("job" in history.data)
      ? history.data
      : job.data?.state === "SUCCEEDED"
        ? (job.data.result as unknown as ScreenHistory)
        : null;
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>History of a screen</h1>
          <code className="mono t2">{asked.q || "No expression"}</code>
          {found && (
            <Stamp
              asof={found.end}
              pointInTime={found.notes.length === 0}
              snapshot={found.snapshot}
              why={found.notes.join(" ")}
            />
          )}
        </div>
        <Link className="btn" href={backHref(asked)}>
          Back to the screen
        </Link>
      </div>
      <div className="row g3 wrap asked" style={{ marginBottom: 12, alignItems: "flex-start" }}>
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
        <TypeField value={asked.type} onChange={(type) => void set({ type })} />
        <TextField
          label="From"
          type="date"
          value={asked.start ?? found?.start ?? ""}
          onChange={(event) => void set({ start: event.target.value || null })}
        />
        <TextField
          label="To"
          type="date"
          value={asked.end ?? found?.end ?? ""}
          onChange={(event) => void set({ end: event.target.value || null })}
        />
      </div>
      {asked.q === "" ? (
        <section className="card">
          <EmptyState title="No expression is named">
            Write a screen and open its history from there.
          </EmptyState>
        </section>
      ) : history.error ? (
        <section className="card">
          <ErrorState
            title={whyNot(history.error, "The history stopped")}
            error={history.error}
            onRetry={() => void history.refetch()}
          />
        </section>
      ) : found ? (
        <Found history={found} />
      ) : job.data ? (
        <section className="card card-b">
          <JobState
            job={job.data}
            title="Going through the years"
            onCancel={() => void jobsAPI.cancel(job.data.id)}
            onRetry={() => void history.refetch()}
          />
        </section>
      ) : (
        <section className="card">
          <LoadingState label="Going through the years" rows={8} />
        </section>
      )}
    </div>
  );
}

const backHref = ({ q, index, type }: { q: string; index: string; type: InstrumentType }): string =>
  `/screener/?${new URLSearchParams({
    ...(q && { q }),
    ...(index !== ALL_STOCKS && { index }),
    ...(type !== "EQUITY" && { type }),
  })}`;

function Found({ history }: { history: ScreenHistory }) {
  const { days, forward, latest, trials, method } = history;
  const lines = useMemo(() => [{ name: "Matches", values: days.matched }], [days]);
  const sorted = [...days.matched].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (
    <div className="stack g3">
      <section className="card" aria-label="What followed">
        <div className="card-h">
          <h2>What followed a signal</h2>
          <span className="t3 xs num">{counted(trials, "screen")} tried</span>
        </div>
        <DataTable
          label="Forward returns"
          columns={FORWARD}
          rowCount={forward.length}
          rowAt={(index) => forward[index]}
          rowKey={(row) => String(row.horizon)}
          height={240}
        />
        {history.notes.map((note) => (
          <p key={note} className="card-f wn xs">
            {note}
          </p>
        ))}
        <p className="card-f t3 xs">
          {method.signal} Bought at: {method.entry} {method.exit} {method.charges} Held against:{" "}
          {method.against} {method.interval} {method.trials}
        </p>
      </section>
      <section className="card" aria-label="Matches by day">
        <div className="card-h">
          <h2>Matches by day</h2>
          <span className="t3 xs num">
            {dateRange(history.start, history.end)} ·{" "}
            {sorted.at(-1) ? `${counted(median, "stock")} a day (median)` : "no stock matched on any day"}
          </span>
        </div>
        <LinesChart
          label={`Stocks that matched on each of ${count(days.t.length)} sessions, ${count(median)} on the median one, at most ${count(sorted.at(-1) ?? 0)}`}
          days={days.t}
          lines={lines}
          format={count}
          whole
        />
      </section>
      <section className="card" aria-label="Comings and goings">
        <div className="card-h">
          <h2>Comings and goings</h2>
        </div>
        <DataTable
          label="Latest sessions"
          columns={LATEST}
          rowCount={latest.length}
          rowAt={(index) => latest[index]}
          rowKey={(row) => row.date}
          height={420}
        />
      </section>
    </div>
  );
}

const inPercent = (value: number | null, reason: string | null) =>
  value === null ? (
    <Unknown why={reason ?? "There is no signal with a return"} />
  ) : (
    signedPercent(100 * value, 2)
  );

const FORWARD: Column<ForwardReturn>[] = [
  { id: "horizon", header: "Sessions", width: 90, cell: (row) => <span className="num">{row.horizon}</span> },
  {
    id: "signals",
    header: "Signals",
    align: "right",
    width: 90,
    cell: (row) => count(row.signals),
    hint: "Signals with a return",
  },
  {
    id: "mean",
    header: "Mean after charges",
    align: "right",
    width: 150,
    cell: (row) => inPercent(row.mean, row.reason),
  },
  {
    id: "median",
    header: "Median",
    align: "right",
    width: 90,
    cell: (row) => inPercent(row.median, row.reason),
  },
  {
    id: "hit",
    header: "Above zero",
    align: "right",
    width: 100,
    cell: (row) =>
      row.hit_rate === null ? <Unknown why="No signal" /> : `${grouped(100 * row.hit_rate, 1)}%`,
  },
  {
    id: "universe",
    header: "Universe",
    align: "right",
    width: 100,
    cell: (row) => inPercent(row.universe, row.reason),
  },
  {
    id: "excess",
    header: "Excess",
    align: "right",
    width: 90,
    cell: (row) => inPercent(row.excess, row.reason),
  },
  {
    id: "interval",
    header: "95% interval",
    align: "right",
    width: 170,
    cell: (row) =>
      row.low === null || row.high === null ? (
        <Unknown why={row.reason ?? "Too few days with signals"} />
      ) : (
        `${signedPercent(100 * row.low, 2)} to ${signedPercent(100 * row.high, 2)}`
      ),
  },
  {
    id: "p",
    header: "p, all tried",
    align: "right",
    width: 110,
    hint: "Chance that the best of all screens tried, none with merit, shows as much",
    cell: (row) =>
      row.p_adjusted === null ? <Unknown why={row.reason ?? ""} /> : grouped(row.p_adjusted, 3),
  },
];

type Latest = ScreenHistory["latest"][number];

const names = (symbols: readonly string[]) => (
  <span title={symbols.join(", ")}>
    {symbols.length === 0 ? <span className="t3">none</span> : symbols.join(", ")}
  </span>
);

const LATEST: Column<Latest>[] = [
  { id: "date", header: "Session", width: 120, cell: (row) => <span className="num">{date(row.date)}</span> },
  { id: "matched", header: "Matched", align: "right", width: 90, cell: (row) => count(row.matched.length) },
  {
    id: "unknown",
    header: "Not known",
    align: "right",
    width: 100,
    cell: (row) => count(row.unknown),
    hint: "Stocks of which it is not known whether they match: they have neither come nor left",
  },
  { id: "entered", header: "Came", width: 380, cell: (row) => names(row.entered) },
  { id: "left", header: "Left", width: 380, cell: (row) => names(row.left) },
];
