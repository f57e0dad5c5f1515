import { Fragment } from "react";
import type { RunHead } from "@/lib/types";

const TABLES = [
  { name: "equity", label: "Equity and drawdown by session" },
  { name: "trades", label: "Trades" },
  { name: "fills", label: "Fills, with each component of their charges" },
  { name: "rejections", label: "Refusals" },
  { name: "events", label: "Dividends, splits and bonuses while held" },
  { name: "decisions", label: "Decisions of the risk policy" },
] as const;
const FORMATS = [
  { name: "csv", label: "CSV" },
  { name: "parquet", label: "Parquet" },
] as const;

/** The run's tables as files, to be read elsewhere. */
export function Files({ run }: { run: Pick<RunHead, "run_id"> }) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Files</h2>
      </div>
      <dl className="kv card-b">
        <dt>The whole run as one page, to be opened without a server</dt>
        <dd className="row" style={{ justifyContent: "flex-end" }}>
          <a
            className="link"
            download
            href={`/api/portfolio/strategies/runs/${run.run_id}/report`}
            aria-label="The whole run as one HTML page"
          >
            HTML
          </a>
        </dd>
        {TABLES.map((table) => (
          <Fragment key={table.name}>
            <dt>{table.label}</dt>
            <dd className="row" style={{ gap: 12, justifyContent: "flex-end" }}>
              {FORMATS.map((format) => (
                <a
                  key={format.name}
                  className="link"
                  download
                  href={`/api/portfolio/strategies/runs/${run.run_id}/export?table=${table.name}&format=${format.name}`}
                  aria-label={`${table.label} as ${format.label}`}
                >
                  {format.label}
                </a>
              ))}
            </dd>
          </Fragment>
        ))}
      </dl>
      <div className="card-f">Units stand in the headers; Parquet carries the run’s id and digest.</div>
    </section>
  );
}
