"use client";

import { Fragment, useMemo, useState, type ReactNode } from "react";
import { DataTable, tableCsv, type Column, type Sort } from "@/components/data-table";
import { Icon, type IconName } from "@/components/icon";
import { Drawer } from "@/components/layers";
import { Badge, Unknown, toneOf } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { useCommands } from "@/lib/commands";
import { downloadText } from "@/lib/csv";
import { barTime, count, counted, percent, rupees, shortHash, signedRupees } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { decisionsOf, ofWhom, refusedByPolicy, ruleName, ruleText, type Decision } from "./decisions";
import { sortRows } from "./sort";

const OF_THE_ACCOUNT = "This is about the account, not about one order";
const NOT_KNOWN = "The same run without the policy did not begin a trade with this order";

const OUTCOMES: Record<string, { text: string; tone: "ok" | "wn" | "er" | "inf" | "line"; icon: IconName }> =
  {
    ALLOW: { text: "Passed", tone: "ok", icon: "check" },
    TRIM: { text: "Cut down", tone: "inf", icon: "half" },
    REJECT: { text: "Refused", tone: "wn", icon: "no" },
    FLATTEN: { text: "Ended", tone: "er", icon: "no" },
    NOTICE: { text: "Noticed", tone: "line", icon: "warn" },
    SCALE: { text: "Scaled", tone: "inf", icon: "half" },
  };

function Outcome({ decision }: { decision: Decision }) {
  const known = OUTCOMES[decision.outcome];
  if (!known) return <>{decision.outcome}</>;
  return (
    <Badge small tone={known.tone} icon={known.icon}>
      {known.text}
    </Badge>
  );
}

/** Shares of an order, rupees of the target weights of a strategy. */
const amountOf = ({ outcome }: Decision, value: number): string =>
  outcome === "SCALE" ? rupees(value) : count(value);

const amount = (
  id: "wanted" | "granted" | "equity" | "cash" | "limit",
  header: string,
  unit: string,
  why: string,
): Column<Decision> => ({
  id,
  header,
  unit,
  align: "right",
  width: 124,
  sortBy: id,
  cell: (row) => {
    const value = row[id];
    if (value === null) return <Unknown why={why} />;
    return unit === "₹" ? rupees(value) : amountOf(row, value);
  },
  csv: (row) => row[id],
});

const COLUMNS: Column<Decision>[] = [
  {
    id: "symbol",
    header: "Symbol",
    width: 132,
    sortBy: "symbol",
    cell: (row) =>
      row.symbol === null ? (
        <span className="t2">{ofWhom(row)}</span>
      ) : (
        <span className="sym">{row.symbol}</span>
      ),
    csv: (row) => row.symbol,
  },
  {
    id: "at",
    header: "Session",
    align: "right",
    width: 112,
    sortBy: "at",
    cell: (row) => barTime(row.at),
    csv: (row) => row.at,
  },
  {
    id: "outcome",
    header: "Decision",
    width: 104,
    sortBy: "outcome",
    cell: (row) => <Outcome decision={row} />,
    csv: (row) => row.outcome,
  },
  {
    id: "rule",
    header: "Rule",
    width: 170,
    sortBy: "rule",
    cell: (row) => <span title={ruleText(row.rule)}>{ruleName(row.rule)}</span>,
    csv: (row) => row.rule,
  },
  {
    id: "state",
    header: "State",
    width: 104,
    sortBy: "state",
    cell: (row) => <span className="t2">{row.state}</span>,
    csv: (row) => row.state,
  },
  amount("wanted", "Wanted", "shares or ₹", OF_THE_ACCOUNT),
  amount("granted", "Granted", "shares or ₹", OF_THE_ACCOUNT),
  amount("limit", "Room left", "₹", "The rule has no such number"),
  amount("cash", "Free cash", "₹", OF_THE_ACCOUNT),
  amount("equity", "Equity", "₹", OF_THE_ACCOUNT),
  {
    id: "would_have_made",
    header: "Would have made",
    unit: "₹",
    align: "right",
    width: 150,
    sortBy: "would_have_made",
    cell: (row) =>
      row.outcome !== "TRIM" && row.outcome !== "REJECT" ? (
        ""
      ) : row.would_have_made === null ? (
        <Unknown why={NOT_KNOWN} />
      ) : (
        <span className={toneOf(row.would_have_made)}>{signedRupees(row.would_have_made)}</span>
      ),
    csv: (row) => row.would_have_made,
  },
  {
    id: "book",
    header: "Strategy",
    width: 130,
    sortBy: "book",
    cell: (row) => <span className="t2">{row.book ?? ""}</span>,
    csv: (row) => row.book,
  },
];

const VALUES = Object.fromEntries(
  COLUMNS.map((column) => [column.id, column.csv as (row: Decision) => string | number | null]),
);

