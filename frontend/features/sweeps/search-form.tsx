"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState, type FormEvent } from "react";
import { FollowedJob } from "@/components/data-jobs";
import { Segmented, SelectField, TextField } from "@/components/fields";
import { NoData } from "@/components/no-data";
import { DataState } from "@/components/shared/DataState";
import { sweepAPI, unwrap, walkAPI } from "@/lib/api-client";
import { getErrorMessage } from "@/lib/errors";
import { count, counted } from "@/lib/format";
import { labelOf } from "@/lib/measures";
import { useCommands } from "@/lib/commands";
import { ALL_STOCKS, healthQuery, indicesQuery, strategiesQuery } from "@/lib/queries";
import { parseNumber, parseSymbols } from "@/lib/typed";
import type { BacktestRequest, IndexInfo, StrategyCard } from "@/lib/types";
import { useAtWork } from "@/lib/use-job";
import { changed, PLAIN, runOf, RunTerms, wrongTerms } from "./run-terms";
import { CHOOSING, howMany, numbers, valuesOf, type Chooser, type Grid } from "./words";

type Kind = "sweep" | "walk";
type Plan = "bps" | "zerodha" | "fyers" | "none";

/** What the form begins with, where the strategy is there. */
const FIRST = { strategy: "sma_cross", grid: { fast: "5:25:5", slow: "30:90:20" } };

/** What to search, of which strategy; once for all of the period, or again and again with tests after it. */
export function SearchForm() {
  const health = useQuery(healthQuery);
  const strategies = useQuery(strategiesQuery);
  const indices = useQuery(indicesQuery);
  const loading = <div className="sk" style={{ height: 240 }} />;
  return (
    <DataState query={health} failed="What data there are cannot be read" loading={loading}>
      {({ data }) =>
        data ? (
          <DataState query={strategies} failed="The strategies cannot be read" loading={loading}>
            {(cards) => (
              <DataState query={indices} failed="The indices cannot be read" loading={loading}>
                {(known) => (
                  <Form
                    strategies={cards}
                    indices={known.indices.filter((index) => index.id !== ALL_STOCKS)}
                    universe={known.default}
                    last={data.last_session}
                    first={data.first_session}
                  />
                )}
              </DataState>
            )}
          </DataState>
        ) : (
          <NoData />
        )
      }
    </DataState>
  );
}

