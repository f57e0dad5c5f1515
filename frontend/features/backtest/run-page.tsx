"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { parseAsString, useQueryState } from "nuqs";
import { Fragment, useMemo, useState } from "react";
import { FigureCard, FigureName } from "@/components/figure-card";
import { Segmented } from "@/components/fields";
import { Icon, type IconName } from "@/components/icon";
import { Later } from "@/components/later";
import { Badge, Lifecycle, Stamp, Unknown } from "@/components/marks";
import { sentence } from "@/components/data-jobs";
import { ProofBadge } from "@/components/proof-badge";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { StatsChart } from "@/components/stats-chart";
import { TimeBrush } from "@/components/time-brush";
import { toast } from "@/components/toast";
import { strategyAPI, unwrap } from "@/lib/api-client";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, date, dateRange, instant, percent, rupeesInWords } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { RunAnalysis, RunDetail, Verification } from "@/lib/types";
import { figures, longestUnderWater, metric, METRICS, opened } from "./metrics";
import { analysisQuery, runQuery, significanceQuery } from "./queries";
import { besideSharpe, luck } from "./significance";
import { NaiveTwin } from "./naive-twin";
import { Anatomy } from "./anatomy";
import { Benchmarks } from "./benchmarks";
import { FrozenHoldings, FrozenLine } from "./frozen";
import { Files } from "./files";
import { Orders, useOrdersTab } from "./orders";
import { readSpec } from "./spec";
import { Holdings } from "./holdings-panel";
import { useRange } from "./range";
import { TradeCandles, useCandles } from "./trade-candles";
import { inWords, reasonName } from "./refusals";

export function RunPage() {
  const [runId] = useQueryState("run", parseAsString);
  useCrumbs([
    { label: "Quant" },
    { label: "Runs", href: "/quant/runs/" },
    { label: runId ? runId.slice(0, 10) : "Run" },
  ]);
  const query = useQuery({ ...runQuery(runId ?? ""), enabled: runId !== null });
  // asked for beside the run, not after it
  useQuery({ ...analysisQuery(runId ?? ""), enabled: runId !== null });
  useQuery({ ...significanceQuery(runId ?? ""), enabled: runId !== null });
  useQuery(strategiesQuery);
  useIndexName();
  if (runId === null) {
    return (
      <div className="page">
        <section className="card">
          <EmptyState
            title="No run is named"
            action={
              <Link className="btn p" href="/quant/runs/">
                See all runs
              </Link>
            }
          >
            The address of this page ends with a run’s id.
          </EmptyState>
        </section>
      </div>
    );
  }
  return (
    <div className="page">
      <DataState query={query} failed="The run cannot be shown">
        {(run) => <Run run={run} />}
      </DataState>
    </div>
  );
}

