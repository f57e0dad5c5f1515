"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { parseAsInteger, useQueryState } from "nuqs";
import { useCallback, useState } from "react";
import { FollowedJob, ImportForm, sentence, useSwitchMarket } from "@/components/data-jobs";
import { Icon } from "@/components/icon";
import { Badge, SampleMark, Unknown } from "@/components/marks";
import { DataState, EmptyState, JobState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { dataAPI, unwrap } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { bytes, count, date, dateRange, instant, shortHash } from "@/lib/format";
import { jobsQuery, marketChoiceQuery } from "@/lib/queries";
import type { DataStatus } from "@/lib/types";
import { CoverageYears } from "./coverage";
import { Downloads } from "./downloads";
import { Findings } from "./findings";
import { CoverageCalendar } from "./heat-map";
import { ProvenanceLookup } from "./provenance";
import { Quarantine } from "./quarantine";
import { dataStatusQuery } from "./queries";
import { Snapshots } from "./snapshots";

export function DataPage() {
  useCrumbs([{ label: "System" }, { label: "Data" }]);
  const status = useQuery(dataStatusQuery);
  const market = status.data?.market;
  const [, setYear] = useQueryState("year", parseAsInteger);
  const [goTo, setGoTo] = useState<string | null>(null);
  const reached = useCallback(() => setGoTo(null), []);
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <div className="row g3">
            <h1>Data</h1>
            {market === "sample" && <SampleMark />}
          </div>
          <p className="t2">What is stored, how complete it is, and what was odd about the files.</p>
        </div>
      </div>
      <div
        className="grid runb"
        style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(360px, 100%), 1fr))" }}
      >
        <Import roots={status.data?.import_roots ?? []} market={market} />
        <section className="card">
          <div className="card-h">
            <h2>Stored</h2>
            {status.data?.panel_is_stale && (
              <Badge tone="wn" icon="warn">
                Panel being rebuilt
              </Badge>
            )}
          </div>
          <DataState query={status} failed="The status cannot be read">
            {(data) => <Stored status={data} />}
          </DataState>
        </section>
        <div className="stack g3">
          {market === "real" && <Downloads />}
          <Jobs />
        </div>
      </div>
      {status.data && status.data.notices.length > 0 && <Notices notices={status.data.notices} />}
      <CoverageYears
        onPick={(year, month) => {
          void setYear(year);
          setGoTo(`${year}-${String(month).padStart(2, "0")}`);
        }}
      />
      {status.data && (
        <CoverageCalendar
          years={status.data.years.map((year) => year.year)}
          goTo={goTo}
          onReached={reached}
        />
      )}
      <Quarantine />
      <div style={{ marginTop: 12 }}>
        <Findings total={status.data?.findings} />
      </div>
      <ProvenanceLookup />
      <Snapshots />
      {status.data && status.data.recent_files.length > 0 && <RecentFiles status={status.data} />}
    </div>
  );
}

function Import({ roots, market }: { roots: readonly string[]; market: string | undefined }) {
  const [job, setJob] = useState<{ id: string; title: string } | null>(null);
  const choice = useQuery(marketChoiceQuery);
  const switching = useSwitchMarket(() => toast({ title: "The market is switched" }));
  const sample = useMutation({
    mutationFn: () => unwrap(dataAPI.sample()),
    onSuccess: (answer) => setJob({ id: answer.job.id, title: "Sample market" }),
  });
  return (
    <section className="card">
      <div className="card-h">
        <h2>Import</h2>
      </div>
      <div className="card-b stack g3">
        {job ? (
          <FollowedJob
            key={job.id}
            id={job.id}
            title={job.title}
            onAgain={() => setJob(null)}
            next={
              <div>
                <button type="button" className="btn sm" onClick={() => setJob(null)}>
                  Import more
                </button>
              </div>
            }
          />
        ) : market === "sample" ? (
          <>
            <p className="t2">
              The sample market is open, and takes no files. Open the real market to import yours.
            </p>
            <div>
              <button
                type="button"
                className="btn p"
                disabled={switching.isPending}
                onClick={() => switching.mutate("real")}
              >
                Open the real market
              </button>
            </div>
          </>
        ) : (
          <ImportForm onStarted={(started) => setJob({ id: started.id, title: "Import" })} />
        )}
        {(sample.error ?? switching.error) && (
          <p className="er xs" role="alert">
            {getErrorMessage(sample.error ?? switching.error)}
          </p>
        )}
      </div>
      <div className="card-f row between wrap">
        <span>
          {market === "sample" ? (
            "Each market keeps its own files, runs and findings."
          ) : roots.length > 0 ? (
            <>
              Paths may lie under <code className="mono">{roots.join(", ")}</code>
            </>
          ) : (
            "Bhavcopies of any era, masters, index lists, corporate actions."
          )}
        </span>
        {choice.data && (
          <span className="row">
            {choice.data.market === "sample" ? null : choice.data.sample_ready ? (
              <button type="button" className="btn sm" onClick={() => switching.mutate("sample")}>
                Open the sample market
              </button>
            ) : (
              <button
                type="button"
                className="btn sm"
                disabled={sample.isPending || job !== null}
                onClick={() => sample.mutate()}
              >
                Make the sample market
              </button>
            )}
          </span>
        )}
      </div>
    </section>
  );
}

