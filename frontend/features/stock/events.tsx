"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { stockAPI, unwrap } from "@/lib/api-client";
import { count, date } from "@/lib/format";
import type { StockEvents } from "@/lib/types";

type Event = StockEvents["events"][number];

const SHOWN = 12;
const WORDS: Record<Event["kind"], string> = {
  ACTION: "Action",
  MOVE: "Move",
  ALERT: "Alert",
  FLAG: "Mark",
  FINDING: "Finding",
  NAME: "Name",
  FIRST: "Data",
};

const eventsQuery = (symbol: string, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "stock-events", symbol, asof],
    queryFn: ({ signal }) => unwrap(stockAPI.events(symbol, asof ? { asof } : {}, signal)),
  });

/** Actions, unexplained moves, alerts of watched screens, bands, findings and names, newest first. */
export function Events({ symbol, asof }: { symbol: string; asof: string | null }) {
  const events = useQuery(eventsQuery(symbol, asof));
  const [all, setAll] = useState(false);
  return (
    <section className="card" aria-label="Events">
      <div className="card-h">
        <h2>Events</h2>
        {events.data && <span className="sp t3 xs">{count(events.data.events.length)}</span>}
      </div>
      <DataState
        query={events}
        failed="The events stopped"
        isEmpty={(data) => data.events.length === 0}
        empty={<EmptyState title="Nothing is on file">No file tells of an event of {symbol}.</EmptyState>}
      >
        {(data) => (
          <>
            <ul className="rowlist">
              {data.events.slice(0, all ? undefined : SHOWN).map((event) => (
                <li key={`${event.kind} ${event.day} ${event.text} ${event.note}`}>
                  <span className="num t3 xs w64">{event.day ? date(event.day) : "No day"}</span>
                  <span className="grow">
                    {event.screen === null ? (
                      event.text
                    ) : (
                      <Link className="link" href={`/screener/?screen=${event.screen}&open=1`}>
                        {event.text}
                      </Link>
                    )}
                    <span className="t3 xs" style={{ display: "block" }}>
                      {WORDS[event.kind]}
                      {event.note && ` · ${event.note}`}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
            {data.events.length > SHOWN && (
              <div className="card-f">
                <button type="button" className="btn q sm" onClick={() => setAll(!all)}>
                  {all ? "Show the newest" : `Show all ${count(data.events.length)}`}
                </button>
              </div>
            )}
          </>
        )}
      </DataState>
    </section>
  );
}
