"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { parseAsInteger, useQueryState } from "nuqs";
import { useState } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Badge } from "@/components/marks";
import { EmptyState } from "@/components/shared/DataState";
import { toast } from "@/components/toast";
import { ApiError, portfolioAPI, unwrap, type FileFields } from "@/lib/api-client";
import { useCrumbs } from "@/lib/crumbs";
import { getErrorMessage } from "@/lib/errors";
import { count, counted, date } from "@/lib/format";
import type { FilePreview } from "@/lib/types";
import { portfolioQuery, useChange } from "./queries";
import { ACTION_KINDS, KINDS } from "./words";

interface LayoutCard {
  id: string;
  title: string;
  fields: string[];
  needed: string[];
}

const TONES = { NEW: "ok", DUPLICATE: "line", SKIPPED: "line", ERROR: "er" } as const;
const STATUS = { NEW: "New", DUPLICATE: "Known", SKIPPED: "Left out", ERROR: "Error" } as const;

export function ImportPage() {
  const [id] = useQueryState("id", parseAsInteger);
  const portfolio = useQuery({ ...portfolioQuery(id ?? 0, null), enabled: id !== null });
  useCrumbs([
    { label: "Analyst" },
    { label: "Portfolios", href: "/analyst/" },
    { label: portfolio.data?.name ?? "Portfolio", href: `/analyst/portfolio/?id=${id}` },
    { label: "Import" },
  ]);
  return (
    <div className="page">
      <div className="page-h">
        <div className="stack g1">
          <h1>Import a broker&apos;s file</h1>
          <p className="t2">
            Zerodha, FYERS, Groww, or a CSV or XLSX file of your own. Nothing is entered before you confirm
            it, and importing a file twice adds nothing.
          </p>
        </div>
      </div>
      {id === null ? (
        <section className="card">
          <EmptyState
            title="No portfolio is chosen"
            action={
              <Link className="btn" href="/analyst/">
                See all portfolios
              </Link>
            }
          >
            The address names none.
          </EmptyState>
        </section>
      ) : (
        <Wizard id={id} />
      )}
    </div>
  );
}

