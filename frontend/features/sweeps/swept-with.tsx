import { Fragment } from "react";
import { readSpec } from "@/components/run-spec";
import { date, dateRange, exact, rupees, shortHash } from "@/lib/format";
import { useIndexName } from "@/lib/queries";
import type { Sweep } from "@/lib/types";

/** What all points have in common, in the words of a run's page, and the data of each universe and period. */
export function SweptWith({ sweep }: { sweep: Sweep }) {
  const indexName = useIndexName();
  const spec = readSpec(sweep.run);
  const rows: [string, string][] = [
    ...(spec.capital === null ? [] : [["Capital", rupees(spec.capital)] as [string, string]]),
    ...Object.entries(sweep.fixed).map(([name, value]): [string, string] => [name, exact(value)]),
    ...spec.conventions,
    ...(sweep.random
      ? [
          ["Drawn at random", `${sweep.random.draws} combinations, seed ${sweep.random.seed}`] as [
            string,
            string,
          ],
        ]
      : []),
    ["Asked on", date(sweep.created_at)],
  ];
  return (
    <section className="card" aria-label="Swept with">
      <div className="card-h">
        <h2>Swept with</h2>
      </div>
      <dl className="kv num card-b">
        {rows.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
        {sweep.bases.map((base) => (
          <Fragment key={base.base}>
            <dt>
              {sweep.bases.length === 1
                ? "Data read"
                : `Data read, ${indexName(base.universe)}, ${dateRange(base.start_date, base.end_date)}`}
            </dt>
            <dd>
              <code className="mono" title={base.data_root}>
                {shortHash(base.data_root.replace(/^\d+\./, ""))}
              </code>
            </dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}
