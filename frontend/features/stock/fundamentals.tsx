"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Segmented } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { stockAPI, unwrap } from "@/lib/api-client";
import { compactCount, date, grouped } from "@/lib/format";
import type { FigureSeries, StockFigures } from "@/lib/types";

type Kind = FigureSeries["period_kind"];

const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "ANNUAL", label: "Year" },
  { value: "QUARTER", label: "Quarter" },
  { value: "SNAPSHOT", label: "Day" },
];
const PERIODS = 6;
const CRORE = 10_000_000;

/** First those one looks for first, then the others by name. */
const ORDER = [
  "revenue",
  "revenue_growth_pct",
  "ebit",
  "profit_before_tax",
  "net_income",
  "eps",
  "gross_margin_pct",
  "operating_margin_pct",
  "net_margin_pct",
  "roe_pct",
  "roce_pct",
  "debt_to_equity",
  "interest_coverage",
  "operating_cash_flow",
  "market_cap",
  "pe_ratio",
  "pb_ratio",
  "shares_outstanding",
];

const WORDS: Record<string, string> = {
  eps: "Earnings a share",
  roe_pct: "Return on equity",
  roce_pct: "Return on capital employed",
  pe_ratio: "P/E",
  pb_ratio: "P/B",
  peg_ratio: "PEG",
  ev_ebitda: "EV / EBITDA",
  ebit: "EBIT",
  ebitda_growth_pct: "EBITDA growth",
  price_sales: "P/S",
  fcf_growth_pct: "Free cash flow growth",
  net_income: "Net profit",
  market_cap: "Market value",
  mcap_close: "Close of that day",
};

const figuresQuery = (symbol: string, asof: string | null) =>
  queryOptions({
    queryKey: ["data", "figures", symbol, asof],
    queryFn: ({ signal }) => unwrap(stockAPI.figures(symbol, asof ? { asof } : {}, signal)),
  });

/** Company figures by period, as they were known on the day, and since when. */
export function Fundamentals({ symbol, asof }: { symbol: string; asof: string | null }) {
  const figures = useQuery(figuresQuery(symbol, asof));
  const [chosen, setKind] = useState<Kind | null>(null);
  const kinds = KINDS.filter((one) => figures.data?.figures.some((row) => row.period_kind === one.value));
  const kind = kinds.find((one) => one.value === chosen)?.value ?? kinds[0]?.value ?? "ANNUAL";
  return (
    <section className="card" aria-label="Fundamentals through time">
      <div className="card-h">
        <h2>Fundamentals through time</h2>
        {kinds.length > 1 && (
          <Segmented<Kind> label="Period" value={kind} options={kinds} onChange={setKind} />
        )}
        {figures.data && <span className="sp t3 xs">known on {date(figures.data.asof)}</span>}
      </div>
      <DataState
        query={figures}
        failed="The company's figures stopped"
        isEmpty={(data) => data.figures.length === 0}
        empty={
          <EmptyState title="No figure is known">
            {figures.data?.note ?? "No file tells of this company's figures."} Files with accounts or market
            values can be imported on the Data page.
          </EmptyState>
        }
      >
        {(data) => <Table data={data} kind={kind} />}
      </DataState>
    </section>
  );
}

function Table({ data, kind }: { data: StockFigures; kind: Kind }) {
  const rows = data.figures
    .filter((row) => row.period_kind === kind && row.unit !== "YEAR")
    .sort((a, b) => rank(a.field) - rank(b.field) || a.field.localeCompare(b.field));
  const ends = [...new Set(rows.flatMap((row) => row.points.map((point) => point.period_end)))]
    .sort()
    .slice(-PERIODS);
  const assumed = rows.some((row) =>
    row.points.some((point) => !point.stated && ends.includes(point.period_end)),
  );
  return (
    <>
      <div className="tw-wrap" role="region" aria-label="Fundamentals, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Figure</th>
              {ends.map((end) => (
                <th key={end} scope="col" className="r">
                  {date(end)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.field}>
                <th scope="row" className="nowrap" style={{ fontWeight: "inherit" }}>
                  {wordsOf(row.field)} <span className="u">{unitOf(row.unit)}</span>
                </th>
                {ends.map((end) => (
                  <td key={end} className="r">
                    <Cell row={row} end={end} />
                  </td>
                ))}
              </tr>
            ))}
            <tr>
              <th scope="row" className="t3 nowrap" style={{ fontWeight: "inherit" }}>
                Known from
              </th>
              {ends.map((end) => (
                <td key={end} className="r t3 xs">
                  <KnownFrom rows={rows} end={end} />
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
      <div className="card-f">
        {assumed && (
          <span className="wn">
            <Icon name="warn" size="xs" /> ≈ no file says when:{" "}
          </span>
        )}
        {data.note ?? "Each figure counts from the day a file says it became known."}
      </div>
    </>
  );
}

const rank = (field: string): number => (ORDER.includes(field) ? ORDER.indexOf(field) : ORDER.length);

function wordsOf(field: string): string {
  const known = WORDS[field];
  if (known) return known;
  const words = field.replace(/_pct$/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const unitOf = (unit: string): string => ({ RUPEES: "₹ cr", PERCENT: "%", SHARES: "shares" })[unit] ?? "";

function Cell({ row, end }: { row: FigureSeries; end: string }) {
  const point = row.points.find((one) => one.period_end === end);
  if (!point) return <Unknown why={`No file tells of ${wordsOf(row.field)} for ${date(end)}`} />;
  const told = `Known from ${date(point.known_at)}${point.stated ? "" : ", by assumption"}, ${point.source}${point.revised ? "; another value was known before" : ""}`;
  return (
    <span title={told}>
      {valueOf(point.value, row)}
      {point.revised && <span className="t3">*</span>}
      <span className="sr">, {told}</span>
    </span>
  );
}

function valueOf(value: number, { unit, field }: FigureSeries): string {
  if (unit === "SHARES") return compactCount(value);
  if (unit === "PERCENT") return grouped(value, 1);
  if (unit !== "RUPEES" || field === "eps" || field === "mcap_close") return grouped(value, 2);
  return grouped(value / CRORE, Math.abs(value) < 100 * CRORE ? 2 : 0);
}

/** The days on which the figures of a period became known: the first and the last. */
function KnownFrom({ rows, end }: { rows: readonly FigureSeries[]; end: string }) {
  const points = rows.flatMap((row) => row.points.filter((point) => point.period_end === end));
  const days = points.map((point) => point.known_at).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return null;
  return (
    <>
      {points.some((point) => !point.stated) && <span className="wn">≈ </span>}
      {date(first)}
      {last !== first && (
        <>
          <br />
          to {date(last)}
        </>
      )}
    </>
  );
}