function Wizard({ id }: { id: number }) {
  const router = useRouter();
  const [file, setFile] = useState<File | null>(null);
  const [account, setAccount] = useState("");
  const [asof, setAsof] = useState("");
  const [mapping, setMapping] = useState<Record<string, string>>({});
  const [layout, setLayout] = useState("");
  const [leftOut, setLeftOut] = useState<readonly number[]>([]);
  const [notKnown, setNotKnown] = useState<readonly number[]>([]);
  const fields = (without: readonly number[], others: readonly number[]): FileFields => ({
    account,
    asof: asof || undefined,
    layout: layout || undefined,
    mapping: Object.keys(mapping).length > 0 ? JSON.stringify(mapping) : undefined,
    leave_out: without.join(","),
    not_known: others.join(","),
  });
  const preview = useMutation({
    mutationFn: (asked: { chosen: File; without: readonly number[]; others: readonly number[] }) =>
      unwrap(portfolioAPI.previewFile(id, asked.chosen, fields(asked.without, asked.others))),
  });
  const confirm = useChange(
    ({ chosen, digest }: { chosen: File; digest: string }) =>
      portfolioAPI.importFile(id, chosen, { ...fields(leftOut, notKnown), digest }),
    {
      quiet: true,
      done: (done) => {
        toast({ title: `${counted(done.added, "line")} entered` });
        router.push(`/analyst/portfolio/?id=${id}&tab=transactions`);
      },
    },
  );
  const look = (chosen: File, without = leftOut, others = notKnown) => {
    confirm.reset();
    setLeftOut(without);
    setNotKnown(others);
    preview.mutate({ chosen, without, others });
  };
  const asked = columnsAsked(preview.error);
  const told = preview.data;
  return (
    <div className="stack g3">
      <section className="card" aria-label="The file">
        <div
          className="card-b grid"
          style={{
            gridTemplateColumns: "repeat(auto-fill, minmax(220px, 1fr))",
            gap: 12,
            alignItems: "start",
          }}
        >
          <div className="field">
            <label htmlFor="broker-file">File</label>
            <input
              id="broker-file"
              type="file"
              accept=".csv,.xlsx,.txt,.tsv"
              onChange={(event) => {
                const chosen = event.target.files?.[0] ?? null;
                setFile(chosen);
                setLeftOut([]);
                setNotKnown([]);
                setMapping({});
                setLayout("");
                preview.reset();
              }}
            />
            <span className="hint">CSV in UTF-8, or XLSX; at most 20 MB</span>
          </div>
          <TextField
            label="Account"
            hint="Of several demat accounts, which one: lots are matched within it"
            value={account}
            maxLength={60}
            onChange={(event) => setAccount(event.target.value)}
          />
          <TextField
            label="Holdings as of"
            type="date"
            hint="For a statement of holdings: its day. Today by default"
            value={asof}
            onChange={(event) => setAsof(event.target.value)}
          />
        </div>
        <div className="card-f row between">
          <span>Look first: each row is shown with what becomes of it.</span>
          <button
            type="button"
            className={`btn ${told ? "" : "p"}`}
            disabled={file === null || preview.isPending}
            onClick={() => file && look(file)}
          >
            {preview.isPending ? "Reading" : told ? "Look again" : "Look at the file"}
          </button>
        </div>
      </section>
      {preview.error && !asked && (
        <section className="card" role="alert">
          <EmptyState title="The file cannot be read" icon="err">
            {getErrorMessage(preview.error)}
          </EmptyState>
        </section>
      )}
      {asked && (
        <Columns
          asked={asked}
          layout={layout || "generic_trades"}
          setLayout={setLayout}
          mapping={mapping}
          setMapping={setMapping}
        />
      )}
      {told && file && (
        <Shown
          told={told}
          leaveOut={(lines) => look(file, [...leftOut, ...lines])}
          notKnown={notKnown}
          setNotKnown={(lines) => look(file, leftOut, lines)}
          refused={confirm.error ? getErrorMessage(confirm.error) : null}
          busy={confirm.isPending || preview.isPending}
          onConfirm={() => confirm.mutate({ chosen: file, digest: told.digest })}
        />
      )}
    </div>
  );
}

interface Asked {
  headers: string[];
  layouts: LayoutCard[];
}

/** What a refusal for want of columns says there is to choose from. */
function columnsAsked(error: unknown): Asked | null {
  if (!(error instanceof ApiError)) return null;
  const details = error.details as Partial<Asked> | undefined;
  return details?.headers && details.layouts ? { headers: details.headers, layouts: details.layouts } : null;
}

function Columns({
  asked,
  layout,
  setLayout,
  mapping,
  setMapping,
}: {
  asked: Asked;
  layout: string;
  setLayout: (layout: string) => void;
  mapping: Record<string, string>;
  setMapping: (mapping: Record<string, string>) => void;
}) {
  const chosen = asked.layouts.find((one) => one.id === layout);
  return (
    <section className="card" aria-label="Columns">
      <div className="card-h">
        <h2>Which column is which?</h2>
      </div>
      <div
        className="card-b grid"
        style={{ gridTemplateColumns: "repeat(auto-fill, minmax(180px, 1fr))", gap: 12 }}
      >
        <SelectField
          label="The file tells"
          value={layout}
          onChange={(event) => setLayout(event.target.value)}
        >
          {asked.layouts
            .filter((one) => one.id.startsWith("generic"))
            .map((one) => (
              <option key={one.id} value={one.id}>
                {one.title}
              </option>
            ))}
        </SelectField>
        {chosen?.fields.map((field) => (
          <SelectField
            key={field}
            label={`${field.replace("_", " ")}${chosen.needed.includes(field) ? " (needed)" : ""}`}
            value={mapping[field] ?? ""}
            onChange={(event) => {
              const rest = Object.fromEntries(Object.entries(mapping).filter(([name]) => name !== field));
              setMapping(event.target.value ? { ...rest, [field]: event.target.value } : rest);
              if (layout) setLayout(layout);
            }}
          >
            <option value="">–</option>
            {asked.headers.filter(Boolean).map((header) => (
              <option key={header} value={header}>
                {header}
              </option>
            ))}
          </SelectField>
        ))}
      </div>
      <div className="card-f">Choose, then look at the file again.</div>
    </section>
  );
}

