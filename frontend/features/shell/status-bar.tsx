"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useEffect, useState } from "react";
import { Icon } from "@/components/icon";
import { Unknown } from "@/components/marks";
import { date, istTime, shortHash } from "@/lib/format";
import { healthQuery, jobsQuery, marketStatusQuery } from "@/lib/queries";
import { jobRuns } from "@/lib/use-job";

/** What the numbers on screen rest on: data to, snapshot, the market's phase, jobs, the clock in India. */
export function StatusBar() {
  const health = useQuery(healthQuery);
  const market = useQuery(marketStatusQuery);
  const data = health.data?.data;
  return (
    <footer className="stat">
      <span>
        <Icon name="data" size="xs" />
        {data ? (
          <>
            Data to <b className="b t1 num">{date(data.last_session)}</b>
          </>
        ) : health.error ? (
          "Server away"
        ) : health.data ? (
          "No data yet"
        ) : (
          "Reading"
        )}
      </span>
      {data && (
        <span>
          <code className="mono" title="Snapshot: a content hash of the stored prices">
            {shortHash(data.snapshot)}
          </code>
        </span>
      )}
      {health.data && health.data.status !== "READY" && (
        <span className="wn">
          <Icon name="warn" size="xs" />
          {health.data.status}
        </span>
      )}
      {market.data && <span>{market.data.message ?? market.data.phase}</span>}
      <span className="push">
        <JobsLine />
      </span>
      <span className="num">
        <Clock />
      </span>
    </footer>
  );
}

function JobsLine() {
  const jobs = useQuery(jobsQuery);
  const running = jobs.data?.data.filter(jobRuns) ?? [];
  const [first] = running;
  if (!first) return <span className="t3">No job runs</span>;
  const share = first.progress === null ? "" : ` · ${Math.floor(first.progress * 100)}%`;
  return (
    <Link href="/data/" className="num">
      {running.length === 1 ? "1 job" : `${running.length} jobs`}
      {share}
    </Link>
  );
}

export function Clock() {
  const [now, setNow] = useState<Date | null>(null);
  useEffect(() => {
    const tick = () => setNow(new Date());
    const first = setTimeout(tick, 0);
    const timer = setInterval(tick, 1000);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, []);
  return (
    <time className="num" suppressHydrationWarning>
      {now ? istTime(now) : "--:--:--"} IST
    </time>
  );
}

/** The same facts as rows, for the More sheet of a phone. */
export function StatusFacts() {
  const health = useQuery(healthQuery);
  const market = useQuery(marketStatusQuery);
  const data = health.data?.data;
  const none = "No data has been imported";
  return (
    <>
      <dt>Data to</dt>
      <dd>{data ? date(data.last_session, true) : <Unknown why={none} />}</dd>
      <dt>Snapshot</dt>
      <dd>{data ? <code className="mono">{shortHash(data.snapshot)}</code> : <Unknown why={none} />}</dd>
      <dt>Exchange</dt>
      <dd>
        {market.data ? (
          (market.data.message ?? market.data.phase)
        ) : (
          <Unknown why="The calendar has not answered" />
        )}
      </dd>
      <dt>Jobs</dt>
      <dd>
        <JobsLine />
      </dd>
    </>
  );
}
