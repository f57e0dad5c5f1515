"use client";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { FollowedJob } from "@/components/data-jobs";
import { Icon } from "@/components/icon";
import { toast } from "@/components/toast";
import { VerifiedBadge, type Verified } from "@/components/verified-badge";
import { getErrorMessage } from "@/lib/errors";
import type { Job } from "@/lib/types";
import { useAtWork } from "@/lib/use-job";

/** Seconds in which a short one answers at once; a longer one is followed as the job it is. */
export const VERIFY_WAIT = 2;

/** Working a stored result out again: as long as it takes, with a way to stop it. */
export function useVerification(what: string, ask: () => Promise<Verified | { job: Job }>) {
  const [found, setFound] = useState<{ verified: Verified; at: number } | null>(null);
  const [job, setJob] = useState<string | null>(null);
  const works = useAtWork(job);
  const tell = (verified: Verified) => setFound({ verified, at: Date.now() });
  const asked = useMutation({
    mutationFn: ask,
    onMutate: () => {
      setFound(null);
      setJob(null);
    },
    onSuccess: (answer) => ("job" in answer ? setJob(answer.job.id) : tell(answer)),
    onError: (error) =>
      toast({ title: `${what} was not verified`, text: getErrorMessage(error), tone: "er" }),
  });
  const working = asked.isPending || works;
  return { found, job: found ? null : job, working, tell, start: () => asked.mutate() };
}

export type VerificationState = ReturnType<typeof useVerification>;

export function Outcome({ state: { found } }: { state: VerificationState }) {
  return found && <VerifiedBadge verification={found.verified} at={found.at} />;
}

export function VerifyButton({ state: { working, start } }: { state: VerificationState }) {
  return (
    <button type="button" className="btn" disabled={working} onClick={start}>
      <Icon name="retry" size="s" />
      {working ? "Verifying" : "Verify"}
    </button>
  );
}

/** How far it is, where it takes longer than a moment. */
export function VerifyingJob({ state: { job, tell } }: { state: VerificationState }) {
  return (
    job !== null && (
      <section className="card card-b" aria-label="Verification" style={{ marginBottom: 12 }}>
        <FollowedJob
          id={job}
          title="Working it out again"
          onSucceeded={(done) => tell(done.result as unknown as Verified)}
        />
      </section>
    )
  );
}
