"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { strategyAPI, unwrap } from "@/lib/api-client";
import type { BacktestRequest, Job } from "@/lib/types";
import { useAtWork } from "@/lib/use-job";
import { runQuery, runTablesQuery } from "./queries";

/** Starts a run and goes to its page: at once when the answer comes at once, else when its job has ended. */
export function useRun(onRefused: (error: unknown) => void) {
  const router = useRouter();
  const client = useQueryClient();
  const [job, setJob] = useState<Job | null>(null);
  const works = useAtWork(job?.id ?? null);
  const show = (runId: string) => {
    void client.invalidateQueries({ queryKey: ["runs"] });
    router.push(`/quant/run/?run=${runId}`);
  };
  const mutation = useMutation({
    mutationFn: (request: BacktestRequest) => unwrap(strategyAPI.backtest(request, crypto.randomUUID())),
    onError: onRefused,
  });
  return {
    job,
    error: mutation.error,
    busy: mutation.isPending || works,
    start: (request: BacktestRequest) => {
      setJob(null);
      // only while the form is on screen: who has left it meanwhile is not taken to the run
      mutation.mutate(request, {
        onSuccess: (answer) => {
          if ("job" in answer) {
            setJob(answer.job);
          } else {
            client.setQueryData(runQuery(answer.run_id).queryKey, answer);
            client.setQueryData(runTablesQuery(answer.run_id).queryKey, answer);
            show(answer.run_id);
          }
        },
      });
    },
    finished: (ended: Job) => {
      const runId = ended.result?.run_id;
      if (typeof runId === "string") show(runId);
    },
  };
}
