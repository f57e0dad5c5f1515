"use client";

import { useEffect, useState, type ReactNode } from "react";
import { Icon, type IconName } from "@/components/icon";
import { toast } from "@/components/toast";
import { ApiError, getErrorMessage } from "@/lib/errors";
import { duration } from "@/lib/format";
import type { Job } from "@/lib/types";

/** A skeleton in the shape of the answer. It appears after 150 ms, so that a quick answer does not blink. */
export function LoadingState({
  label = "Loading",
  rows = 5,
  height,
}: {
  label?: string;
  rows?: number;
  height?: number;
}) {
  const [phase, setPhase] = useState<"quiet" | "shown" | "slow">("quiet");
  useEffect(() => {
    const show = setTimeout(() => setPhase("shown"), 150);
    const slow = setTimeout(() => setPhase("slow"), 10_000);
    return () => {
      clearTimeout(show);
      clearTimeout(slow);
    };
  }, []);
  return (
    <div className="card-b stack g3" role="status" style={height ? { minHeight: height } : undefined}>
      <span className="sr">{label}</span>
      {phase !== "quiet" &&
        Array.from({ length: rows }, (_, row) => (
          <i
            key={row}
            className="sk"
            aria-hidden="true"
            style={{ height: 12, width: `${88 - ((row * 17) % 40)}%` }}
          />
        ))}
      {phase === "slow" && <p className="xs t3">Still working. The data folder may be on a slow disk.</p>}
    </div>
  );
}

export interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  icon?: IconName;
  action?: ReactNode;
}

/** What is empty, why, and the one step on. */
export function EmptyState({ title, children, icon = "screen", action }: EmptyStateProps) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}

export interface ErrorStateProps {
  error: unknown;
  /** What stopped, as a title: "The screener stopped". */
  title: string;
  onRetry?: () => void;
  /** The way on, where trying again is none. */
  way?: ReactNode;
}

/** What stopped, with which input, what to do; the code and the request id small, to be quoted in a report. */
export function ErrorState({ error, title, onRetry, way }: ErrorStateProps) {
  const api = error instanceof ApiError ? error : null;
  const details = [api?.code, api?.requestId && `request ${api.requestId}`, getErrorMessage(error)]
    .filter(Boolean)
    .join(" · ");
  const copy = async () => {
    await navigator.clipboard.writeText(details);
    toast({ title: "Details copied" });
  };
  return (
    <div className="empty" role="alert" style={{ paddingBlock: 22 }}>
      <span className="er">
        <Icon name="err" />
      </span>
      <h3>{title}</h3>
      <p>{getErrorMessage(error)}</p>
      <div className="row">
        {onRetry && (api === null || api.retryable) && (
          <button type="button" className="btn" onClick={onRetry}>
            <Icon name="retry" size="s" />
            Retry
          </button>
        )}
        {way}
        <button type="button" className="btn q" onClick={copy}>
          Copy details
        </button>
      </div>
      {api && (
        <span className="xs t3">
          {api.code}
          {api.requestId && (
            <>
              {" · request "}
              <code className="mono">{api.requestId.slice(0, 8)}</code>
            </>
          )}
        </span>
      )}
    </div>
  );
}

/** The last value stays, marked as old; the reason is in the badge. */
export function StaleState({ since, children }: { since: string; children: ReactNode }) {
  return (
    <div className="stack">
      <span className="badge stale-mark">
        <Icon name="clock" size="xs" />
        Stale since {since}
      </span>
      <div className="is-stale">{children}</div>
    </div>
  );
}

const JOB_WORDS: Record<Job["state"], string> = {
  QUEUED: "Waiting for a free worker",
  RUNNING: "Running",
  SUCCEEDED: "Finished",
  FAILED: "Stopped by an error",
  CANCELLED: "Cancelled",
};

/** These tell which stage they are at, no share of what there is to do. */
const IN_STAGES: readonly string[] = ["backtest", "verify_run", "verify_walk_forward"];

export interface JobStateProps {
  job: Job;
  title: string;
  /** When it was asked for, in a list of jobs. */
  at?: string;
  onCancel?: () => void;
  onRetry?: () => void;
}

