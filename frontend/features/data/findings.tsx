"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { DataTable, type Column } from "@/components/data-table";
import { Segmented } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Drawer } from "@/components/layers";
import { Badge, Unknown } from "@/components/marks";
import { sentence } from "@/components/data-jobs";
import { Pager } from "@/components/pager";
import { DataState, EmptyState } from "@/components/shared/DataState";
import { count, instant } from "@/lib/format";
import type { Finding } from "@/lib/types";
import { findingsQuery } from "./queries";

const TONE = { refused: "er", warning: "wn", note: "inf" } as const;
const ICON = { refused: "err", warning: "warn", note: "info" } as const;
const WORD = { refused: "Refused", warning: "Warning", note: "Note" } as const;

const COLUMNS: Column<Finding>[] = [
  {
    id: "file",
    header: "File",
    width: 232,
    cell: (finding) => <Source finding={finding} />,
  },
  {
    id: "severity",
    header: "Kind",
    width: 100,
    cell: (finding) => (
      <Badge small tone={TONE[finding.severity]} icon={ICON[finding.severity]}>
        {WORD[finding.severity]}
      </Badge>
    ),
  },
  {
    id: "rule",
    header: "Rule",
    width: 170,
    cell: (finding) => <span className="t2">{sentence(finding.rule.toLowerCase())}</span>,
  },
  {
    id: "subject",
    header: "About",
    width: 104,
    cell: (finding) => finding.subject ?? <Unknown why="The finding is about the whole file" />,
  },
  {
    id: "message",
    header: "What was found",
    width: 356,
    cell: (finding) => <span title={finding.message}>{finding.message}</span>,
  },
  {
    id: "action",
    header: "What was done",
    width: 228,
    cell: (finding) => <span title={finding.action}>{finding.action}</span>,
  },
  {
    id: "at",
    header: "Recorded",
    unit: "IST",
    align: "right",
    width: 180,
    cell: (finding) => <span className="t2">{instant(finding.recorded_at)}</span>,
  },
];

const SEVERITIES = ["refused", "warning", "note"] as const;

const IN_FILES = /\.\w{2,8}$/;

/** Where a finding stands: a file and its line, or in words when it comes of all files together. A line is a line only in a file. */
function Source({ finding }: { finding: Finding }) {
  if (!IN_FILES.test(finding.file_name)) return <span className="t2">{sentence(finding.file_name)}</span>;
  return (
    <span className="mono" title={finding.file_name}>
      {finding.file_name}
      {finding.line !== null && <span className="t3">:{finding.line}</span>}
    </span>
  );
}

/** A finding in full, since a row of the table may cut its words. */
function WholeFinding({ finding }: { finding: Finding }) {
  return (
    <div className="card-b stack g3" style={{ paddingInline: 14 }}>
      <div className="row wrap">
        <Badge tone={TONE[finding.severity]} icon={ICON[finding.severity]}>
          {WORD[finding.severity]}
        </Badge>
        <span className="t2">{sentence(finding.rule.toLowerCase())}</span>
      </div>
      <div style={{ overflowWrap: "anywhere" }}>
        <Source finding={finding} />
      </div>
      <div>
        <h3 className="t3 xs">What was found</h3>
        <p style={{ overflowWrap: "anywhere" }}>{finding.message}</p>
      </div>
      <div>
        <h3 className="t3 xs">What was done</h3>
        <p style={{ overflowWrap: "anywhere" }}>{finding.action}</p>
      </div>
      <dl className="kv num">
        <dt>About</dt>
        <dd>{finding.subject ?? <Unknown why="The finding is about the whole file" />}</dd>
        <dt>Recorded</dt>
        <dd>{instant(finding.recorded_at)} IST</dd>
      </dl>
    </div>
  );
}

/** What was odd in the files and what was done about it. */
export function Findings({ total }: { total: Record<string, number> | undefined }) {
  const [{ page, severity, rule }, set] = useQueryStates({
    page: parseAsInteger.withDefault(1),
    severity: parseAsStringLiteral(SEVERITIES),
    rule: parseAsString,
  });
  const query = useQuery(findingsQuery(page, severity, rule));
  const every = useQuery(findingsQuery(1, severity, null));
  const rules = Object.entries(every.data?.rules ?? {});
  const [active, setActive] = useState<number | null>(null);
  const [opened, setOpened] = useState<Finding | null>(null);
  const all = Object.values(total ?? {}).reduce((sum, number) => sum + number, 0);
  return (
    <section className="card" aria-label="Findings">
      <div className="card-h">
        <h2>Findings</h2>
        <span className="t3 num">{count(all)}</span>
        <span className="sp row wrap">
          <span className="input sel" style={{ width: 220 }}>
            <select
              aria-label="Rule of the finding"
              value={rule ?? ""}
              onChange={(event) => void set({ rule: event.target.value || null, page: null })}
            >
              <option value="">All rules</option>
              {rule && !rules.some(([name]) => name === rule) && (
                <option value={rule}>{sentence(rule.toLowerCase())}</option>
              )}
              {rules.map(([name, number]) => (
                <option key={name} value={name}>
                  {sentence(name.toLowerCase())} {count(number)}
                </option>
              ))}
            </select>
            <Icon name="down" size="xs" />
          </span>
          <Segmented
            label="Kind of finding"
            value={severity ?? "all"}
            options={[
              { value: "all", label: "All" },
              ...SEVERITIES.map((name) => ({
                value: name,
                label: `${WORD[name]} ${count(total?.[name] ?? 0)}`,
              })),
            ]}
            onChange={(value) =>
              void set({ severity: value === "all" ? null : value, rule: null, page: null })
            }
          />
        </span>
      </div>
      <DataState
        query={query}
        failed="The findings cannot be read"
        isEmpty={(data) => data.meta.total === 0}
        empty={
          <EmptyState title="No finding" icon="check">
            {severity || rule
              ? `No finding ${rule ? `of the rule “${sentence(rule.toLowerCase())}”` : `of the kind “${severity ? WORD[severity] : ""}”`}.`
              : "Every imported row was as expected, or nothing has been imported."}
          </EmptyState>
        }
      >
        {(data) => (
          <>
            <DataTable
              label="Findings"
              columns={COLUMNS}
              rowCount={data.data.length}
              rowAt={(index) => data.data[index]}
              rowKey={(finding) => String(finding.id)}
              height={420}
              active={active}
              onActive={setActive}
              onPeek={setOpened}
              phoneRow={(finding) => (
                <span className="grow">
                  <span className="row" style={{ gap: 6 }}>
                    <Badge small tone={TONE[finding.severity]} icon={ICON[finding.severity]}>
                      {WORD[finding.severity]}
                    </Badge>
                    <span className="trunc">
                      <Source finding={finding} />
                    </span>
                  </span>
                  <span className="t2 xs trunc" style={{ display: "block" }}>
                    {finding.message}
                  </span>
                </span>
              )}
            />
            <Pager page={page} pages={data.meta.total_pages} onPage={(to) => void set({ page: to })} />
          </>
        )}
      </DataState>
      <Drawer open={opened !== null} onClose={() => setOpened(null)} title="Finding">
        {opened && <WholeFinding finding={opened} />}
      </Drawer>
    </section>
  );
}