function Shown({
  told,
  leaveOut,
  notKnown,
  setNotKnown,
  refused,
  busy,
  onConfirm,
}: {
  told: FilePreview;
  leaveOut: (lines: readonly number[]) => void;
  notKnown: readonly number[];
  setNotKnown: (lines: readonly number[]) => void;
  refused: string | null;
  busy: boolean;
  onConfirm: () => void;
}) {
  const { counts, ledger_error: problem } = told;
  const wrong = told.rows.filter((row) => row.status === "ERROR").map((row) => row.line);
  const blocked = counts.errors > 0 || problem !== null;
  return (
    <section className="card" aria-label="Preview">
      <div className="card-h wrap">
        <h2>{told.title}</h2>
        <span className="row wrap num sp">
          <Badge tone="ok">{count(counts.new)} new</Badge>
          <Badge tone="line">{count(counts.duplicates)} known</Badge>
          <Badge tone="line">{count(counts.skipped)} left out</Badge>
          {counts.errors > 0 && <Badge tone="er">{counted(counts.errors, "error")}</Badge>}
        </span>
      </div>
      {told.actions.length > 0 && (
        <p className="card-b t2">
          With them come{" "}
          {told.actions
            .map(
              (one) =>
                `${ACTION_KINDS[one.kind]} ${one.ratio ?? ""} of ${one.symbol} on ${date(one.ex_date)}`,
            )
            .join(", ")}
          : the trades lie on both sides.
        </p>
      )}
      {problem && (
        <p className="card-b er" role="alert">
          {problem.line === null ? "" : `Line ${problem.line}. `}
          {problem.message}
        </p>
      )}
      <div
        className="tw-wrap"
        role="region"
        aria-label="Rows, scrolls"
        tabIndex={0}
        style={{ maxHeight: 460 }}
      >
        <table className="t num">
          <thead>
            <tr>
              <th scope="col" className="r">
                Line
              </th>
              <th scope="col">Status</th>
              <th scope="col">What it says</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {told.rows.map((row) => (
              <tr key={row.line}>
                <td className="r">{row.line}</td>
                <td>
                  <Badge small tone={TONES[row.status]}>
                    {STATUS[row.status]}
                  </Badge>
                </td>
                <td>
                  {row.transactions
                    .map(
                      (one) =>
                        `${date(one.date)} ${KINDS[one.kind as keyof typeof KINDS]} ${count(one.quantity)} ${one.symbol} at ${one.price}`,
                    )
                    .join("; ")}
                </td>
                <td className={row.status === "ERROR" ? "er" : "t3"}>
                  {row.message ?? ""}{" "}
                  {row.status === "DUPLICATE" && (
                    <button
                      type="button"
                      className="btn sm q"
                      disabled={busy}
                      aria-label={`Line ${row.line} is not a duplicate`}
                      onClick={() => setNotKnown([...notKnown, row.line])}
                    >
                      Not a duplicate
                    </button>
                  )}
                  {notKnown.includes(row.line) && (
                    <button
                      type="button"
                      className="btn sm q"
                      disabled={busy}
                      aria-label={`Line ${row.line} is a duplicate after all`}
                      onClick={() => setNotKnown(notKnown.filter((line) => line !== row.line))}
                    >
                      It is one
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f row between wrap">
        <span className={refused ? "er" : ""} role={refused ? "alert" : undefined}>
          {refused ??
            (counts.rows > told.rows.length
              ? `${count(told.rows.length)} of ${count(counts.rows)} rows are shown, those with an error first.`
              : blocked
                ? "Nothing is entered while a row has an error: mend the file, or leave those rows out."
                : `${counted(counts.transactions, "line")} and ${counted(told.actions.length, "action")} will be entered.`)}
        </span>
        <span className="row">
          {wrong.length > 0 && (
            <button type="button" className="btn" disabled={busy} onClick={() => leaveOut(wrong)}>
              Leave out {counted(wrong.length, "row")}
            </button>
          )}
          <button type="button" className="btn p" disabled={busy || blocked} onClick={onConfirm}>
            Enter {counted(counts.transactions, "line")}
          </button>
        </span>
      </div>
    </section>
  );
}
