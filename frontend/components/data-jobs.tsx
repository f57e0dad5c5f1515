"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Fragment, useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { ErrorState, JobState } from "@/components/shared/DataState";
import { dataAPI, jobsAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { bytes, count, counted, grouped } from "@/lib/format";
import { noteSwitch } from "@/lib/market-seen";
import type { Job, Market } from "@/lib/types";
import { jobRuns, useJob } from "@/lib/use-job";

/** A change of data or of market makes every answer on screen old: all of it is asked again. */
export function useRefreshAll(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries();
}

export function useSwitchMarket(onDone?: () => void) {
  const refresh = useRefreshAll();
  return useMutation({
    mutationFn: (market: Market) => unwrap(dataAPI.setMarket(market)),
    onSuccess: async ({ market }) => {
      noteSwitch(market);
      await refresh();
      onDone?.();
    },
  });
}

export interface ImportFormProps {
  onStarted: (job: Job) => void;
  /** The page's one filled button, or one among others. */
  primary?: boolean;
}

/** Two ways in: a path on the machine of the server, or a folder sent by the browser. */
export function ImportForm({ onStarted, primary = true }: ImportFormProps) {
  const [path, setPath] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const byPath = useMutation({
    mutationFn: (folder: string) => unwrap(dataAPI.importPath(folder)),
    onSuccess: ({ job }) => onStarted(job),
    onError: (error) => setProblem(getErrorMessage(error)),
  });
  const upload = useUpload(onStarted);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const folder = path.trim();
    if (!folder) {
      setProblem("A folder or a file on this machine, for example ~/market/nse.");
      return;
    }
    byPath.mutate(folder);
  };
  return (
    <form className="stack" style={{ gap: 10 }} onSubmit={submit} noValidate>
      <TextField
        label="Folder or file"
        mono
        value={path}
        placeholder="~/market/nse"
        autoComplete="off"
        spellCheck={false}
        error={problem}
        hint="On the machine that runs SmartTrader. Read only; nothing is moved."
        onChange={(event) => {
          setPath(event.target.value);
          setProblem(null);
        }}
      />
      <input
        ref={(element) => {
          picker.current = element;
          element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = "";
          if (files.length > 0) upload.start(files);
        }}
      />
      {upload.sending && <Sending {...upload.sending} onCancel={upload.cancel} />}
      {upload.stopped && (
        <p className="xs t2" role="status">
          Sending was cancelled. Nothing was imported.
        </p>
      )}
      {upload.error && (
        <p className="err er xs row top" role="alert">
          <Icon name="err" size="xs" />
          <span>{getErrorMessage(upload.error)}</span>
        </p>
      )}
      <div className="row wrap">
        <button
          type="submit"
          className={`btn grow ${primary ? "p" : ""}`}
          disabled={byPath.isPending || upload.sending !== null}
        >
          Import files
        </button>
        <button
          type="button"
          className="btn"
          disabled={byPath.isPending || upload.sending !== null}
          onClick={() => picker.current?.click()}
        >
          <Icon name="folder" size="s" />
          Send a folder…
        </button>
      </div>
    </form>
  );
}

interface Progress {
  files: number;
  sent: number;
  total: number;
}

/** A folder on its way from the browser: how much of it has left, and a way to stop it. */
function useUpload(onStarted: (job: Job) => void) {
  const [sending, setSending] = useState<Progress | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const mutation = useMutation({
    mutationFn: (files: readonly File[]) => {
      abort.current = new AbortController();
      const onProgress = (sent: number, total: number) => setSending({ files: files.length, sent, total });
      onProgress(
        0,
        files.reduce((sum, file) => sum + file.size, 0),
      );
      return unwrap(dataAPI.importFiles(files, { signal: abort.current.signal, onProgress }));
    },
    onSuccess: ({ job }) => onStarted(job),
    onSettled: () => setSending(null),
  });
  const stopped = mutation.error instanceof DOMException && mutation.error.name === "AbortError";
  return {
    sending,
    stopped,
    error: stopped ? null : mutation.error,
    start: (files: readonly File[]) => mutation.mutate(files),
    cancel: () => abort.current?.abort(),
  };
}

