"use client";

import { Fragment, useMemo, type ReactNode } from "react";
import type { Column } from "@/components/data-table";
import type { IconName } from "@/components/icon";
import { Badge, Unknown, toneOf } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { barTime, count, counted, percent, rupees, shortHash, signedRupees } from "@/lib/format";
import type { RunDetail } from "@/lib/types";
import { decisionsOf, ofWhom, refusedByPolicy, ruleName, ruleText, type Decision } from "./decisions";
import { OrdersTable } from "./orders-table";

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

/** Every decision of the run's risk policy with the numbers it was taken by. `tabs` stands in the place of the title. */
export function DecisionsTable({ run, tabs }: { run: RunDetail; tabs?: ReactNode }) {
  const decisions = useMemo(() => decisionsOf(run), [run]);
  const refused = refusedByPolicy(decisions);
  return (
    <OrdersTable
      run={run}
      title="Decisions of the policy"
      tabs={tabs}
      file="policy-decisions"
      what="the decisions"
      rows={decisions}
      columns={COLUMNS}
      by="at"
      rowKey={(row) => String(row.sequence)}
      phoneRow={(row) => <PhoneDecision decision={row} />}
      empty={
        <EmptyState title="No risk policy decided anything" icon="check">
          {run.spec.policy
            ? "The policy was asked for no entry: the run gave none."
            : "The run is unconstrained. Choose a risk policy on the Backtest page to put one under it."}
        </EmptyState>
      }
      note={
        refused.count > 0 && (
          <div className="card-f">
            {counted(refused.count, "order")} refused or cut down. In the same run without the policy{" "}
            {refused.known === refused.count ? "they" : `${count(refused.known)} of them`} made{" "}
            <b className={`num b ${toneOf(refused.made)}`}>{signedRupees(refused.made)}</b>.
          </div>
        )
      }
      opens={(row) => ({
        title: `${row.symbol ?? ofWhom(row)}, decision`,
        body: <DecisionPanel decision={row} runId={run.run_id} />,
      })}
    />
  );
}

function PhoneDecision({ decision }: { decision: Decision }) {
  const { wanted, granted } = decision;
  return (
    <>
      <span className="grow">
        <span className="sym">{decision.symbol ?? ofWhom(decision)}</span>
        <span className="t3 xs trunc num" style={{ display: "block" }}>
          {barTime(decision.at)} · {ruleName(decision.rule)}
        </span>
      </span>
      <span className="pr num">
        <Outcome decision={decision} />
        {(decision.symbol !== null || decision.outcome === "SCALE") && (
          <span className="xs t3">
            {granted === null ? "–" : amountOf(decision, granted)} of{" "}
            {wanted === null ? "–" : amountOf(decision, wanted)}
          </span>
        )}
      </span>
    </>
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
