"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { Dialog } from "@/components/layers";
import { sweepAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, percent } from "@/lib/format";
import type { Sweep } from "@/lib/types";
import { useJob } from "@/lib/use-job";
import { atWork } from "./queries";

/** How far a sweep at work or interrupted is, and what can be done with it. */
export function Work({ sweep }: { sweep: Sweep }) {
  const client = useQueryClient();
  const job = useJob(atWork(sweep) ? sweep.job_id : null).data;
  const [asking, setAsking] = useState(false);
  const router = useRouter();
  const again = () => client.invalidateQueries({ queryKey: ["sweep", sweep.sweep_id], exact: true });
  const resume = useMutation({ mutationFn: () => unwrap(sweepAPI.resume(sweep.sweep_id)), onSuccess: again });
  const cancel = useMutation({
    mutationFn: () => unwrap(sweepAPI.cancel(sweep.sweep_id)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["sweeps"] });
      router.push("/quant/sweeps/");
    },
  });
  if (sweep.state === "FINISHED") return null;
  const share = sweep.done / sweep.points;
  const problem = resume.error ?? cancel.error;
  return (
    <section className="card card-b stack g3" aria-label="Progress" style={{ marginBottom: 12 }}>
      <div className="row between num">
        <span>
          {count(sweep.done)} of {counted(sweep.points, "point")}
        </span>
        <span>{percent(share, 0)}</span>
      </div>
      <div
        className="prog"
        role="progressbar"
        aria-label="Points worked out"
        aria-valuenow={Math.floor(share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <div className="row between wrap" style={{ gap: 8 }}>
        <span className="xs t3">
          {sweep.reason && `${sweep.reason.replace(/\.$/, "")}. `}
          {sweep.state === "FAILED"
            ? "It cannot go on. The trials stay counted, each once."
            : !atWork(sweep)
              ? "Nobody is at work on it. What is worked out is kept."
              : sweep.done === 0 && job?.message
                ? job.message
                : "What is worked out is kept: a sweep that is interrupted goes on where it was."}
        </span>
        <span className="row">
          {sweep.state === "INTERRUPTED" && (
            <button
              type="button"
              className="btn p sm"
              onClick={() => resume.mutate()}
              disabled={resume.isPending}
            >
              Go on
            </button>
          )}
          <button
            type="button"
            className="btn sm"
            onClick={() => (sweep.done > 0 ? setAsking(true) : cancel.mutate())}
            disabled={cancel.isPending}
          >
            {sweep.state === "FAILED" ? "Remove" : "Cancel and remove"}
          </button>
          <Dialog
            open={asking}
            onClose={() => setAsking(false)}
            title="Remove this sweep?"
            footer={
              <>
                <button type="button" className="btn" onClick={() => setAsking(false)}>
                  Keep the sweep
                </button>
                <button
                  type="button"
                  className="btn d"
                  onClick={() => {
                    setAsking(false);
                    cancel.mutate();
                  }}
                >
                  Remove the sweep
                </button>
              </>
            }
          >
            {count(sweep.done)} of {counted(sweep.points, "point")} {sweep.done === 1 ? "is" : "are"} worked
            out and would be lost. The trials stay counted.
          </Dialog>
        </span>
      </div>
      {problem && (
        <p className="er" role="alert">
          {getErrorMessage(problem)}
        </p>
      )}
    </section>
  );
}