/** Order is fixed: identity, figures, equity and drawdown beside assumptions, then trades. */
function Run({ run }: { run: RunDetail }) {
  const strategies = useQuery(strategiesQuery);
  const significance = useQuery(significanceQuery(run.run_id));
  const analysis = useQuery(analysisQuery(run.run_id));
  const cards = run.strategy_ids.map((id) => strategies.data?.find((card) => card.strategy_id === id));
  const name = run.strategy_ids.map((id, index) => cards[index]?.display_name ?? id).join(" + ");
  const [first] = cards;
  const spec = readSpec(run.spec);
  const indexName = useIndexName();
  const [, setCandles] = useCandles();
  const openCandles = (symbol: string) => {
    void setCandles({ candles: symbol, trade: null });
    document.getElementById("candles")?.scrollIntoView({ block: "start" });
    document.querySelector<HTMLElement>("#candles select")?.focus({ preventScroll: true });
  };
  const copy = async () => {
    await navigator.clipboard.writeText(run.run_id);
    toast({ title: "Run id copied", text: run.run_id.slice(0, 16) });
  };
  const again = `/quant/backtest/?strategy=${encodeURIComponent(run.strategy_ids[0] ?? "")}${spec.index ? `&universe=${encodeURIComponent(spec.index)}` : ""}`;
  const verify = useMutation({
    mutationFn: () => unwrap(strategyAPI.verify(run.run_id)),
    onError: (error) =>
      toast({ title: "The run was not verified", text: getErrorMessage(error), tone: "er" }),
  });
  useCommands([{ id: "copy-run", label: "Copy the run id", group: "This page", run: () => void copy() }]);
  return (
    <>
      <div className="page-h" style={{ marginBottom: 10 }}>
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>{name}</h1>
            {first && <Lifecycle state={first.lifecycle_status} />}
            <ProofBadge proofs={run.proofs} />
            {verify.data && <VerifiedBadge verification={verify.data} at={verify.submittedAt} />}
          </div>
          <div className="row wrap" style={{ gap: "4px 14px" }}>
            <span className="row" style={{ gap: 5 }}>
              <span className="t3">Run</span>
              <code className="mono">{run.run_id.slice(0, 10)}</code>
              <button
                type="button"
                className="t3 row"
                aria-label="Copy run id"
                title="Copy the whole id"
                style={{ minWidth: 24, minHeight: 24 }}
                onClick={() => void copy()}
              >
                <Icon name="copy" size="xs" />
              </button>
            </span>
            <span className="t2 num">{dateRange(run.start_date, run.end_date)}</span>
            {spec.capital !== null && <span className="t2 num">{rupeesInWords(spec.capital)}</span>}
            {spec.universe && <span className="t2">{indexName(spec.universe)}</span>}
            <Coverage days={run.coverage} bars={spec.bars} />
            <Stamp
              asof={run.end_date}
              pointInTime={run.point_in_time}
              snapshot={spec.data}
              hashOf="Inputs"
              why="The members were not those known on each day: see Assumptions"
            />
          </div>
        </div>
        <div className="row">
          <button type="button" className="btn" disabled={verify.isPending} onClick={() => verify.mutate()}>
            <Icon name="retry" size="s" />
            {verify.isPending ? "Verifying" : "Verify"}
          </button>
          <Link className="btn" href={`/quant/compare/?runs=${run.run_id}`}>
            Compare
          </Link>
          <Link className="btn p" href={again}>
            Run another
          </Link>
        </div>
      </div>
      <section className="card" aria-label="Headline figures">
        <div className="figs">
          {figures(run, besideSharpe(significance), analysis.data).map((figure) => (
            <FigureCard key={figure.label} figure={figure} />
          ))}
        </div>
        <div className="card-f">
          <FrozenLine run={run} />
          After charges and slippage, over {count(run.daily_chart.length)} measured sessions. Intervals are
          95% of what the same returns give in another order. {luck(significance)}
        </div>
      </section>
      {run.warnings.length > 0 && <Warnings run={run} />}
      <div className="grid runb" style={{ marginTop: 12 }}>
        <Equity run={run} name={name} capital={spec.capital ?? run.daily_chart[0]?.equity ?? 0} />
        <section className="card">
          <div className="card-h">
            <h2>Assumptions, in words</h2>
          </div>
          <ul className="ass beside" tabIndex={0} aria-label="Assumptions">
            {run.assumptions.map((assumption) => (
              <li key={assumption}>{assumption}</li>
            ))}
          </ul>
        </section>
      </div>
      <FrozenHoldings run={run} />
      <AllMetrics run={run} analysis={analysis.data} />
      <div
        className="grid runb"
        style={{
          marginTop: 12,
          alignItems: "start",
          gridTemplateColumns: "repeat(auto-fit, minmax(min(440px, 100%), 1fr))",
        }}
      >
        <Inputs run={run} />
        <NaiveTwin run={run} />
        <Benchmarks run={run} />
        <Files run={run} />
      </div>
      <Later height={1400}>
        <Anatomy run={run} />
      </Later>
      <div style={{ marginTop: 12 }} className="stack g3">
        <Later height={440}>
          <Holdings run={run} onOpen={openCandles} />
        </Later>
        <Later height={520} id="candles">
          <TradeCandles run={run} />
        </Later>
        <Later height={560} id="orders-panel">
          <Orders run={run} />
        </Later>
      </div>
    </>
  );
}

/** How much of the universe's history the run could trade: a stock without a bar on a day could be neither bought nor sold. */
function Coverage({ days, bars }: { days: RunDetail["coverage"]; bars: "days" | "bars" }) {
  const { member_days: members, traded } = days;
  if (!members || traded === undefined) return null;
  const whole = traded >= members;
  return (
    <span
      className={`num ${whole ? "t2" : "wn"}`}
      title={
        bars === "days"
          ? "A member-day is one stock in the universe on one session; without a bar it could not be traded"
          : "A member-bar is one stock in the universe at one time; without a bar it could not be traded"
      }
    >
      {whole
        ? `all ${count(members)} member-${bars} traded`
        : `${count(traded)} of ${count(members)} member-${bars} traded, ${percent(Math.floor((traded / members) * 1000) / 1000)}`}
    </span>
  );
}

