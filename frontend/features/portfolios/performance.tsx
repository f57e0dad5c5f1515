"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { alpha, useChartColors, type ChartColors } from "@/components/chart-colors";
import { EChart, sessionAxis } from "@/components/echart";
import { DateInput } from "@/components/fields";
import { FigureCard, type Figure } from "@/components/figure-card";
import { Icon } from "@/components/icon";
import { DataState } from "@/components/shared/DataState";
import {
  axisRupees,
  count,
  date,
  dateRange,
  MONTHS,
  percent,
  rupees,
  signedPercent,
  signedRupees,
} from "@/lib/format";
import { indicesQuery } from "@/lib/queries";
import type { PerformanceReport } from "@/lib/types";
import { performanceQuery } from "./queries";
import { GainSum, SignedPart, Sum } from "./words";

export function Performance({ id }: { id: number }) {
  const [{ from, benchmark }, set] = useQueryStates({ from: parseAsString, benchmark: parseAsString });
  const query = useQuery(performanceQuery(id, from, benchmark));
  const indices = useQuery(indicesQuery);
  return (
    <div className="stack g3" style={{ marginTop: 12 }}>
      <div className="row wrap">
        <label className="row" style={{ gap: 6 }}>
          <span className="t2 xs">From</span>
          <DateInput
            empty="First transaction"
            width={160}
            value={from ?? ""}
            onChange={(event) => void set({ from: event.target.value || null })}
          />
        </label>
        <span className="input sel" style={{ width: 200 }}>
          <select
            aria-label="Benchmark"
            value={benchmark ?? ""}
            onChange={(event) => void set({ benchmark: event.target.value || null })}
          >
            <option value="">NIFTY 50, or the longest index</option>
            {indices.data?.indices.map((index) => (
              <option key={index.id} value={index.id}>
                {index.name}
              </option>
            ))}
          </select>
          <Icon name="down" size="xs" />
        </span>
      </div>
      <DataState query={query} failed="The performance cannot be measured">
        {(report) => <Report report={report} />}
      </DataState>
    </div>
  );
}

function Report({ report }: { report: PerformanceReport }) {
  return (
    <>
      <section className="card" aria-label="Returns">
        <div className="figs">
          {figures(report).map((figure) => (
            <FigureCard key={figure.label} figure={figure} />
          ))}
        </div>
      </section>
      <section className="card">
        <div className="card-h">
          <h2>Value and money put in</h2>
          <span className="t3 xs sp num">{dateRange(report.start, report.end)}</span>
        </div>
        <ValueChart report={report} />
        <div className="card-f">
          What lies between the lines is gain: {signedRupees(Number(report.gain), 2)} = unrealised{" "}
          {signedRupees(Number(report.unrealised), 2)}, realised {signedRupees(Number(report.realised), 2)},
          income {rupees(Number(report.income), true)}, less charges {rupees(Number(report.charges), true)}.
        </div>
      </section>
      <section className="card">
        <div className="card-h">
          <h2>Time-weighted return{report.benchmark_returns ? ` and ${report.benchmark}` : ""}</h2>
        </div>
        <ReturnChart report={report} />
        <div className="card-f">{report.explained.price_index}</div>
      </section>
      <div
        className="grid"
        style={{ gridTemplateColumns: "repeat(auto-fit, minmax(min(420px, 100%), 1fr))", gap: 12 }}
      >
        <Stocks report={report} />
        <Sectors report={report} />
      </div>
      <Months report={report} />
      <p className="xs t3">{report.notes.join(" ")}</p>
    </>
  );
}

