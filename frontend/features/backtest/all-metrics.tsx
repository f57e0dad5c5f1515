"use client";

import { Fragment } from "react";
import { FigureName } from "@/components/figure-card";
import { Unknown } from "@/components/marks";
import type { RunAnalysis, RunHead } from "@/lib/types";
import { labelOf, MEASURES } from "@/lib/measures";
import { metric, opened } from "./metrics";

/** Every metric of a run; its name opens what it is made of. */
export function AllMetrics({ run, analysis }: { run: RunHead; analysis: RunAnalysis | Error | undefined }) {
  const names = Object.keys(MEASURES);
  const third = Math.ceil(names.length / 3);
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>All metrics</h2>
      </div>
      <div
        className="grid card-b"
        style={{
          alignItems: "start",
          columnGap: 32,
          rowGap: 0,
          gridTemplateColumns: "repeat(auto-fit, minmax(min(300px, 100%), 1fr))",
        }}
      >
        {[0, 1, 2].map((column) => (
          <dl key={column} className="kv num">
            {names.slice(column * third, (column + 1) * third).map((name) => {
              const { text, why } = metric(run, name);
              return (
                <Fragment key={name}>
                  <dt>
                    <FigureName label={labelOf(name)} figure={() => opened(run, name, analysis)} />
                  </dt>
                  <dd data-metric={name}>{text ?? <Unknown why={why} />}</dd>
                </Fragment>
              );
            })}
          </dl>
        ))}
      </div>
    </section>
  );
}
