"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Fragment, useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { ErrorState, JobState } from "@/components/shared/DataState";
import { dataAPI, jobsAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { bytes, count, counted, grouped } from "@/lib/format";
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
    onSuccess: async () => {
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
  const upload = useMutation({
    mutationFn: (files: readonly File[]) => unwrap(dataAPI.importFiles(files)),
    onSuccess: ({ job }) => onStarted(job),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const folder = path.trim();
    if (!folder) {
      setProblem("A folder or a file on this machine, for example ~/market/nse.");
      return;
    }
    byPath.mutate(folder);
  };
  const sending = upload.isPending ? upload.variables : null;
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
          if (files.length > 0) upload.mutate(files);
        }}
      />
      {sending && (
        <p className="xs t2" role="status">
          Sending {counted(sending.length, "file")},{" "}
          {bytes(sending.reduce((sum, file) => sum + file.size, 0))}
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
          disabled={byPath.isPending || upload.isPending}
        >
          Import files
        </button>
        <button
          type="button"
          className="btn"
          disabled={byPath.isPending || upload.isPending}
          onClick={() => picker.current?.click()}
        >
          <Icon name="folder" size="s" />
          Send a folder…
        </button>
      </div>
    </form>
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
