"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FollowedJob } from "@/components/data-jobs";
import { DateInput } from "@/components/fields";
import { Badge, Unknown } from "@/components/marks";
import { DataState } from "@/components/shared/DataState";
import { dataAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, date, instant } from "@/lib/format";
import type { SyncState } from "@/lib/types";
import { syncQuery } from "./queries";

/** Files from the exchange's archives: off until a person switches them on, then every evening and on request. */
export function Downloads() {
  const query = useQuery(syncQuery);
  return (
    <section className="card" aria-label="Downloads">
      <div className="card-h">
        <h2>Downloads</h2>
        {query.data && (
          <Badge {...(query.data.enabled && { tone: "ok" as const })}>
            {query.data.enabled ? "On" : "Off"}
          </Badge>
        )}
      </div>
      <DataState query={query} failed="The state of the downloads cannot be read">
        {(state) => <Switch state={state} />}
      </DataState>
    </section>
  );
}

function Switch({ state }: { state: SyncState }) {
  const client = useQueryClient();
  const [first, setFirst] = useState("");
  const [job, setJob] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: (enabled: boolean) => unwrap(dataAPI.switchSync(enabled)),
    onSuccess: (answer) => client.setQueryData(syncQuery.queryKey, answer),
  });
  const run = useMutation({
    mutationFn: () => unwrap(dataAPI.sync(first || null)),
    onSuccess: (answer) => setJob(answer.job.id),
  });
  const error = change.error ?? run.error;
  const needsStart = state.last_price_day === null && !first;
  return (
    <>
      <div className="card-b stack g3">
        {!state.enabled && <p className="t2 xs">{state.terms}</p>}
        {state.enabled && (
          <dl className="kv num">
            <dt>Newest price</dt>
            <dd>
              {state.last_price_day ? date(state.last_price_day) : <Unknown why="Nothing is stored yet" />}
            </dd>
            <dt>Published until</dt>
            <dd>{date(state.published_until)}</dd>
            <dt>Files kept</dt>
            <dd>{count(state.downloads.KEPT ?? 0)}</dd>
            {state.blocked_until && (
              <>
                <dt>Refused until</dt>
                <dd className="wn">{instant(state.blocked_until)}</dd>
              </>
            )}
          </dl>
        )}
        {state.enabled && job === null && (
          <form
            className="row g3 wrap"
            onSubmit={(event) => {
              event.preventDefault();
              run.mutate();
            }}
          >
            <label className="stack g1">
              <span className="xs t2">From, else after the newest price</span>
              <DateInput
                value={first}
                max={state.published_until}
                onChange={(event) => setFirst(event.target.value)}
              />
            </label>
            <button type="submit" className="btn p" disabled={run.isPending || needsStart}>
              Download what is missing
            </button>
          </form>
        )}
        {job !== null && <FollowedJob key={job} id={job} title="Download" onAgain={() => setJob(null)} />}
        {error && (
          <p className="er xs" role="alert">
            {getErrorMessage(error)}
          </p>
        )}
      </div>
      <div className="card-f row between wrap">
        <span>One request a second, each file once, and every evening of a session after 19:00 IST.</span>
        <button
          type="button"
          className="btn sm"
          disabled={change.isPending}
          onClick={() => change.mutate(!state.enabled)}
        >
          {state.enabled ? "Switch downloads off" : "Switch downloads on"}
        </button>
      </div>
    </>
  );
}
