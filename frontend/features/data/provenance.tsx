"use client";

import { useQuery } from "@tanstack/react-query";
import { useQueryStates, parseAsString } from "nuqs";
import { useState } from "react";
import { TextField } from "@/components/fields";
import { Badge, Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, date, instant, ratio } from "@/lib/format";
import type { Provenance } from "@/lib/types";
import { provenanceQuery } from "./queries";

/** Which file and which line a bar comes from, and which rows lost to it. */
export function ProvenanceLookup() {
  const [asked, setAsked] = useQueryStates({ bar: parseAsString, on: parseAsString });
  const [symbol, setSymbol] = useState(asked.bar ?? "");
  const [day, setDay] = useState(asked.on ?? "");
  const [problem, setProblem] = useState<{ symbol?: string; day?: string }>({});
  const ready = asked.bar !== null && asked.on !== null;
  const query = useQuery({ ...provenanceQuery(asked.bar ?? "", asked.on ?? ""), enabled: ready });
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Provenance">
      <div className="card-h">
        <h2>Where a bar comes from</h2>
      </div>
      <form
        className="card-b row wrap"
        style={{ alignItems: "flex-start" }}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const found = {
            ...(symbol.trim() === "" && { symbol: "Type a symbol, of today or of that day" }),
            ...(day === "" && { day: "Choose a session" }),
          };
          setProblem(found);
          if (Object.keys(found).length === 0) void setAsked({ bar: symbol.trim().toUpperCase(), on: day });
        }}
      >
        <TextField
          label="Symbol"
          value={symbol}
          maxLength={40}
          autoCapitalize="characters"
          error={problem.symbol ?? null}
          onChange={(event) => setSymbol(event.target.value)}
        />
        <TextField
          label="Session"
          type="date"
          value={day}
          error={problem.day ?? null}
          onChange={(event) => setDay(event.target.value)}
        />
        <button type="submit" className="btn" style={{ marginTop: 20 }}>
          Look up the bar
        </button>
      </form>
      {ready ? (
        <DataState query={query} failed="The bar cannot be traced">
          {(data) => <Answer data={data} />}
        </DataState>
      ) : (
        <EmptyState title="No bar chosen" icon="search">
          A symbol and a session lead to the file and the line.
        </EmptyState>
      )}
    </section>
  );
}

function Answer({ data }: { data: Provenance }) {
  return (
    <>
      <p className="card-b">
        <strong>{data.symbol}</strong> on {date(data.date, true)}
        {data.bar ? (
          <span className="num">
            {" "}
            · open ₹{ratio(data.bar.open)}, high ₹{ratio(data.bar.high)}, low ₹{ratio(data.bar.low)}, close ₹
            {ratio(data.bar.close)}, {count(data.bar.volume)} shares
          </span>
        ) : (
          <span className="wn"> · no row of a series that makes a bar</span>
        )}
        {data.bar?.lent.map((lent) => (
          <span key={lent.field} className="t2" style={{ display: "block" }}>
            {lent.field} comes from{" "}
            <code className="mono">
              {lent.file_name}:{lent.line}
            </code>
          </span>
        ))}
      </p>
      <div className="tw-wrap" role="region" aria-label="Rows of the day, scrolls" tabIndex={0}>
        <table className="t">
          <thead>
            <tr>
              <th className="pin edge">File and line</th>
              <th>State</th>
              <th>Series</th>
              <th className="r">Close ₹</th>
              <th className="r">Volume</th>
              <th className="r">Rank</th>
              <th>Why</th>
              <th className="r">Published IST</th>
              <th className="r">Recorded IST</th>
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row) => (
              <tr key={`${row.sha256}${row.line}`}>
                <td className="pin edge">
                  <span className="mono filename trunc" title={`${row.file_name}:${row.line}`}>
                    {row.file_name}:{row.line}
                  </span>
                  {row.container && <span className="t3 mono"> in {row.container}</span>}
                </td>
                <td>
                  {row.counts ? (
                    <Badge small tone="ok" icon="check">
                      Counts
                    </Badge>
                  ) : (
                    <Badge small>Kept</Badge>
                  )}
                </td>
                <td>{row.series}</td>
                <td className="r">{ratio(row.close)}</td>
                <td className="r">{count(row.volume)}</td>
                <td className="r">{row.source_rank}</td>
                <td className="t2">{row.why}</td>
                <td className="r">
                  {row.published_at ? (
                    instant(row.published_at)
                  ) : (
                    <Unknown why="The file carries no publication stamp" />
                  )}
                </td>
                <td className="r t2">{instant(row.recorded_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data.actions.length > 0 && (
        <ul className="rowlist" aria-label="Factors of the stock">
          {data.actions.map((action) => (
            <li key={action.ex_date} className="row between wrap">
              <span>
                {date(action.ex_date)} · {action.purpose}
              </span>
              <span className="num t2">
                factor {ratio(action.factor, 4)} · {action.tier} · {action.in_force ? "in force" : "later"}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
