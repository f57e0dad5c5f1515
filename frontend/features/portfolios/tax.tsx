"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsArrayOf, parseAsString, useQueryStates } from "nuqs";
import { useState, type FormEvent } from "react";
import { SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Unknown } from "@/components/marks";
import { DataState, EmptyState, ErrorState } from "@/components/shared/DataState";
import { portfolioAPI } from "@/lib/api-client";
import { count, date, grouped, rupees } from "@/lib/format";
import type { TaxReport } from "@/lib/types";
import { taxQuery } from "./queries";
import { GainSum, Sum } from "./words";

const KINDS: Record<string, string> = {
  SHORT: "Short-term",
  LONG: "Long-term",
  SPECULATIVE: "Intraday",
  UNKNOWN: "Unknown",
};

export function Tax({ id }: { id: number }) {
  const [{ year, losses, surcharge }, set] = useQueryStates({
    year: parseAsString,
    losses: parseAsArrayOf(parseAsString).withDefault([]),
    surcharge: parseAsString,
  });
  const asked = { year: year ?? undefined, losses, surcharge: surcharge ?? undefined };
  const query = useQuery(taxQuery(id, asked));
  if (query.error && (losses.length > 0 || surcharge))
    return (
      <section className="card">
        <ErrorState error={query.error} title="The tax cannot be estimated with what was added" />
        <div className="card-f">
          <button
            type="button"
            className="btn"
            onClick={() =>
              void set({ losses: losses.length > 1 ? losses.slice(0, -1) : null, surcharge: null })
            }
          >
            Leave out what was added last
          </button>
        </div>
      </section>
    );
  return (
    <DataState query={query} failed="The tax cannot be estimated">
      {(report) => (
        <div className="stack g3" style={{ marginTop: 12 }}>
          <div className="row wrap between">
            <span className="row">
              <span className="input sel" style={{ width: 140 }}>
                <select
                  aria-label="Financial year"
                  value={report.year}
                  onChange={(event) => void set({ year: event.target.value })}
                >
                  {[...report.years].reverse().map((one) => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                </select>
                <Icon name="down" size="xs" />
              </span>
              {(["csv", "pdf"] as const).map((format) => (
                <a
                  key={format}
                  className="btn"
                  href={portfolioAPI.taxFile(id, { ...asked, year: report.year }, format)}
                  download
                >
                  <Icon name="dl" size="s" />
                  {format.toUpperCase()}
                </a>
              ))}
            </span>
            <span className="t2 xs">{report.notice}</span>
          </div>
          <Given
            report={report}
            onLosses={(next) => void set({ losses: next.length > 0 ? next : null })}
            losses={losses}
            onSurcharge={(next) => void set({ surcharge: next })}
          />
          {report.notes.length > 0 && (
            <div className="callout wn" role="note">
              <Icon name="warn" size="s" />
              <ul className="stack g0">
                {report.notes.map((note) => (
                  <li key={note}>{note}</li>
                ))}
              </ul>
            </div>
          )}
          <Summary report={report} />
          {report.hints.length > 0 && <Hints report={report} />}
          <Sales report={report} />
          <Rules report={report} />
        </div>
      )}
    </DataState>
  );
}

/** What the ledger cannot know: losses of before it or of other accounts, and the surcharge. */
function Given({
  report,
  losses,
  onLosses,
  onSurcharge,
}: {
  report: TaxReport;
  losses: readonly string[];
  onLosses: (losses: string[]) => void;
  onSurcharge: (percent: string | null) => void;
}) {
  const [kind, setKind] = useState("SHORT");
  const [year, setYear] = useState("");
  const [amount, setAmount] = useState("");
  const add = (event: FormEvent) => {
    event.preventDefault();
    onLosses([...losses, `${kind}:${year.trim()}:${amount.replace(/[,\s]/g, "")}`]);
    setAmount("");
  };
  return (
    <section className="card" aria-label="What you add">
      <div className="card-h">
        <h2>Losses brought forward, and the surcharge</h2>
      </div>
      <form
        className="card-b grid"
        style={{ gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))", gap: 10, alignItems: "start" }}
        onSubmit={add}
      >
        <SelectField
          label="Surcharge"
          value={String(report.surcharge_percent)}
          hint="On tax, from an income of ₹50 lakh"
          onChange={(event) => onSurcharge(event.target.value === "0" ? null : event.target.value)}
        >
          {[...new Set([0, 10, 15, report.surcharge_percent])].map((one) => (
            <option key={one} value={one}>
              {one === 0 ? "None" : `${one}%`}
            </option>
          ))}
        </SelectField>
        <SelectField label="Loss" value={kind} onChange={(event) => setKind(event.target.value)}>
          {["SHORT", "LONG", "SPECULATIVE"].map((one) => (
            <option key={one} value={one}>
              {KINDS[one]}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Of the year"
          placeholder="2021-22"
          pattern="\d{4}-\d{2}"
          title="A financial year, such as 2021-22"
          required
          value={year}
          onChange={(event) => setYear(event.target.value)}
        />
        <TextField
          label="Unused at its end"
          prefix="₹"
          inputMode="decimal"
          pattern="[0-9,]+([.][0-9]+)?"
          title="Rupees above zero"
          required
          value={amount}
          onChange={(event) => setAmount(event.target.value)}
        />
        <button type="submit" className="btn" style={{ marginTop: 20 }}>
          Add loss
        </button>
      </form>
      {report.losses_given.length > 0 && (
        <ul className="card-b stack" style={{ listStyle: "none", paddingTop: 0 }}>
          {report.losses_given.map((one, at) => (
            <li key={`${one.kind}${one.of_year}${at}`} className="row between">
              <span className="num">
                {KINDS[one.kind]} loss of {one.of_year}: {rupees(Number(one.amount), true)}, counts until{" "}
                {one.until}
              </span>
              <button
                type="button"
                className="btn q sm"
                aria-label={`Leave out the loss of ${one.of_year}`}
                onClick={() => onLosses(losses.filter((_, n) => n !== at))}
              >
                Leave out
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="card-f">
        Of years before the ledger begins, or of accounts that are not in it. They stand in this page&apos;s
        address and are stored nowhere.
      </div>
    </section>
  );
}

function Summary({ report }: { report: TaxReport }) {
  const rows = report.summary.filter((row) => row.sales > 0);
  return (
    <div
      className="grid"
      style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(420px, 100%), 1fr))", gap: 12 }}
    >
      <section className="card">
        <div className="card-h">
          <h2>Gains of {report.year}</h2>
        </div>
        {rows.length === 0 ? (
          <EmptyState title="Nothing was sold">No sale lies in this financial year.</EmptyState>
        ) : (
          <div className="tw-wrap" role="region" aria-label="Gains, scrolls" tabIndex={0}>
            <table className="t num">
              <thead>
                <tr>
                  <th scope="col">Kind</th>
                  <th scope="col" className="r">
                    Sales
                  </th>
                  <th scope="col" className="r">
                    Gains <span className="u">₹</span>
                  </th>
                  <th scope="col" className="r">
                    Losses <span className="u">₹</span>
                  </th>
                  <th scope="col" className="r">
                    Net <span className="u">₹</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.kind}>
                    <td>{KINDS[row.kind]}</td>
                    <td className="r">{count(row.sales)}</td>
                    <td className="r">
                      <Sum value={row.gains} />
                    </td>
                    <td className="r">
                      <Sum value={row.losses} />
                    </td>
                    <td className="r">
                      <GainSum value={row.net} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        <div className="card-f">
          {report.set_off.map((one) => (
            <div key={`${one.loss}${one.of_year}${one.against}${one.rate_percent}`}>
              {KINDS[one.loss]} loss of {one.of_year}: {rupees(Number(one.amount), true)} set off against{" "}
              {(KINDS[one.against] ?? "").toLowerCase()} gains
              {one.rate_percent === null ? "" : ` at ${one.rate_percent}%`}.
            </div>
          ))}
          {report.carried_forward.map((one) => (
            <div key={`${one.kind}${one.of_year}`}>
              {KINDS[one.kind]} loss of {one.of_year}: {rupees(Number(one.amount), true)} carried, until{" "}
              {one.until}.
            </div>
          ))}
          {report.set_off.length + report.carried_forward.length === 0 && "No loss is set off or carried."}
        </div>
      </section>
      <section className="card">
        <div className="card-h">
          <h2>Estimated tax</h2>
          <span className="sp num sb">{rupees(Number(report.total), true)}</span>
        </div>
        <div className="tw-wrap" role="region" aria-label="Estimated tax, scrolls" tabIndex={0}>
          <table className="t num">
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col" className="r">
                  Rate <span className="u">%</span>
                </th>
                <th scope="col" className="r">
                  Left <span className="u">₹</span>
                </th>
                <th scope="col" className="r">
                  Exempt <span className="u">₹</span>
                </th>
                <th scope="col" className="r">
                  Tax <span className="u">₹</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {report.taxed.map((row) => (
                <tr key={`${row.kind}${row.rate_percent}`}>
                  <td>{KINDS[row.kind]}</td>
                  <td className="r">
                    {row.rate_percent ?? <Unknown why="Taxed at the rate of your income" />}
                  </td>
                  <td className="r">
                    <Sum value={row.left} />
                  </td>
                  <td className="r">
                    <Sum value={row.exempt} />
                  </td>
                  <td className="r">
                    <Sum value={row.tax} why="Taxed at the rate of your income" />
                  </td>
                </tr>
              ))}
              {report.surcharge_percent > 0 && (
                <tr>
                  <td colSpan={4}>Surcharge, {report.surcharge_percent}%</td>
                  <td className="r">
                    <Sum value={report.surcharge} />
                  </td>
                </tr>
              )}
              <tr>
                <td colSpan={4}>Health and education cess, 4%</td>
                <td className="r">
                  <Sum value={report.cess} />
                </td>
              </tr>
            </tbody>
          </table>
        </div>
        <div className="card-f">
          Exemption used: {rupees(Number(report.exemption_used), true)} of{" "}
          {rupees(Number(report.exemption), false)}. Dividends received:{" "}
          {rupees(Number(report.dividends), true)}, taxed with your income.
        </div>
      </section>
    </div>
  );
}

function Hints({ report }: { report: TaxReport }) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Before the year ends</h2>
        <span className="t3 xs sp">At the last prices; an estimate, not advice</span>
      </div>
      <ul className="card-b stack" style={{ listStyle: "none" }}>
        {report.hints.slice(0, 12).map((hint) => (
          <li key={`${hint.kind}${hint.symbol}${hint.account}${hint.on}`} className="row" style={{ gap: 10 }}>
            <span className="sym" style={{ minWidth: 96 }}>
              {hint.symbol}
            </span>
            <span className="t2">{hint.text}.</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sales({ report }: { report: TaxReport }) {
  if (report.gains.length === 0) return null;
  return (
    <section className="card" aria-label="Sales">
      <div className="card-h">
        <h2>Sales, lot by lot</h2>
      </div>
      <div
        className="tw-wrap"
        role="region"
        aria-label="Sales, scrolls"
        tabIndex={0}
        style={{ maxHeight: 480 }}
      >
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Stock</th>
              <th scope="col">Kind</th>
              <th scope="col">Bought</th>
              <th scope="col">Sold</th>
              {["Shares", "Proceeds", "Cost used", "Expenses", "Gain", "Rate"].map((name) => (
                <th key={name} scope="col" className="r">
                  {name} {name !== "Shares" && <span className="u">{name === "Rate" ? "%" : "₹"}</span>}
                </th>
              ))}
              <th scope="col">Note</th>
            </tr>
          </thead>
          <tbody>
            {report.gains.map((row, at) => (
              <tr key={at}>
                <td className="sym">{row.symbol}</td>
                <td>{KINDS[row.kind]}</td>
                <td>{row.acquired ? date(row.acquired) : <Unknown why={row.note ?? "Not entered"} />}</td>
                <td>{date(row.sold)}</td>
                <td className="r">{count(row.quantity)}</td>
                <td className="r">{grouped(Number(row.proceeds), 2)}</td>
                <td className="r">{grouped(Number(row.cost_used), 2)}</td>
                <td className="r">{grouped(Number(row.expenses), 2)}</td>
                <td className="r">
                  <GainSum value={row.gain} />
                </td>
                <td className="r">
                  {row.rate_percent ?? <Unknown why="Taxed at the rate of your income" />}
                </td>
                <td className="t3">{row.note ?? (row.fair_value ? "fair value of January 2018" : "")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Rules({ report }: { report: TaxReport }) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Rules used</h2>
      </div>
      <ul className="card-b stack xs t2" style={{ paddingLeft: 28 }}>
        {report.rules.map((rule) => (
          <li key={rule.text}>
            {rule.text}
            {!rule.verified && <span className="t3"> Not checked against a second source.</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
