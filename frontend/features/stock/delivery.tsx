"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Segmented } from "@/components/fields";
import { LinesChart } from "@/components/lines-chart";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { stockAPI, unwrap } from "@/lib/api-client";
import { count, date, grouped } from "@/lib/format";
import type { StockDelivery } from "@/lib/types";

const SPANS = [
  { value: "1y", label: "1 y", sessions: 252 },
  { value: "5y", label: "5 y", sessions: 1260 },
  { value: "all", label: "All", sessions: Infinity },
] as const;
const MEAN = 20;

type Span = (typeof SPANS)[number]["value"];

const deliveryQuery = (symbol: string, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "delivery", symbol, asof],
    queryFn: ({ signal }) => unwrap(stockAPI.delivery(symbol, asof ? { asof } : {}, signal)),
  });

/** The share of each session's trade that was delivered. */
export function Delivery({ symbol, asof }: { symbol: string; asof: string | null }) {
  const delivery = useQuery(deliveryQuery(symbol, asof));
  const [span, setSpan] = useState<Span>("1y");
  return (
    <section className="card" aria-label="Delivery through time">
      <div className="card-h">
        <h2>Delivery through time</h2>
        <span className="sp">
          <Segmented<Span> label="Span of delivery" value={span} options={SPANS} onChange={setSpan} />
        </span>
      </div>
      <DataState
        query={delivery}
        failed="Delivery stopped"
        isEmpty={(data) => data.known_sessions === 0}
        empty={
          <EmptyState title="Delivery is not known">
            {delivery.data?.note ?? ""} Files named sec_bhavdata_full or MTO tell of it.
          </EmptyState>
        }
      >
        {(data) => <Chart data={data} sessions={SPANS.find((one) => one.value === span)?.sessions ?? 252} />}
      </DataState>
    </section>
  );
}

function Chart({ data, sessions }: { data: StockDelivery; sessions: number }) {
  const { days, lines } = useMemo(() => {
    const from = Math.max(0, data.t.length - sessions);
    return {
      days: data.t.slice(from),
      lines: [
        { name: `Mean of ${MEAN} sessions`, values: means(data.delivery_pct).slice(from) },
        { name: "Delivered", values: data.delivery_pct.slice(from) },
      ],
    };
  }, [data, sessions]);
  const known = data.delivery_pct.findLastIndex((value) => value !== null);
  const last = data.delivery_pct[known];
  return (
    <>
      <LinesChart
        label={`Delivered share of the trade of ${data.symbol} by session, at last ${grouped(last ?? 0, 1)}% on ${date(data.t[known] ?? "")}`}
        days={days}
        lines={lines}
        format={(value) => `${grouped(value, 0)}%`}
        height={190}
      />
      <div className="card-f">
        {grouped(last ?? 0, 1)}% of the shares traded on {date(data.t[known] ?? "")} were delivered. Told for{" "}
        {count(data.known_sessions)} of {count(data.t.length)} sessions.
      </div>
    </>
  );
}

/** Means of as many sessions, null where one of them is not known. */
export function means(values: readonly (number | null)[]): (number | null)[] {
  let sum = 0;
  let known = 0;
  return values.map((value, at) => {
    if (value !== null) {
      sum += value;
      known += 1;
    }
    const gone = values[at - MEAN];
    if (gone !== null && gone !== undefined) {
      sum -= gone;
      known -= 1;
    }
    return known === MEAN ? sum / MEAN : null;
  });
}