function figures(report: PerformanceReport): Figure[] {
  const period = dateRange(report.start, report.end);
  return [
    {
      label: "Gain",
      value: signedRupees(Number(report.gain), 2),
      definition: "End value, less start value, less what was put in, plus what was taken out.",
      interval: period,
      inputs: [
        { name: "Start value", value: rupees(Number(report.start_value), true) },
        { name: "Put in", value: rupees(Number(report.put_in), true) },
        { name: "Taken out", value: rupees(Number(report.taken_out), true) },
        { name: "End value", value: rupees(Number(report.end_value), true) },
      ],
    },
    {
      label: "Time-weighted",
      value: signedPercent(100 * report.time_weighted),
      definition: report.explained.time_weighted ?? "",
      formula: "∏ (1 + (V − V₋₁ − F) / (V₋₁ + max(F, 0))) − 1",
      interval:
        report.time_weighted_yearly === null
          ? "less than a year"
          : `${signedPercent(100 * report.time_weighted_yearly, 1)} a year`,
    },
    {
      label: "Money-weighted",
      value: report.money_weighted === null ? null : signedPercent(100 * report.money_weighted),
      unit: "a year",
      why: report.money_weighted_reason ?? undefined,
      definition: report.explained.money_weighted ?? "",
      formula: "Σ flow / (1 + r)^(days / 365) = 0",
      interval: "XIRR",
    },
    {
      label: report.benchmark,
      value: report.benchmark_return === null ? null : signedPercent(100 * report.benchmark_return),
      why: "The index has no value at the beginning or at the end",
      definition: report.explained.price_index ?? "",
      interval: period,
    },
    {
      label: `Same money in ${report.benchmark}`,
      value: report.same_money === null ? null : rupees(Number(report.same_money)),
      why: "The index has no value on a day on which money moved",
      definition: report.explained.same_money ?? "",
      interval: `against ${rupees(Number(report.end_value))}`,
    },
    {
      label: "Sessions",
      value: count(report.sessions),
      definition: report.explained[report.funded ? "funded" : "unfunded"] ?? "",
      interval: `from ${date(report.start)}`,
    },
  ];
}

interface Line {
  name: string;
  values: readonly (number | null)[];
  color: string;
  area?: boolean;
}

function ValueChart({ report }: { report: PerformanceReport }) {
  const colors = useChartColors();
  const option = useMemo(
    () =>
      lines(
        report.dates,
        [
          { name: "Value", values: report.values, color: colors.accent, area: true },
          { name: "Money put in", values: report.money_in, color: colors.benchmark },
        ],
        colors,
        axisRupees,
        (value) => rupees(value),
      ),
    [report, colors],
  );
  return (
    <EChart
      option={option}
      height={260}
      label={`Value from ${date(report.start)} to ${date(report.end)}: ${rupees(Number(report.end_value))} at the end`}
    />
  );
}

function ReturnChart({ report }: { report: PerformanceReport }) {
  const colors = useChartColors();
  const option = useMemo(() => {
    const drawn: Line[] = [{ name: "Portfolio", values: report.returns, color: colors.accent }];
    if (report.benchmark_returns)
      drawn.push({ name: report.benchmark, values: report.benchmark_returns, color: colors.benchmark });
    const written = (value: number) => signedPercent(100 * value, 1);
    return lines(report.dates, drawn, colors, (value) => signedPercent(100 * value, 0), written);
  }, [report, colors]);
  return (
    <EChart
      option={option}
      height={240}
      label={`Time-weighted return ${signedPercent(100 * report.time_weighted)} from ${date(report.start)} to ${date(report.end)}`}
    />
  );
}

function lines(
  days: readonly string[],
  drawn: readonly Line[],
  colors: ChartColors,
  axis: (value: number) => string,
  written: (value: number) => string,
) {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.documentElement).fontFamily },
    grid: { left: 12, right: 72, top: 34, bottom: 24 },
    legend: { top: 4, left: 8, textStyle: { color: colors.axis, fontSize: 12 }, icon: "rect", itemHeight: 2 },
    tooltip: {
      trigger: "axis" as const,
      backgroundColor: colors.overlay,
      borderColor: colors.borderStrong,
      textStyle: { color: colors.text, fontSize: 12 },
      valueFormatter: (value: unknown) => (typeof value === "number" ? written(value) : "–"),
    },
    xAxis: sessionAxis([...days], colors, {}),
    yAxis: {
      type: "value" as const,
      position: "right" as const,
      scale: true,
      splitNumber: 4,
      axisLabel: { color: colors.axis, fontSize: 12, formatter: axis },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: colors.grid } },
    },
    series: drawn.map((line) => ({
      type: "line" as const,
      name: line.name,
      data: line.values,
      showSymbol: false,
      sampling: "lttb" as const,
      lineStyle: { color: line.color, width: 1.4 },
      itemStyle: { color: line.color },
      areaStyle: line.area ? { color: alpha(line.color, 0.12) } : undefined,
    })),
  };
}

