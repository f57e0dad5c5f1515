"use client";

import { Fragment } from "react";
import { sentence } from "@/components/data-jobs";
import { count, counted } from "@/lib/format";
import type { RunHead } from "@/lib/types";
import { reasonName } from "./refusals";
import { readSpec } from "@/components/run-spec";

/** What the run was asked, how much of its universe it could trade, and what was refused. */
export function Inputs({ run }: { run: RunHead }) {
  const refused = Object.entries(run.refused);
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
        {refused.length === 0 ? (
          <>
            <dt>Orders refused</dt>
            <dd>0</dd>
          </>
        ) : (
          refused.map(([reason, orders]) => (
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
