"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { sweepAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, percent } from "@/lib/format";
import type { Sweep } from "@/lib/types";
import { atWork } from "./queries";

/** How far a sweep at work or interrupted is, and what can be done with it. */
export function Work({ sweep }: { sweep: Sweep }) {
  const client = useQueryClient();
  const router = useRouter();
  const again = () => client.invalidateQueries({ queryKey: ["sweep", sweep.sweep_id] });
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
          {atWork(sweep)
            ? "What is worked out is kept: a sweep that is interrupted goes on where it was."
            : "Nobody is at work on it. What is worked out is kept."}
        </span>
        <span className="row">
          {!atWork(sweep) && (
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
            onClick={() => cancel.mutate()}
            disabled={cancel.isPending}
          >
            Cancel and remove
          </button>
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
