"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Badge } from "@/components/marks";
import { NotifyBrowser, useOwnBrowser } from "@/components/notify-browser";
import { toast } from "@/components/toast";
import { pushAPI, unwrap } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { instant } from "@/lib/format";
import { turnOff } from "@/lib/push";
import { pushQuery, unreadEventsQuery } from "@/lib/queries";
import type { PushBrowser } from "@/lib/types";
import { Row } from "./row";

/** How events of watched screens are told outside of the app: mail, and browsers. */
export function Alerts() {
  const mail = useQuery(unreadEventsQuery);
  const status = useQuery(pushQuery);
  return (
    <section className="card" id="alerts">
      <div className="card-h">
        <h2>Alerts</h2>
      </div>
      <ul className="rowlist">
        <Row
          title="Mail"
          text={
            mail.data === undefined
              ? "Where alerts are mailed to."
              : mail.data.meta.mail_to
                ? `What happens in watched screens is mailed to ${mail.data.meta.mail_to}.`
                : "Off. Set SMARTTRADER_SMTP_URL and SMARTTRADER_MAIL_TO to have alerts mailed."
          }
        />
        <Row
          title="Notifications"
          text="Shown by this browser, also while no page of SmartTrader is open in it. They go through the push service of the browser’s maker, encrypted so that it cannot read them."
        >
          <NotifyBrowser />
        </Row>
        {status.data?.browsers.map((browser) => (
          <Browser key={browser.id} browser={browser} />
        ))}
      </ul>
      <div className="card-f">
        Alerts come after each evening’s data. There is no live feed yet, so none come during the session.
      </div>
    </section>
  );
}

function Browser({ browser }: { browser: PushBrowser }) {
  const client = useQueryClient();
  const own = useOwnBrowser()?.id === browser.id;
  const remove = useMutation({
    mutationFn: () => (own ? turnOff(browser.id) : unwrap(pushAPI.unsubscribe(browser.id))),
    onError: (error) => toast({ title: "It is told still", text: getErrorMessage(error), tone: "er" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["push"] }),
  });
  return (
    <Row title={browser.name} text={lastly(browser)}>
      {own && (
        <Badge tone="ac" small>
          This browser
        </Badge>
      )}
      {browser.ended_at !== null && (
        <Badge tone="wn" small>
          Dropped
        </Badge>
      )}
      <button
        type="button"
        className="btn"
        aria-label={`Remove ${browser.name}`}
        disabled={remove.isPending}
        onClick={() => remove.mutate()}
      >
        Remove
      </button>
    </Row>
  );
}

/** What is last known of it; what went wrong after the last success is said. */
function lastly(browser: PushBrowser): string {
  const since = `By ${browser.service}, since ${instant(browser.created_at)}.`;
  const { last_success_at: sent, last_failure_at: failed, last_failure: reason } = browser;
  if (browser.ended_at !== null)
    return `${since} Not told since ${instant(browser.ended_at)}: ${reason}. Turn it on again in it.`;
  if (browser.other_key) return `${since} Turned on with another key of this server: turn it on again in it.`;
  if (failed !== null && (sent === null || failed > sent))
    return `${since} Failed ${instant(failed)}: ${reason}.`;
  return sent === null ? `${since} Nothing was sent to it yet.` : `${since} Last told ${instant(sent)}.`;
}
