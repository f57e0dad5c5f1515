"use client";

import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { Segmented } from "@/components/fields";
import { Icon } from "@/components/icon";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { screensAPI, unwrap } from "@/lib/api-client";
import { count, date, grouped } from "@/lib/format";
import { screensQuery } from "@/lib/queries";
import type { HeldScreen, SavedScreen } from "@/lib/types";

const SPANS = [
  { value: "20", label: "20" },
  { value: "60", label: "60" },
  { value: "252", label: "252" },
] as const;

type Span = (typeof SPANS)[number]["value"];

const heldQuery = (symbol: string, days: number, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "held", symbol, days, asof],
    queryFn: ({ signal }) => unwrap(screensAPI.held(symbol, { days, ...(asof && { asof }) }, signal)),
    placeholderData: keepPreviousData,
  });

/** Which saved screens hold the stock, or held it lately; of the others, the term that keeps it out. */
export function InScreens({ symbol, asof }: { symbol: string; asof: string | null }) {
  const [span, setSpan] = useState<Span>("20");
  const days = Number(span);
  const held = useQuery(heldQuery(symbol, days, asof));
  const screens = useQuery(screensQuery);
  return (
    <section className="card" aria-label="In your screens">
      <div className="card-h">
        <h2>In your screens</h2>
        <span className="sp">
          <Segmented<Span> label="Sessions looked back" value={span} options={SPANS} onChange={setSpan} />
        </span>
      </div>
      <DataState
        query={held}
        failed="The screens stopped"
        isEmpty={(data) => data.length === 0}
        empty={
          <EmptyState title="No screen is saved">
            Save one in the screener to see here whether it holds {symbol}.
          </EmptyState>
        }
      >
        {(data) => (
          <ul className="rowlist">
            {data.map((one) => (
              <li key={one.id}>
                <span className={one.now ? "ok" : "t3"}>
                  <Icon name={one.now ? "check" : "x"} size="xs" />
                  <span className="sr">{one.now ? "in" : "not in"}</span>
                </span>
                <span className="grow">
                  <Link className="link" href={`/screener/?screen=${one.id}&open=1`}>
                    {one.name}
                  </Link>
                  <span className="t3 xs" style={{ display: "block" }}>
                    {lately(one, days)}
                    {!one.now && (
                      <Missed
                        symbol={symbol}
                        asof={asof}
                        screen={screens.data?.find((other) => other.id === one.id)}
                      />
                    )}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        )}
      </DataState>
    </section>
  );
}

function lately({ sessions, unknown, reason }: HeldScreen, days: number): string {
  if (reason) return reason;
  const last = sessions.at(-1);
  if (!last) return `Not held in ${days} sessions${unknown ? `, not known of ${unknown}` : ""}`;
  return `${count(sessions.length)} of ${days} sessions, the last ${date(last)}`;
}

/** The first term that fails, its value against the bound. */
function Missed({
  symbol,
  asof,
  screen,
}: {
  symbol: string;
  asof: string | null;
  screen: SavedScreen | undefined;
}) {
  const question = screen?.question;
  const why = useQuery({
    queryKey: ["data", "why-saved", symbol, asof, screen?.id, screen?.version],
    queryFn: ({ signal }) =>
      unwrap(
        screensAPI.why(
          symbol,
          {
            ...(question?.q && { q: question.q }),
            filter_type: question?.filter_type,
            index: question?.index,
            ...(asof && { asof }),
          },
          signal,
        ),
      ),
    enabled: screen !== undefined,
    retry: false,
  });
  if (!why.data) return null;
  const failed = why.data.terms.find((term) => term.outcome !== "holds");
  const told = why.data.outside ?? failed?.text;
  if (!told) return null;
  const values =
    failed?.value !== null && failed?.value !== undefined && failed.bound !== null && !why.data.outside
      ? ` (${grouped(failed.value, 2)} against ${grouped(failed.bound, 2)})`
      : "";
  return (
    <>
      {" "}
      · {told}
      {values}
    </>
  );
}