function Stored({ status }: { status: DataStatus }) {
  const none = "Nothing is stored yet";
  return (
    <dl className="kv num card-b">
      <dt>Prices</dt>
      <dd>{count(status.rows)} rows</dd>
      <dt>Instruments</dt>
      <dd>{count(status.instruments)}</dd>
      <dt>Sessions</dt>
      <dd>
        {status.first_session && status.last_session ? (
          dateRange(status.first_session, status.last_session)
        ) : (
          <Unknown why={none} />
        )}
      </dd>
      <dt>Snapshot</dt>
      <dd>
        {status.snapshot ? (
          <code className="mono" title={status.snapshot}>
            {shortHash(status.snapshot)}
          </code>
        ) : (
          <Unknown why={none} />
        )}
      </dd>
      <dt>Files</dt>
      <dd
        title={Object.entries(status.files_by_kind)
          .map(([kind, files]) => `${kind} ${files}`)
          .join(", ")}
      >
        {count(status.files)}
      </dd>
      <dt title="Listed, inferred or accepted splits, bonuses and rights">Actions in use</dt>
      <dd>{count(status.listed_actions)}</dd>
      <dt title="Moves of a price that no listed corporate action explains">Unexplained moves</dt>
      <dd className={status.unexplained_jumps > 0 ? "wn" : ""}>{count(status.unexplained_jumps)}</dd>
      <dt>Sessions missing</dt>
      <dd className={status.gaps.missing > 0 ? "wn" : ""}>
        {count(status.gaps.missing)} of {count(status.gaps.expected)}
      </dd>
      <dt title="Instruments without a bar in some session between their first and their last">
        Stocks with holes
      </dt>
      <dd
        title={status.gaps.worst_holes
          .map((hole) => `${hole.symbol} ${count(hole.sessions)} sessions`)
          .join(", ")}
      >
        {count(status.gaps.instruments_with_holes)}
      </dd>
      <dt>On disk</dt>
      <dd title="Database and the panel made of it">
        {bytes(status.bytes_database)} + {bytes(status.bytes_panel)}
      </dd>
    </dl>
  );
}

/** What an older version read or worked out, and what no list tells; a command in a notice is set as one. */
function Notices({ notices }: { notices: readonly string[] }) {
  return (
    <section className="card" style={{ marginTop: 12 }} aria-label="Worth knowing">
      <div className="card-h">
        <h2>Worth knowing</h2>
      </div>
      <ul className="card-b stack g2">
        {notices.map((notice) => (
          <li key={notice} className="t2">
            {notice.split("`").map((part, index) =>
              index % 2 === 1 ? (
                <code key={index} className="mono">
                  {part}
                </code>
              ) : (
                part
              ),
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const JOBS_SHOWN = 5;

function Jobs() {
  const query = useQuery(jobsQuery);
  return (
    <section className="card">
      <div className="card-h">
        <h2>Jobs</h2>
      </div>
      <DataState
        query={query}
        failed="The jobs cannot be read"
        isEmpty={(data) => data.data.length === 0}
        empty={
          <EmptyState title="No job yet" icon="clock">
            Imports and long backtests are listed here.
          </EmptyState>
        }
      >
        {(data) => (
          <ul className="rowlist">
            {data.data.slice(0, JOBS_SHOWN).map((job) => (
              <li key={job.id} style={{ display: "block" }}>
                <JobState
                  job={job}
                  title={sentence(job.kind.replace(/^.*\./, ""))}
                  at={instant(job.created_at)}
                />
              </li>
            ))}
          </ul>
        )}
      </DataState>
    </section>
  );
}

function RecentFiles({ status }: { status: DataStatus }) {
  return (
    <section className="card" style={{ marginTop: 12 }}>
      <div className="card-h">
        <h2>Latest files</h2>
        <span className="t3 num">{count(status.files)} in all</span>
      </div>
      <div className="tw-wrap" role="region" aria-label="Latest files, scrolls" tabIndex={0}>
        <table className="t">
          <thead>
            <tr>
              <th className="pin edge">File</th>
              <th>Kind</th>
              <th className="r">Rows</th>
              <th className="r">Sessions</th>
              <th className="r">Imported</th>
            </tr>
          </thead>
          <tbody>
            {status.recent_files.map((file) => (
              <tr key={file.id}>
                <td className="pin edge">
                  <span className="row" style={{ gap: 6 }}>
                    <Icon name="check" size="xs" className="ok" />
                    <span className="mono trunc filename" title={file.name}>
                      {file.name}
                    </span>
                    {file.container && <span className="t3 mono">in {file.container}</span>}
                  </span>
                </td>
                <td className="t2">{sentence(file.kind)}</td>
                <td className="r">{count(file.rows)}</td>
                <td className="r">{sessionsOf(file.first_date, file.last_date)}</td>
                <td className="r t2">{instant(file.recorded_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function sessionsOf(first: string | null, last: string | null) {
  if (!first || !last) return <Unknown why="A file of this kind belongs to no session" />;
  return first === last ? date(first) : dateRange(first, last);
}
