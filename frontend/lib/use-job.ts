"use client";

import { useQuery } from "@tanstack/react-query";
import { jobsAPI, unwrap } from "./api-client";
import type { Job } from "./types";

export const jobRuns = (job: Pick<Job, "state"> | undefined): boolean =>
  job?.state === "QUEUED" || job?.state === "RUNNING";

const POLL_MS = 500;

/** Follows one job until it ends. Polling survives a restart of the server, since the job is stored. */
export function useJob(id: string | null) {
  return useQuery({
    queryKey: ["job", id],
    queryFn: ({ signal }) => unwrap(jobsAPI.get(id as string, signal)),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && !jobRuns(query.state.data) ? false : POLL_MS),
    refetchIntervalInBackground: true,
  });
}

/** Whether a job that was started has not ended yet, as far as that can be known. */
export function useAtWork(id: string | null): boolean {
  const { data, error } = useJob(id);
  return id !== null && (data ? jobRuns(data) : error === null);
}