/** A job where its answer will be: bar, count, rate and time left, Cancel. */
export function JobState({ job, title, at, onCancel, onRetry }: JobStateProps) {
  const runs = job.state === "QUEUED" || job.state === "RUNNING";
  const staged = IN_STAGES.includes(job.kind);
  const shown = job.state === "SUCCEEDED" ? 1 : (job.progress ?? 0);
  return (
    <div className="stack" style={{ gap: 6 }} aria-live="polite">
      <div className="row between">
        <span className="row b">
          {job.state === "SUCCEEDED" && (
            <span className="ok row">
              <Icon name="check" size="s" />
            </span>
          )}
          {job.state === "FAILED" && (
            <span className="er row">
              <Icon name="err" size="s" />
            </span>
          )}
          {job.state === "CANCELLED" && (
            <span className="t3 row">
              <Icon name="no" size="s" />
            </span>
          )}
          {title}
        </span>
        {runs && !staged && <span className="num t2">{Math.floor(shown * 100)}%</span>}
      </div>
      {runs && (
        <div
          className="prog"
          role="progressbar"
          aria-label={title}
          aria-valuenow={staged ? undefined : Math.floor(shown * 100)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <i style={{ width: `${shown * 100}%` }} />
        </div>
      )}
      {job.state === "FAILED" ? (
        <p className="er" role="alert">
          {job.error?.message ?? job.message ?? "The job stopped and gave no reason."}
          {at && <span className="xs t3 num">{` ${at}`}</span>}
        </p>
      ) : (
        <div className="row between xs t3 num">
          <span>
            {runs ? (job.message ?? JOB_WORDS[job.state]) : ended(job)}
            {runs && <TimeTold job={job} staged={staged} />}
          </span>
          {at && <span>{at}</span>}
          {runs && onCancel && (
            <button type="button" className="link" onClick={onCancel}>
              Cancel
            </button>
          )}
        </div>
      )}
      {!runs && job.state !== "SUCCEEDED" && onRetry && (
        <div>
          <button type="button" className="btn sm" onClick={onRetry}>
            <Icon name="retry" size="xs" />
            Start again
          </button>
        </div>
      )}
    </div>
  );
}

/** "Finished in 72 s": once a job has ended, its last progress message says nothing more. */
function ended(job: Job): string {
  if (job.state !== "SUCCEEDED" || !job.started_at || !job.finished_at) return JOB_WORDS[job.state];
  return `Finished in ${duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)}`;
}

/** Of a job in stages how long it works; of another the time left, estimated from the share done once that means something. */
function TimeTold({ job, staged }: { job: Job; staged: boolean }) {
  const [now, setNow] = useState<number | null>(null);
  useEffect(() => {
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(tick);
  }, []);
  if (now === null) return null;
  const spent = (now - Date.parse(job.started_at ?? job.created_at)) / 1000;
  if (!(spent >= 2)) return null;
  if (staged) return <> · {duration(spent)} so far</>;
  if (!job.progress || job.progress < 0.05) return null;
  const left = (spent * (1 - job.progress)) / job.progress;
  return left < 1 ? null : <> · about {duration(left)} left</>;
}

interface QueryLike<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  isPlaceholderData?: boolean;
  refetch?: () => unknown;
}

export interface DataStateProps<T> {
  query: QueryLike<T>;
  /** For the error's title: "The screener stopped". */
  failed: string;
  way?: ReactNode;
  loading?: ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Loading, failure and emptiness are states of the data: drawn here, once. Old data stays at 60% while new data loads. */
export function DataState<T>({ query, failed, way, loading, isEmpty, empty, children }: DataStateProps<T>) {
  if (query.data !== undefined) {
    if (isEmpty?.(query.data)) return <>{empty}</>;
    return query.isPlaceholderData ? (
      <div className="dim">{children(query.data)}</div>
    ) : (
      <>{children(query.data)}</>
    );
  }
  if (query.isPending) return <>{loading ?? <LoadingState />}</>;
  return (
    <ErrorState
      error={query.error}
      title={failed}
      way={way}
      onRetry={query.refetch && (() => void query.refetch?.())}
    />
  );
}
