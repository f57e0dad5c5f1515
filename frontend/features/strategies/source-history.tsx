"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import { parseAsInteger, useQueryStates } from "nuqs";
import { Fragment, useMemo } from "react";
import { Icon } from "@/components/icon";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { strategyAPI, unwrap } from "@/lib/api-client";
import { count, counted, instant, shortHash } from "@/lib/format";
import type { StrategyVersion } from "@/lib/types";
import { hunks } from "./diff";

const versionsQuery = (strategyId: string) =>
  queryOptions({
    queryKey: ["strategies", "versions", strategyId],
    queryFn: ({ signal }) => unwrap(strategyAPI.versions(strategyId, signal)),
    staleTime: 0,
  });

/** The source of each version, and what changed between two of them. */
export function SourceHistory({ strategyId }: { strategyId: string }) {
  const query = useQuery(versionsQuery(strategyId));
  return (
    <section className="card" aria-label="Source and history">
      <h2 className="sr">Source and history</h2>
      <DataState
        query={query}
        failed="The versions cannot be read"
        isEmpty={(versions) => versions.length === 0}
        empty={
          <EmptyState title="No version is kept">
            A version is kept when the strategy is first listed.
          </EmptyState>
        }
      >
        {(versions) => <Versions versions={versions} />}
      </DataState>
    </section>
  );
}

function Versions({ versions }: { versions: readonly StrategyVersion[] }) {
  const [{ version, against }, set] = useQueryStates({ version: parseAsInteger, against: parseAsInteger });
  const shown = versions.find((one) => one.number === version) ?? versions[0];
  const other = versions.find((one) => one.number === against);
  if (!shown) return null;
  return (
    <>
      <div className="t-bar">
        <span className="row wrap">
          <Pick
            label="Version"
            versions={versions}
            value={shown.number}
            onChange={(value) => void set({ version: value })}
          />
          <Pick
            label="Compared with"
            none="Nothing"
            versions={versions.filter((one) => one.number !== shown.number)}
            value={other && other.number !== shown.number ? other.number : null}
            onChange={(value) => void set({ against: value })}
          />
        </span>
        <span className="t3 num">
          <code className="mono">{shortHash(shown.source_hash)}</code> · kept {instant(shown.created_at)} ·{" "}
          {counted(shown.proofs, "proof")}
        </span>
      </div>
      {other && other.number !== shown.number ? (
        <Difference before={other} after={shown} />
      ) : (
        <Source version={shown} />
      )}
      <div className="card-f">
        A version is the hash of this file and of every module of the project that it imports; each run names
        the version it was made with.
      </div>
    </>
  );
}

function Pick({
  label,
  none,
  versions,
  value,
  onChange,
}: {
  label: string;
  none?: string;
  versions: readonly StrategyVersion[];
  value: number | null;
  onChange: (value: number | null) => void;
}) {
  return (
    <label className="row g2">
      <span className="t3">{label}</span>
      <span className="input sel" style={{ width: 200 }}>
        <select
          value={value ?? ""}
          onChange={(event) => onChange(event.target.value === "" ? null : Number(event.target.value))}
        >
          {none !== undefined && <option value="">{none}</option>}
          {versions.map((one) => (
            <option key={one.number} value={one.number}>
              v{one.number}, {instant(one.created_at).split(",")[0]}
            </option>
          ))}
        </select>
        <Icon name="down" size="xs" />
      </span>
    </label>
  );
}

function Source({ version }: { version: StrategyVersion }) {
  const lines = version.source.replace(/\n$/, "").split("\n");
  return (
    <div
      className="code"
      role="region"
      aria-label={`Source of version ${version.number}, scrolls`}
      tabIndex={0}
    >
      <pre className="mono">
        {lines.map((line, at) => (
          <Fragment key={at}>
            <span className="ln" aria-hidden="true">
              {at + 1}
            </span>
            {line}
            {"\n"}
          </Fragment>
        ))}
      </pre>
    </div>
  );
}

function Difference({ before, after }: { before: StrategyVersion; after: StrategyVersion }) {
  const found = useMemo(() => hunks(before.source, after.source), [before, after]);
  const all = found.flat();
  const added = all.filter((line) => line.mark === "+").length;
  const removed = all.filter((line) => line.mark === "-").length;
  if (found.length === 0) {
    return (
      <EmptyState title="The file is the same in both">
        What differs is a module of the project that it imports: version {before.number} has the hash{" "}
        {shortHash(before.source_hash)}, version {after.number} {shortHash(after.source_hash)}.
      </EmptyState>
    );
  }
  return (
    <>
      <p className="card-b num">
        From version {before.number} to {after.number}: {counted(added, "line")} added, {count(removed)}{" "}
        removed.
      </p>
      <div
        className="code"
        role="region"
        aria-label={`What changed from version ${before.number} to ${after.number}, scrolls`}
        tabIndex={0}
      >
        <table className="mono diff">
          <thead className="sr">
            <tr>
              <th scope="col">Line before</th>
              <th scope="col">Line after</th>
              <th scope="col">Change</th>
              <th scope="col">Text</th>
            </tr>
          </thead>
          <tbody>
            {found.map((hunk, at) => (
              <Fragment key={at}>
                {at > 0 && (
                  <tr className="cut">
                    <td colSpan={4}>…</td>
                  </tr>
                )}
                {hunk.map((line) => (
                  <tr
                    key={`${line.before} ${line.after}`}
                    className={line.mark === "+" ? "add" : line.mark === "-" ? "del" : undefined}
                  >
                    <td className="ln">{line.before}</td>
                    <td className="ln">{line.after}</td>
                    <td>
                      <span aria-hidden="true">{line.mark === "-" ? "−" : line.mark}</span>
                      <span className="sr">
                        {line.mark === "+" ? "added" : line.mark === "-" ? "removed" : ""}
                      </span>
                    </td>
                    <td>{line.text}</td>
                  </tr>
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