/** Every decision of the run's risk policy with the numbers it was taken by. `tabs` stands in the place of the title. */
export function DecisionsTable({ run, tabs }: { run: RunDetail; tabs?: ReactNode }) {
  const [sort, setSort] = useState<Sort>({ by: "at", order: "desc" });
  const [active, setActive] = useState<number | null>(null);
  const [opened, setOpened] = useState<Decision | null>(null);
  const decisions = useMemo(() => decisionsOf(run), [run]);
  const rows = useMemo(() => sortRows(decisions, sort, VALUES), [decisions, sort]);
  const refused = refusedByPolicy(decisions);
  const exportCsv = () =>
    downloadText(
      `policy-decisions-${shortHash(run.run_id)}.csv`,
      tableCsv(COLUMNS, rows, { Run: run.run_id, "Point-in-time": run.point_in_time }),
    );
  useCommands([
    { id: "export", label: "Export CSV of the decisions", keys: "e", group: "This page", run: exportCsv },
  ]);
  return (
    <section className="card" aria-label="Decisions of the policy">
      <div className="card-h">
        {tabs ?? <h2>Decisions of the policy</h2>}
        <span className="sp row">
          <button type="button" className="btn sm" onClick={exportCsv} disabled={rows.length === 0}>
            <Icon name="csv" size="xs" />
            CSV
          </button>
        </span>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No risk policy decided anything" icon="check">
          {run.spec.policy
            ? "The policy was asked for no entry: the run gave none."
            : "The run is unconstrained. Choose a risk policy on the Backtest page to put one under it."}
        </EmptyState>
      ) : (
        <>
          <DataTable
            label="Decisions of the policy"
            columns={COLUMNS}
            rowCount={rows.length}
            rowAt={(index) => rows[index]}
            rowKey={(row) => String(row.sequence)}
            sort={sort}
            onSort={(next) => {
              setActive(null);
              setSort(next);
            }}
            active={active}
            onActive={(index) => {
              setActive(index);
              if (opened) setOpened(rows[index] ?? null);
            }}
            onPeek={setOpened}
            ownsKeys
            height={520}
            phoneRow={(row) => (
              <>
                <span className="grow">
                  <span className="sym">{row.symbol ?? ofWhom(row)}</span>
                  <span className="t3 xs trunc num" style={{ display: "block" }}>
                    {barTime(row.at)} · {ruleName(row.rule)}
                  </span>
                </span>
                <span className="pr num">
                  <Outcome decision={row} />
                  {(row.symbol !== null || row.outcome === "SCALE") && (
                    <span className="xs t3">
                      {row.granted === null ? "–" : amountOf(row, row.granted)} of{" "}
                      {row.wanted === null ? "–" : amountOf(row, row.wanted)}
                    </span>
                  )}
                </span>
              </>
            )}
          />
          {refused.count > 0 && (
            <div className="card-f">
              {counted(refused.count, "order")} refused or cut down. In the same run without the policy{" "}
              {refused.known === refused.count ? "they" : `${count(refused.known)} of them`} made{" "}
              <b className={`num b ${toneOf(refused.made)}`}>{signedRupees(refused.made)}</b>.
            </div>
          )}
        </>
      )}
      <Drawer
        open={opened !== null}
        onClose={() => setOpened(null)}
        title={opened ? `${opened.symbol ?? ofWhom(opened)}, decision` : ""}
      >
        {opened && <DecisionPanel decision={opened} runId={run.run_id} />}
      </Drawer>
    </section>
  );
}

const MONEY = [
  ["price", "Price"],
  ["limit", "Room left by the rule"],
  ["cash", "Free cash"],
  ["equity", "Equity"],
] as const;

/** One decision: the rule, and the numbers that it was taken by. */
function DecisionPanel({ decision, runId }: { decision: Decision; runId: string }) {
  const { wanted, granted, stop_used: used, would_have_made: made } = decision;
  return (
    <div className="card-b" style={{ paddingInline: 14 }}>
      <div className="row between">
        <b className="sb">{ruleName(decision.rule)}</b>
        <Outcome decision={decision} />
      </div>
      <p className="t2">{ruleText(decision.rule)}.</p>
      <dl className="kv num">
        <dt>Session</dt>
        <dd>{barTime(decision.at, true)}</dd>
        <dt>State of the account</dt>
        <dd>{decision.state}</dd>
        {wanted !== null && (
          <>
            <dt>Wanted, {decision.outcome === "SCALE" ? "all targets" : "shares"}</dt>
            <dd>{amountOf(decision, wanted)}</dd>
          </>
        )}
        {granted !== null && (
          <>
            <dt>Granted</dt>
            <dd>{amountOf(decision, granted)}</dd>
          </>
        )}
        {MONEY.map(([name, label]) => {
          const value = decision[name];
          return value === null ? null : (
            <Fragment key={name}>
              <dt>{label}</dt>
              <dd>{rupees(value, true)}</dd>
            </Fragment>
          );
        })}
        {used !== null && (
          <>
            <dt>Of the daily stop used</dt>
            <dd>{percent(used)}</dd>
          </>
        )}
        {made !== null && (
          <>
            <dt>The part refused made, without the policy</dt>
            <dd className={toneOf(made)}>{signedRupees(made, 2)}</dd>
          </>
        )}
      </dl>
      <p className="xs t3">From the decisions of run {shortHash(runId)}.</p>
    </div>
  );
}
