"use client";

import { useState, type ReactNode } from "react";
import { TableToggle } from "@/components/charted";
import { EmptyState } from "@/components/shared/DataState";
import { count, percent } from "@/lib/format";
import type { RunAnalysis } from "@/lib/types";
import { Bars } from "./anatomy-charts";

/** How often returns fell into each range, as bars or as a table. */
export function Distribution({
  title,
  bins,
  of,
  empty,
  children,
}: {
  title: string;
  bins: RunAnalysis["return_bins"];
  /** What is counted: "daily returns". */
  of: string;
  empty: ReactNode;
  /** The sentence under it. */
  children: ReactNode;
}) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section className="card" aria-label={title}>
      <div className="card-h">
        <h2>{title}</h2>
        {bins.counts.length > 0 && (
          <span className="sp">
            <TableToggle asTable={asTable} onChange={setAsTable} />
          </span>
        )}
      </div>
      {bins.counts.length === 0 ? (
        empty
      ) : asTable ? (
        <div
          className="tw-wrap"
          role="region"
          aria-label={`${title}, scrolls`}
          tabIndex={0}
          style={{ maxHeight: 220 }}
        >
          <table className="t num">
            <thead>
              <tr>
                <th scope="col" className="r">
                  From
                </th>
                <th scope="col" className="r">
                  To
                </th>
                <th scope="col" className="r">
                  How many
                </th>
              </tr>
            </thead>
            <tbody>
              {bins.counts.map((many, at) => (
                <tr key={bins.edges[at]}>
                  <td className="r">{percent(bins.edges[at] ?? 0, 2)}</td>
                  <td className="r">{percent(bins.edges[at + 1] ?? 0, 2)}</td>
                  <td className="r">{count(many)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Bars bins={bins} of={of} />
      )}
      <div className="card-f">{children}</div>
    </section>
  );
}

export const NO_TRADE = (
  <EmptyState title="No closed trade">Nothing was bought and sold again inside the run.</EmptyState>
);
export const NO_SESSION = <EmptyState title="No return">A return needs two sessions.</EmptyState>;