function Sending({ files, sent, total, onCancel }: Progress & { onCancel: () => void }) {
  const share = total > 0 ? Math.min(1, sent / total) : 0;
  const title = `Sending ${counted(files, "file")}`;
  return (
    <div className="stack" style={{ gap: 6 }}>
      <div className="row between">
        <span className="b" role="status">
          {title}
        </span>
        <span className="num t2">{Math.floor(share * 100)}%</span>
      </div>
      <div
        className="prog"
        role="progressbar"
        aria-label={title}
        aria-valuenow={Math.floor(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <div className="row between xs t3 num">
        <span>
          {share < 1 ? `${bytes(sent)} of ${bytes(total)}` : `${bytes(total)} sent, waiting for the job`}
        </span>
        <button type="button" className="link" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  );
}

export interface FollowedJobProps {
  id: string;
  title: string;
  onSucceeded?: (job: Job) => void;
  onAgain?: () => void;
  /** Shown under the counts when it has finished. */
  next?: ReactNode;
}

/** The job in the place of the button that started it, until its answer is there. */
export function FollowedJob({ id, title, onSucceeded, onAgain, next }: FollowedJobProps) {
  const query = useJob(id);
  const refresh = useRefreshAll();
  const cancel = useMutation({
    mutationFn: () => unwrap(jobsAPI.cancel(id)),
    onSuccess: () => query.refetch(),
  });
  const told = useRef<string | null>(null);
  const job = query.data;
  useEffect(() => {
    if (!job || jobRuns(job) || told.current === job.id) return;
    told.current = job.id;
    void refresh();
    if (job.state === "SUCCEEDED") onSucceeded?.(job);
  });
  if (query.error && !job)
    return (
      <ErrorState title="The job cannot be read" error={query.error} onRetry={() => void query.refetch()} />
    );
  if (!job) return <div className="sk" style={{ height: 48 }} />;
  return (
    <div className="stack g3">
      <JobState job={job} title={title} onCancel={() => cancel.mutate()} onRetry={onAgain} />
      {cancel.error && <p className="xs er">{getErrorMessage(cancel.error)}</p>}
      {job.state === "SUCCEEDED" && <JobCounts job={job} />}
      {job.state === "SUCCEEDED" && next}
    </div>
  );
}

const COUNTS: readonly { name: string; label: string; looks?: boolean }[] = [
  { name: "loaded", label: "Files loaded" },
  { name: "files", label: "Files" },
  { name: "fetched", label: "Files fetched" },
  { name: "kept_before", label: "Files kept from before" },
  { name: "not_published", label: "Files not published", looks: true },
  { name: "failed", label: "Files without an answer", looks: true },
  { name: "already_known", label: "Files already known" },
  { name: "refused", label: "Files refused", looks: true },
  { name: "failed_paths", label: "Paths refused", looks: true },
  { name: "ignored", label: "Files of no known kind" },
  { name: "rows", label: "Rows" },
  { name: "findings", label: "Findings" },
  { name: "seconds", label: "Seconds" },
];

/** What came of a job, by the counts that its worker reported; a refused file is pointed at, never hidden in a total. */
function JobCounts({ job }: { job: Job }) {
  const shown = COUNTS.flatMap(({ name, label, looks }) => {
    const reported = job.result?.[name];
    const value = Array.isArray(reported) ? reported.length : reported;
    return typeof value === "number" && (value > 0 || !looks) ? [{ name, label, value, looks }] : [];
  });
  if (shown.length === 0) return null;
  return (
    <dl className="kv num xs">
      {shown.map(({ name, label, value, looks }) => (
        <Fragment key={name}>
          <dt>{label}</dt>
          <dd className={looks ? "wn" : ""}>{Number.isInteger(value) ? count(value) : grouped(value, 1)}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

export function sentence(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