function Form({
  strategies,
  indices,
  universe: preset,
  first,
  last,
}: {
  strategies: readonly StrategyCard[];
  indices: readonly IndexInfo[];
  universe: string;
  first: string;
  last: string;
}) {
  const router = useRouter();
  const [kind, setKind] = useState<Kind>("sweep");
  const [id, setId] = useState(
    (strategies.find((one) => one.strategy_id === FIRST.strategy) ?? strategies[0])?.strategy_id ?? "",
  );
  const [grid, setGrid] = useState<Record<string, string>>(FIRST.grid);
  const [universe, setUniverse] = useState(
    indices.some((one) => one.id === preset) ? preset : (indices[0]?.id ?? ""),
  );
  const [symbols, setSymbols] = useState("");
  const [start, setStart] = useState(first);
  const [end, setEnd] = useState(last);
  const [plan, setPlan] = useState<Plan>("bps");
  const [counts, setCounts] = useState({ draws: "", train: "504", test: "126", purge: "0", embargo: "0" });
  const [metric, setMetric] = useState<Chooser>("sharpe");
  const [terms, setTerms] = useState(PLAIN);
  const [mode, setMode] = useState<"rolling" | "anchored">("rolling");
  const countErrors = wrongCounts(counts, kind);
  const draws = parseNumber(counts.draws);
  const card = strategies.find((one) => one.strategy_id === id);
  const read = card ? gridOf(card, grid) : { grid: {}, errors: {} };
  const names = Object.keys(read.grid);
  const points = names.reduce((product, name) => product * howMany(read.grid[name] as Grid[string]), 1);

  const ask = useMutation({
    mutationFn: async () => {
      const list = parseSymbols(symbols);
      const run: BacktestRequest = {
        strategy_ids: [id],
        universe: list.length > 0 ? list : universe,
        start_date: start,
        end_date: end,
        timeframe: (card?.timeframe ?? "1d") as BacktestRequest["timeframe"],
        costs: plan === "bps" ? { bps: 10 } : plan,
        ...runOf(terms, id),
      };
      const random = draws === null ? undefined : { draws, seed: 0 };
      if (kind === "sweep") {
        const { sweep } = await unwrap(sweepAPI.create({ run, grid: read.grid, random }));
        return { sweep: sweep.sweep_id, walk: null, job: null };
      }
      const { walk_forward_id, job } = await unwrap(
        walkAPI.create({
          run,
          grid: read.grid,
          random,
          metric,
          mode,
          train: parseNumber(counts.train) ?? Number.NaN,
          test: parseNumber(counts.test) ?? Number.NaN,
          purge: parseNumber(counts.purge) ?? Number.NaN,
          embargo: parseNumber(counts.embargo) ?? Number.NaN,
        }),
      );
      return { sweep: null, walk: walk_forward_id, job: job?.id ?? null };
    },
  });
  const waiting = ask.data?.job ?? null;
  const busy = useAtWork(waiting) || ask.isPending;
  const termsWrong = Object.keys(wrongTerms(terms)).length;
  const wrong =
    names.length === 0 ||
    [read.errors, countErrors].some((found) => Object.keys(found).length > 0) ||
    termsWrong > 0;
  const others = changed(terms);
  const submit = () => {
    if (wrong || busy) return;
    ask.mutate(undefined, {
      onSuccess: ({ sweep, walk, job }) => {
        if (sweep) router.push(`/quant/sweep/?sweep=${sweep}`);
        else if (!job) router.push(`/quant/walk-forward/?id=${walk}`);
      },
    });
  };
  const verb = kind === "sweep" ? "Start sweep" : "Walk forward";
  useCommands([{ id: "run", label: verb, keys: "mod+Enter", group: "This page", run: submit }]);
  const countField = (name: keyof typeof counts, label: string, hint?: string) => (
    <TextField
      label={label}
      hint={hint}
      inputMode="numeric"
      error={countErrors[name]}
      value={counts[name]}
      onChange={(event) => setCounts({ ...counts, [name]: event.target.value })}
    />
  );
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
      aria-label="New search"
      className="card"
    >
      <div className="card-h">
        <h2>New search</h2>
        <span className="sp">
          <Segmented
            label="Kind of search"
            value={kind}
            onChange={setKind}
            options={[
              { value: "sweep", label: "Sweep" },
              { value: "walk", label: "Walk-forward" },
            ]}
          />
        </span>
      </div>
      <div className="card-b form-row">
        <SelectField label="Strategy" value={id} onChange={(event) => setId(event.target.value)}>
          {strategies.map((one) => (
            <option key={one.strategy_id} value={one.strategy_id}>
              {one.display_name}
            </option>
          ))}
        </SelectField>
        <SelectField label="Universe" value={universe} onChange={(event) => setUniverse(event.target.value)}>
          {indices.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Or symbols"
          hint="Instead of the index"
          value={symbols}
          onChange={(event) => setSymbols(event.target.value)}
        />
        <TextField
          label="From"
          type="date"
          value={start}
          onChange={(event) => setStart(event.target.value)}
        />
        <TextField label="To" type="date" value={end} onChange={(event) => setEnd(event.target.value)} />
        <SelectField label="Costs" value={plan} onChange={(event) => setPlan(event.target.value as Plan)}>
          <option value="bps">10 bps a side</option>
          <option value="zerodha">Zerodha, by date</option>
          <option value="fyers">FYERS, by date</option>
          <option value="none">None</option>
        </SelectField>
      </div>
      <div className="card-f stack g2" role="group" aria-labelledby="values-to-try">
        <p>
          <b className="b t1" id="values-to-try">
            Values to try.
          </b>{" "}
          5:50:5 is 5, 10 and so on to 50; 5, 10, 20 are these three. A parameter without any stays at its
          default.
        </p>
        <div className="form-row">
          {card &&
            numbers(card).map(([name, about]) => (
              <TextField
                key={`${id} ${name}`}
                label={name}
                mono
                placeholder={`${about.default}`}
                hint={about.description}
                error={read.errors[name]}
                value={grid[name] ?? ""}
                onChange={(event) => setGrid({ ...grid, [name]: event.target.value })}
              />
            ))}
          {countField("draws", "Random points", "Empty: every combination")}
        </div>
      </div>
      {kind === "walk" && (
        <div className="card-f stack g2" role="group" aria-labelledby="windows">
          <p>
            <b className="b t1" id="windows">
              Windows.
            </b>{" "}
            Values are chosen on the sessions of training and tested on those after them, again and again.
          </p>
          <div className="form-row">
            <SelectField
              label="Training"
              value={mode}
              onChange={(event) => setMode(event.target.value as typeof mode)}
            >
              <option value="rolling">Rolling</option>
              <option value="anchored">Anchored: grows from the beginning</option>
            </SelectField>
            {countField("train", "Sessions of training")}
            {countField("test", "Sessions of a test")}
            {countField("purge", "Purge", "Sessions left out before a test")}
            {countField("embargo", "Embargo", "Further sessions left out there")}
            <SelectField
              label="Chosen by"
              value={metric}
              onChange={(event) => setMetric(event.target.value as Chooser)}
            >
              {CHOOSING.map((name) => (
                <option key={name} value={name}>
                  {labelOf(name)}
                </option>
              ))}
            </SelectField>
          </div>
        </div>
      )}
      <details className="card-f">
        <summary>
          What else a run is asked{others > 0 && `: ${counted(others, "change")}`}
          {termsWrong > 0 && <span className="er"> {counted(termsWrong, "field")} to mend</span>}
        </summary>
        <div className="form-row" style={{ marginTop: 12 }}>
          <RunTerms terms={terms} onChange={setTerms} />
        </div>
      </details>
      <div className="card-f row between wrap" style={{ gap: 8 }}>
        <span className="t2">
          {names.length === 0
            ? "Give at least one parameter values: 5:50:5, or 5, 10, 20."
            : `${count(draws ?? points)} combinations of ${names.join(" and ")}; each point is a trial and lowers the deflated Sharpe of the strategy.`}
        </span>
        <button type="submit" className="btn p" disabled={wrong || busy}>
          {verb}
        </button>
      </div>
      {ask.error && (
        <p className="card-f er" role="alert">
          {getErrorMessage(ask.error)}
        </p>
      )}
      {waiting && (
        <div className="card-f">
          <FollowedJob
            id={waiting}
            title="Walking forward"
            onSucceeded={() => router.push(`/quant/walk-forward/?id=${ask.data?.walk}`)}
            onAgain={submit}
          />
        </div>
      )}
    </form>
  );
}

type Counts = Record<"draws" | "train" | "test" | "purge" | "embargo", string>;

/** What is no whole number of draws or sessions, by field; a sweep has no windows. */
function wrongCounts(counts: Counts, kind: Kind): Partial<Counts> {
  const wrong: Partial<Counts> = {};
  const check = (name: keyof Counts, least: number, empty = false) => {
    const value = parseNumber(counts[name]);
    if (empty && counts[name].trim() === "") return;
    if (value === null || !Number.isInteger(value) || value < least)
      wrong[name] = `A whole number, ${least} or more${empty ? ", or nothing" : ""}.`;
  };
  check("draws", 1, true);
  if (kind === "walk") {
    check("train", 1);
    check("test", 1);
    check("purge", 0);
    check("embargo", 0);
  }
  return wrong;
}

function gridOf(
  card: StrategyCard,
  typed: Record<string, string>,
): { grid: Grid; errors: Record<string, string> } {
  const grid: Grid = {};
  const errors: Record<string, string> = {};
  for (const [name] of numbers(card)) {
    try {
      const values = valuesOf(typed[name] ?? "");
      if (values !== null) grid[name] = values;
    } catch (error) {
      errors[name] = getErrorMessage(error);
    }
  }
  return { grid, errors };
}
