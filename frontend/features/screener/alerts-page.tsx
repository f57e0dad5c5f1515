"use client";

import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { Badge } from "@/components/marks";
import { NotifyBrowser } from "@/components/notify-browser";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { screensAPI, unwrap } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { count, date } from "@/lib/format";

const PAGE = 100;

const eventsQuery = (page: number) =>
  queryOptions({
    queryKey: ["data", "events", page],
    queryFn: ({ signal }) => unwrap(screensAPI.events({ page, limit: PAGE }, signal)),
    placeholderData: keepPreviousData,
  });

/** Who came into watched screens and who left, newest first. */
export function AlertsPage() {
  useCrumbs([{ label: "Alerts" }]);
  const client = useQueryClient();
  const [page, setPage] = useState(1);
  const events = useQuery(eventsQuery(page));
  const read = useMutation({
    mutationFn: () => unwrap(screensAPI.readEvents(null)),
    onSuccess: () => client.invalidateQueries({ queryKey: ["data", "events"] }),
    onError: (error) => toast({ title: "They stay unread", text: getErrorMessage(error), tone: "er" }),
  });
  const unread = events.data?.meta.unread ?? 0;
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Alerts</h1>
          <p className="t2">
            Stocks that came into the screens you watch, or left them, session by session. They come after
            each evening’s data: there is no live feed yet.
            {events.data &&
              (events.data.meta.mail_to
                ? ` New ones are mailed to ${events.data.meta.mail_to}.`
                : " Set SMARTTRADER_SMTP_URL and SMARTTRADER_MAIL_TO to have new ones mailed.")}
          </p>
        </div>
        {unread > 0 && (
          <button type="button" className="btn" disabled={read.isPending} onClick={() => read.mutate()}>
            Mark {count(unread)} as read
          </button>
        )}
      </div>
      <div className="stack g3">
        <section className="card" aria-label="Notifications">
          <div className="card-b row wrap g3">
            <NotifyBrowser />
            <Link className="link xs" href="/settings/#alerts">
              All browsers
            </Link>
          </div>
        </section>
        <section className="card" aria-label="Events">
          <DataState
            query={events}
            failed="The alerts stopped"
            isEmpty={(data) => data.meta.total === 0}
            empty={
              <EmptyState
                title="Nothing has happened yet"
                icon="bell"
                action={
                  <Link className="btn p" href="/screener/">
                    Open the screener
                  </Link>
                }
              >
                Save a screen and watch it: after each evening’s data, who comes and who leaves stands here.
              </EmptyState>
            }
          >
            {(data) => (
              <>
                <ul className="rowlist wraps">
                  {data.data.map((event) => (
                    <li key={event.id} className={event.read_at === null ? "b" : "t2"}>
                      <span className="num t3 xs w64 nowrap">{date(event.session)}</span>
                      <Link className="link sym" href={`/stock/?symbol=${encodeURIComponent(event.symbol)}`}>
                        {event.symbol}
                      </Link>
                      <span className="grow">
                        {event.kind === "ENTERED" ? "came into" : "left"}{" "}
                        <Link className="link" href={`/screener/?screen=${event.screen_id}&open=1`}>
                          {event.screen}
                        </Link>
                      </span>
                      {event.read_at === null && (
                        <Badge tone="ac" small>
                          New
                        </Badge>
                      )}
                    </li>
                  ))}
                </ul>
                <Pager page={page} pages={data.meta.total_pages} onPage={setPage} />
              </>
            )}
          </DataState>
        </section>
      </div>
    </div>
  );
}