const OUTCOMES: Record<Verification["outcome"], { tone: "ok" | "er" | "wn"; icon: IconName; text: string }> =
  {
    identical: { tone: "ok", icon: "shield", text: "Verified" },
    differs: { tone: "er", icon: "err", text: "Differs from stored bytes" },
    inputs_changed: { tone: "wn", icon: "warn", text: "Inputs changed" },
  };

/** What a run reads, in words: the names that `verify` lists. */
const INPUTS: Record<string, string> = {
  data: "prices",
  corporate_actions: "splits and bonuses",
  dividends: "dividends",
  market_rules: "exchange rules",
  sectors: "sectors",
  benchmark: "index series",
  engine_version: "engine",
};

/** Only after the bytes were compared, on this page, just now; hover says when and what changed. */
function VerifiedBadge({ verification, at }: { verification: Verification; at: number }) {
  const { tone, icon, text } = OUTCOMES[verification.outcome];
  const names = verification.changed.map((name) => INPUTS[name] ?? name);
  const changed = names.length > 0 ? `: ${names.join(", ")}` : "";
  const note = verification.note ? `. ${sentence(verification.note)}` : "";
  return (
    <span title={`Compared ${instant(new Date(at).toISOString())} IST${changed}${note}`} role="status">
      <Badge tone={tone} icon={icon}>
        {text}
        {changed}
      </Badge>
    </span>
  );
}

const WARNINGS_SHOWN = 6;

function Warnings({ run }: { run: RunDetail }) {
  const [all, setAll] = useState(false);
  const [, setTab] = useOrdersTab();
  const seeOrders = () => {
    void setTab("refused");
    document.getElementById("orders-panel")?.scrollIntoView({ block: "start" });
  };
  const shown = all ? run.warnings : run.warnings.slice(0, WARNINGS_SHOWN);
  return (
    <div className="callout wn wn" style={{ marginTop: 12 }} role="note">
      <Icon name="warn" size="s" />
      <div className="stack g1">
        <b className="b">{counted(run.warnings.length, "warning")} before the curve is believed</b>
        <ul className="stack g0">
          {shown.map((warning) => (
            <li key={warning}>{inWords(warning)}</li>
          ))}
        </ul>
        {run.rejections.length > 0 && (
          <button type="button" className="link xs" style={{ alignSelf: "flex-start" }} onClick={seeOrders}>
            See the {counted(run.rejections.length, "order")}
          </button>
        )}
        {run.warnings.length > WARNINGS_SHOWN && (
          <button
            type="button"
            className="link xs"
            style={{ alignSelf: "flex-start" }}
            onClick={() => setAll(!all)}
          >
            {all ? "Fewer" : `${count(run.warnings.length - WARNINGS_SHOWN)} more`}
          </button>
        )}
      </div>
    </div>
  );
}

