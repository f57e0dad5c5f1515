"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Badge } from "@/components/marks";
import { ErrorState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { pushAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { turnOff, turnOn } from "@/lib/push";
import { ownPushQuery, pushQuery } from "@/lib/queries";
import type { PushBrowser } from "@/lib/types";
import { jobRuns, useJob } from "@/lib/use-job";

/** The row of the server's list that is this browser, where it is told of alerts. */
export function useOwnBrowser(): PushBrowser | null {
  const own = useQuery(ownPushQuery);
  const status = useQuery(pushQuery);
  const digest = own.data?.digest ?? null;
  return status.data?.browsers.find((one) => one.digest === digest && one.ended_at === null) ?? null;
}

/** Notifications of this browser: why there are none, or a switch. The permission is asked for on the click alone. */
export function NotifyBrowser() {
  const client = useQueryClient();
  const own = useQuery(ownPushQuery);
  const status = useQuery(pushQuery);
  const browser = useOwnBrowser();
  const refresh = () => client.invalidateQueries({ queryKey: ["push"] });
  const on = useMutation({
    mutationFn: turnOn,
    onSuccess: () => toast({ title: "This browser is notified from now on" }),
    onSettled: refresh,
  });
  const off = useMutation({
    mutationFn: turnOff,
    onSuccess: () => toast({ title: "This browser is notified no more" }),
    onSettled: refresh,
  });

  const unread = status.error ?? own.error;
  if (unread) return <ErrorState title="Notifications cannot be read" error={unread} />;
  if (!own.data || !status.data) return <p className="t3">Looking at notifications …</p>;
  const { enabled, public_key: key, reason } = status.data;
  if (!enabled || key === null) return <p className="t3">{reason}.</p>;
  if (!own.data.supported)
    return (
      <p className="t3">This browser cannot be notified while the page is closed: it has no web push.</p>
    );
  if (own.data.permission === "denied")
    return (
      <p className="t3">
        This browser was told to show no notifications of this page. Allow them beside its address, then
        reload.
      </p>
    );
  const problem = on.error ?? off.error;
  return (
    <div className="stack g2">
      <div className="row wrap g2">
        {browser && !browser.other_key ? (
          <>
            <Badge tone="ok" icon="check">
              This browser is notified
            </Badge>
            <SendTest browser={browser} />
            <button
              type="button"
              className="btn"
              disabled={off.isPending}
              onClick={() => off.mutate(browser.id)}
            >
              Turn off
            </button>
          </>
        ) : (
          <>
            <button type="button" className="btn" disabled={on.isPending} onClick={() => on.mutate(key)}>
              Notify this browser
            </button>
            {browser?.other_key && (
              <span className="wn">
                It was turned on with another key of this server, and gets nothing until it is turned on
                again.
              </span>
            )}
          </>
        )}
      </div>
      {problem && (
        <p className="er" role="alert">
          {getErrorMessage(problem)}
        </p>
      )}
    </div>
  );
}

function SendTest({ browser }: { browser: PushBrowser }) {
  const [job, setJob] = useState<string | null>(null);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => unwrap(pushAPI.test(browser.id)),
    onSuccess: ({ job: started }) => setJob(started.id),
    onSettled: () => client.invalidateQueries({ queryKey: ["push", "status"] }),
  });
  const sent = useJob(job).data;
  const running = send.isPending || (job !== null && (sent === undefined || jobRuns(sent)));
  return (
    <>
      <button type="button" className="btn" disabled={running} onClick={() => send.mutate()}>
        Send a test
      </button>
      <span role="status" className={told(sent?.result)?.tone ?? "t3"}>
        {send.error ? getErrorMessage(send.error) : running ? "Sending …" : told(sent?.result)?.text}
      </span>
    </>
  );
}

function told(result: Record<string, unknown> | null | undefined): { tone: string; text: string } | null {
  if (!result) return null;
  if (result.taken === 1) return { tone: "t2", text: "Sent: it appears once the push service passes it on." };
  return {
    tone: "er",
    text: `Not sent: ${typeof result.reason === "string" ? result.reason : "no reason told"}.`,
  };
}
