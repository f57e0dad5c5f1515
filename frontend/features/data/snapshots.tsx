"use client";

import { useQuery } from "@tanstack/react-query";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, dateRange, instant, shortHash } from "@/lib/format";
import type { Snapshot } from "@/lib/types";
import { snapshotsQuery } from "./queries";

/** 2010–2014, 2016 */
function ranges(years: readonly number[]): string {
  const parts: number[][] = [];
  for (const year of years) {
    const part = parts.at(-1);
    if (part && part.at(-1) === year - 1) part.push(year);
    else parts.push([year]);
  }
  return parts.map((part) => (part.length > 1 ? `${part[0]}–${part.at(-1)}` : String(part[0]))).join(", ");
}

const Hash = ({ value }: { value: string }) => (
  <code className="mono" title={value}>
    {shortHash(value)}
  </code>
);

/** Every state of the data that was served, with what changed. */
export function Snapshots() {
  const query = useQuery(snapshotsQuery);
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Snapshot history">
      <div className="card-h">
        <h2>Snapshots</h2>
        {query.data && <span className="t3 num">{count(query.data.meta.total)}</span>}
      </div>
      <DataState
        query={query}
        failed="The snapshots cannot be read"
        isEmpty={(data) => data.data.length === 0}
        empty={
          <EmptyState title="No snapshot yet" icon="data">
            The first is kept when the first prices are imported.
          </EmptyState>
        }
      >
        {(data) => (
          <div className="tw-wrap" role="region" aria-label="Snapshots, scrolls" tabIndex={0}>
            <table className="t">
              <thead>
                <tr>
                  <th className="pin edge">Prices</th>
                  <th>Adjustments</th>
                  <th>Membership</th>
                  <th>Changed</th>
                  <th>Years</th>
                  <th className="r">Instruments changed</th>
                  <th className="r">Sessions</th>
                  <th className="r">First seen IST</th>
                </tr>
              </thead>
              <tbody>
                {data.data.map((row) => (
                  <Row
                    key={`${row.root}${row.adjustments_hash}${row.membership_hash}${row.rules_version}`}
                    row={row}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </DataState>
      <p className="card-f">
        One content has one snapshot, in whatever order its files came. A run keeps the hash of the slice it
        read.
      </p>
    </section>
  );
}

function Row({ row }: { row: Snapshot }) {
  return (
    <tr>
      <td className="pin edge">
        <Hash value={row.root} />
      </td>
      <td>
        <Hash value={row.adjustments_hash} />
      </td>
      <td>
        <Hash value={row.membership_hash} />
      </td>
      <td className="t2">{row.changed_inputs.join(", ") || "nothing"}</td>
      <td>{row.changed_years.length > 0 ? ranges(row.changed_years) : <Unknown why="No price changed" />}</td>
      <td className="r">
        {row.changed_instruments === null ? (
          <Unknown why="The state before was not at hand to compare" />
        ) : (
          count(row.changed_instruments)
        )}
      </td>
      <td className="r">
        {row.first_session && row.last_session ? (
          dateRange(row.first_session, row.last_session)
        ) : (
          <Unknown why="Nothing was stored" />
        )}
      </td>
      <td className="r t2">{instant(row.first_seen_at)}</td>
    </tr>
  );
}
