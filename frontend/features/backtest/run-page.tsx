"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { useEffect, useMemo, type ReactNode } from "react";
import { AheadLink } from "@/components/ahead-link";
import { Assumptions } from "@/components/assumptions";
import { loadCharts } from "@/components/echart";
import { FigureCard } from "@/components/figure-card";
import { Icon } from "@/components/icon";
import { Later } from "@/components/later";
import { Lifecycle, Stamp } from "@/components/marks";
import { OnePage } from "@/components/one-page";
import { ProofBadge } from "@/components/proof-badge";
import { DataState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { Outcome, useVerification, VERIFY_WAIT, VerifyButton, VerifyingJob } from "@/components/verification";
import { strategyAPI, unwrap } from "@/lib/api-client";
import { useCommands } from "@/lib/commands";
import { useCrumbs } from "@/lib/crumbs";
import { ofIntervals } from "@/lib/draws";
import { count, dateRange, percent, rupeesInWords } from "@/lib/format";
import { strategiesQuery, useIndexName } from "@/lib/queries";
import type { RunDetail, RunHead } from "@/lib/types";
import { figures } from "./metrics";
import { analysisQuery, runQuery, runTablesQuery, significanceQuery } from "./queries";
import { besideSharpe, luck } from "./significance";
import { Benchmarks } from "./benchmarks";
import { NaiveTwin } from "./naive-twin";
import { Anatomy } from "./anatomy";
import { FrozenHoldings, FrozenLine } from "./frozen";
import { Files } from "./files";
import { Orders } from "./orders";
import { readSpec } from "@/components/run-spec";
import { Holdings } from "./holdings-panel";
import { TradeCandles, useCandles } from "./trade-candles";
import { AllMetrics } from "./all-metrics";
import { Equity } from "./equity";
import { Inputs } from "./run-inputs";
import { Warnings } from "./warnings";

export function RunPage() {
  const [runId] = useQueryState("run", parseAsString);
  useCrumbs([
    { label: "Quant" },
    { label: "Runs", href: "/quant/runs/" },
    { label: runId ? runId.slice(0, 10) : "Run" },
  ]);
  const query = useQuery({ ...runQuery(runId ?? ""), enabled: runId !== null });
  useEffect(() => void loadCharts(), []);
  // asked for beside the run's head, which is as small
  useQuery({ ...significanceQuery(runId ?? ""), enabled: runId !== null });
  useQuery(strategiesQuery);
  useIndexName();
  return (
    <OnePage what="run" id={runId} query={query} all="/quant/runs/">
      {(run) => <Run run={run} />}
    </OnePage>
  );
}

/** Order is fixed: identity, figures, equity and drawdown beside assumptions, then trades. */
function Run({ run }: { run: RunHead }) {
  const strategies = useQuery(strategiesQuery);
  const significance = useQuery(significanceQuery(run.run_id));
  const analysis = useQuery(analysisQuery(run.run_id));
  const found = analysis.data ?? analysis.error ?? undefined;
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
  const verification = useVerification("The run", () => unwrap(strategyAPI.verify(run.run_id, VERIFY_WAIT)));
  useCommands([{ id: "copy-run", label: "Copy the run id", group: "This page", run: () => void copy() }]);
  return (
    <>
      <div className="page-h" style={{ marginBottom: 10 }}>
        <div className="stack g1">
          <div className="row g3 wrap">
            <h1>{name}</h1>
            {first && <Lifecycle state={first.lifecycle_status} />}
            <ProofBadge proofs={run.proofs} />
            <Outcome state={verification} />
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
          <VerifyButton state={verification} />
          <AheadLink className="btn" href={`/quant/compare/?runs=${run.run_id}`}>
            Compare
          </AheadLink>
          <AheadLink className="btn p" href={again}>
            Run another
          </AheadLink>
        </div>
      </div>
      <VerifyingJob state={verification} />
      <section className="card" aria-label="Headline figures">
        <div className="figs">
          {figures(run, besideSharpe(significance), found).map((figure) => (
            <FigureCard key={figure.label} figure={figure} />
          ))}
        </div>
        <div className="card-f">
          <FrozenLine run={run} />
          After charges and slippage, over {count(run.daily_chart.length)} measured sessions.{" "}
          {analysis.data && ofIntervals(analysis.data.luck)} {luck(significance)}
        </div>
      </section>
      <Warnings run={run} />
      <div className="grid runb" style={{ marginTop: 12 }}>
        <Equity run={run} name={name} capital={spec.capital ?? run.daily_chart[0]?.equity ?? 0} />
        <Assumptions said={run.assumptions} beside />
      </div>
      <FrozenHoldings run={run} />
      <AllMetrics run={run} analysis={found} />
      <div className="duo">
        <div className="stack g3">
          <Inputs run={run} />
          <Benchmarks run={run} />
        </div>
        <div className="stack g3">
          <NaiveTwin run={run} />
          <Files run={run} />
        </div>
      </div>
      <Later height={1400}>
        <Anatomy run={run} />
      </Later>
      <div style={{ marginTop: 12 }} className="stack g3">
        <Later height={1520} id="traded">
          <Whole run={run}>
            {(whole) => (
              <>
                <Holdings run={whole} onOpen={openCandles} />
                <Later height={520} id="candles" rest={100}>
                  <TradeCandles run={whole} />
                </Later>
                <Later height={560} id="orders-panel" rest={200}>
                  <Orders run={whole} />
                </Later>
              </>
            )}
          </Whole>
        </Later>
      </div>
    </>
  );
}

/** What needs the run's long tables, which come after what is shown first. */
function Whole({ run, children }: { run: RunHead; children: (whole: RunDetail) => ReactNode }) {
  const query = useQuery(runTablesQuery(run.run_id));
  const whole = useMemo(() => (query.data ? { ...run, ...query.data } : null), [run, query.data]);
  return (
    <DataState query={query} failed="The trades of the run cannot be shown">
      {() => whole && <div className="stack g3">{children(whole)}</div>}
    </DataState>
  );
}

/** How much of the universe's history the run could trade: a stock without a bar on a day could be neither bought nor sold. */
function Coverage({ days, bars }: { days: RunHead["coverage"]; bars: "days" | "bars" }) {
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