function Stocks({ report }: { report: PerformanceReport }) {
  const rows = [...report.stocks].sort((a, b) => Number(b.gain) - Number(a.gain));
  return (
    <section className="card">
      <div className="card-h">
        <h2>Gain by stock</h2>
      </div>
      <div
        className="tw-wrap"
        role="region"
        aria-label="Gain by stock, scrolls"
        tabIndex={0}
        style={{ maxHeight: 420 }}
      >
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Stock</th>
              {["Gain", "Unrealised", "Realised", "Income", "Charges"].map((name) => (
                <th key={name} scope="col" className="r">
                  {name} <span className="u">₹</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.symbol}>
                <td className="sym">{row.symbol}</td>
                <td className="r">
                  <GainSum value={row.gain} />
                </td>
                <td className="r">
                  <GainSum value={row.unrealised} />
                </td>
                <td className="r">
                  <GainSum value={row.realised} />
                </td>
                <td className="r">
                  <Sum value={row.income} />
                </td>
                <td className="r">
                  <Sum value={row.charges} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>Together</td>
              <td className="r">
                <GainSum value={report.gain} />
              </td>
              <td className="r">
                <GainSum value={report.unrealised} />
              </td>
              <td className="r">
                <GainSum value={report.realised} />
              </td>
              <td className="r">
                <Sum value={report.income} />
              </td>
              <td className="r">
                <Sum value={report.charges} />
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      <div className="card-f">
        Gain = unrealised + realised + income − charges; the rows add up to the whole.
      </div>
    </section>
  );
}

function Sectors({ report }: { report: PerformanceReport }) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Gain by sector</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="Gain by sector, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Sector</th>
              <th scope="col" className="r">
                Gain <span className="u">₹</span>
              </th>
              <th scope="col" className="r">
                Of the whole
              </th>
            </tr>
          </thead>
          <tbody>
            {report.sectors.map((row) => (
              <tr key={row.sector}>
                <td>{row.sector}</td>
                <td className="r">
                  <GainSum value={row.gain} />
                </td>
                <td className="r">{row.share_of_gain === null ? "–" : percent(row.share_of_gain)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Months({ report }: { report: PerformanceReport }) {
  if (report.years.length === 0) return null;
  const months = new Map(report.months.map((one) => [`${one.year}-${one.month}`, one]));
  return (
    <section className="card">
      <div className="card-h">
        <h2>By month and year</h2>
      </div>
      <div className="tw-wrap" role="region" aria-label="By month and year, scrolls" tabIndex={0}>
        <table className="t num">
          <thead>
            <tr>
              <th scope="col">Year</th>
              {MONTHS.map((month) => (
                <th key={month} scope="col" className="r">
                  {month}
                </th>
              ))}
              <th scope="col" className="r">
                Whole
              </th>
              <th scope="col" className="r">
                Gain <span className="u">₹</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {report.years.map((year) => (
              <tr key={year.year}>
                <td>{year.year}</td>
                {MONTHS.map((name, at) => {
                  const month = months.get(`${year.year}-${at + 1}`);
                  return (
                    <td
                      key={name}
                      className="r"
                      title={month ? signedRupees(Number(month.gain), 2) : undefined}
                    >
                      {month ? <SignedPart value={month.return} /> : ""}
                    </td>
                  );
                })}
                <td className="r">
                  <SignedPart value={year.return} />
                </td>
                <td className="r">
                  <GainSum value={year.gain} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="card-f">Time-weighted, in percent; the first and the last may be parts of a month.</div>
    </section>
  );
}