function Equity({ run, name, capital }: { run: RunDetail; name: string; capital: number }) {
  const [scale, setScale] = useState<"linear" | "log">("linear");
  const [asTable, setAsTable] = useState(false);
  const water = longestUnderWater(run.daily_chart);
  const days = useMemo(() => run.daily_chart.map((point) => point.date), [run.daily_chart]);
  const values = useMemo(() => run.daily_chart.map((point) => point.equity), [run.daily_chart]);
  const range = useRange(days);
  const [from, to] = range.drawn;
  const part = useMemo(() => run.daily_chart.slice(from, to + 1), [run.daily_chart, from, to]);
  const index = run.benchmarks.find((row) => row.kind === "index" && row.equity?.length === days.length);
  const indexName = useIndexName();
  const besideName = index && indexName(index.name);
  const beside = useMemo(
    () =>
      index?.equity && besideName
        ? { name: besideName, values: index.equity.slice(from, to + 1) }
        : undefined,
    [index, besideName, from, to],
  );
  return (
    <section className="card">
      <div className="card-h">
        <h2>Equity and drawdown</h2>
        <span className="legend no-phone">
          <span>
            <i className="sw" style={{ background: "var(--accent)" }} />
            {name}
          </span>
          <span>
            <i className="sw" style={{ background: "var(--loss)" }} />
            Drawdown
          </span>
          {besideName && (
            <span>
              <i className="sw" style={{ background: "var(--benchmark)" }} />
              {besideName}
            </span>
          )}
        </span>
        <span className="sp row">
          <Segmented
            label="Scale"
            value={scale}
            options={[
              { value: "linear", label: "₹ lakh" },
              { value: "log", label: "Log" },
            ]}
            onChange={setScale}
          />
          <button
            type="button"
            className="btn sm"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "View as chart" : "View as table"}
          </button>
        </span>
      </div>
      {run.daily_chart.length === 0 ? (
        <EmptyState title="No measured session">The period has no session after the warm-up.</EmptyState>
      ) : (
        <>
          <StatsChart
            points={part}
            capital={capital}
            name={name}
            log={scale === "log"}
            beside={beside}
            asTable={asTable}
          />
          <TimeBrush
            days={days}
            values={values}
            first={range.first}
            last={range.last}
            onChange={range.choose}
          />
        </>
      )}
      <div className="card-f">
        {water ? (
          <>
            Longest time under water: <b className="num b t2">{count(water.sessions)} sessions</b>,{" "}
            {water.recovered
              ? dateRange(water.start, water.end)
              : `since ${date(water.start)}, not recovered at the end`}
            .{" "}
          </>
        ) : (
          "The equity never fell below a former peak. "
        )}
        Warm-up bars before the first session are not in it.
      </div>
    </section>
  );
}

function AllMetrics({ run, analysis }: { run: RunDetail; analysis: RunAnalysis | undefined }) {
  const names = Object.keys(METRICS);
  const third = Math.ceil(names.length / 3);
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>All metrics</h2>
      </div>
      <div
        className="grid card-b"
        style={{
          alignItems: "start",
          columnGap: 32,
          rowGap: 0,
          gridTemplateColumns: "repeat(auto-fit, minmax(min(300px, 100%), 1fr))",
        }}
      >
        {[0, 1, 2].map((column) => (
          <dl key={column} className="kv num">
            {names.slice(column * third, (column + 1) * third).map((name) => {
              const { text, why } = metric(run, name);
              return (
                <Fragment key={name}>
                  <dt>
                    <FigureName
                      label={METRICS[name]?.label ?? name}
                      figure={() => opened(run, name, analysis)}
                    />
                  </dt>
                  <dd data-metric={name}>{text ?? <Unknown why={why} />}</dd>
                </Fragment>
              );
            })}
          </dl>
        ))}
      </div>
    </section>
  );
}

function Inputs({ run }: { run: RunDetail }) {
  const rejected = Object.entries(countBy(run.rejections, "reason"));
  const spec = readSpec(run.spec);
  return (
    <section className="card">
      <div className="card-h">
        <h2>Inputs and refusals</h2>
      </div>
      <dl className="kv num card-b">
        {spec.params.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
        {spec.conventions.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
        {Object.entries(run.coverage).map(([name, days]) => (
          <Fragment key={name}>
            <dt>{COVERAGE_LABELS[name] ?? sentence(name)}</dt>
            <dd>{count(days)}</dd>
          </Fragment>
        ))}
        <dt>Run id</dt>
        <dd>
          <code className="mono" title={run.run_id}>
            {run.run_id.slice(0, 16)}
          </code>
        </dd>
        <dt>Digest of the result</dt>
        <dd>
          <code className="mono" title={run.digest}>
            {run.digest.slice(0, 16)}
          </code>
        </dd>
        {rejected.length === 0 ? (
          <>
            <dt>Orders refused</dt>
            <dd>0</dd>
          </>
        ) : (
          rejected.map(([reason, orders]) => (
            <Fragment key={reason}>
              <dt>{reasonName(reason)}</dt>
              <dd>{counted(orders, "order")}</dd>
            </Fragment>
          ))
        )}
      </dl>
    </section>
  );
}

const COVERAGE_LABELS: Record<string, string> = {
  member_days: "Member-days of the universe",
  traded: "Of them with a bar",
};

function countBy(rows: readonly Record<string, unknown>[], name: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const key = String(row[name] ?? "unnamed");
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
