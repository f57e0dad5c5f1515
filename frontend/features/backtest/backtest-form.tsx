"use client";

import { parseAsString, useQueryStates } from "nuqs";
import { useRef, useState, type FormEvent } from "react";
import { FollowedJob } from "@/components/data-jobs";
import { CheckField, SelectField, TextField } from "@/components/fields";
import { Icon } from "@/components/icon";
import { Badge, Kbd, Lifecycle } from "@/components/marks";
import { ErrorState } from "@/components/shared/DataState";
import { useCommands } from "@/lib/commands";
import { ApiError, fieldProblems, getErrorMessage, underField } from "@/lib/errors";
import { count, date, rupeesInWords } from "@/lib/format";
import { PLANS, PRODUCTS, SIZINGS, TIMEFRAMES } from "@/lib/terms";
import { parseNumber } from "@/lib/typed";
import type { IndexInfo, StrategyCard } from "@/lib/types";
import {
  checkParameter,
  defaultParams,
  fieldOfServer,
  initialValues,
  parameterEntries,
  rangeOf,
  summary,
  SYMBOLS,
  timeframeOf,
  toRequest,
  validate,
  withError,
  type FormErrors,
  type FormValues,
  type Limits,
} from "./form";
import { PolicyField } from "./policy-field";
import { useRun } from "./use-run";

export interface BacktestFormProps {
  strategies: readonly StrategyCard[];
  indices: readonly IndexInfo[];
  defaultIndex: string;
  limits: Limits;
}

export function BacktestForm({ strategies, indices, defaultIndex, limits }: BacktestFormProps) {
  const [preset] = useQueryStates({
    strategy: parseAsString,
    universe: parseAsString,
    symbols: parseAsString,
  });
  const [values, setValues] = useState<FormValues>(() => {
    const listed = indices.some((index) => index.id === defaultIndex)
      ? defaultIndex
      : (indices[0]?.id ?? SYMBOLS);
    return initialValues(strategies, preset.symbols ? SYMBOLS : (preset.universe ?? listed), limits, {
      ...(preset.strategy && { strategy: preset.strategy }),
      ...(preset.symbols && { symbols: preset.symbols }),
    });
  });
  const [errors, setErrors] = useState<FormErrors>({});
  const [refused, setRefused] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const card = strategies.find((strategy) => strategy.strategy_id === values.strategy);
  const run = useRun((error) => {
    const found: FormErrors = {};
    const problems = fieldProblems(error);
    for (const problem of problems) {
      const field = fieldOfServer(problem.field, card);
      if (field) found[field] = underField(problem);
    }
    setErrors(found);
    // what is about no field is said beside the button
    setRefused(problems.length > 0 && Object.keys(found).length === 0 ? getErrorMessage(error) : null);
    focusFirstError(form.current);
  });

  const set = (change: Partial<FormValues>) => setValues((before) => ({ ...before, ...change }));
  const checkField = (name: string) => {
    const found = validate(values, card, limits);
    setErrors((before) => withError(before, name, found[name]));
  };
  const submit = () => {
    if (run.busy) return;
    const found = validate(values, card, limits);
    setErrors(found);
    setRefused(null);
    if (!card || Object.keys(found).length > 0) {
      focusFirstError(form.current);
      return;
    }
    run.start(toRequest(values, card));
  };
  useCommands([{ id: "run", label: "Run the backtest", keys: "mod+Enter", group: "This page", run: submit }]);
  const field = (name: keyof FormValues & string) => ({
    name,
    value: String(values[name]),
    error: errors[name],
    onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }),
    onBlur: () => checkField(name),
  });
  const capital = parseNumber(values.capital);
  const sized = SIZINGS[values.sizing].amount;
  const wrong = Object.keys(errors).length;

  return (
    <form
      ref={form}
      className="btform"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="stack g3">
        {(wrong > 0 || refused) && (
          <div className="callout er er" role="alert">
            <Icon name="err" size="s" />
            <div>
              <b className="b">{refused ?? summary(errors)}</b>
            </div>
          </div>
        )}
        <section className="card">
          <div className="card-h">
            <h2>Strategy</h2>
            {card && (
              <span className="sp row g2">
                {card.origin === "own" && (
                  <Badge small>Your own{card.kind === "vectorised" ? "" : `, ${card.kind}`}</Badge>
                )}
                <Lifecycle state={card.lifecycle_status} />
              </span>
            )}
          </div>
          <div className="card-b stack g3">
            {preset.strategy && !strategies.some((known) => known.strategy_id === preset.strategy) && (
              <p className="t2">
                <Icon name="warn" size="xs" /> <code className="mono">{preset.strategy}</code>, which the
                address names, cannot be run: no strategy that loads is called that.
              </p>
            )}
            <SelectField
              label="Strategy"
              {...field("strategy")}
              onChange={(event) => {
                const next = strategies.find((strategy) => strategy.strategy_id === event.target.value);
                setErrors({});
                set({
                  strategy: event.target.value,
                  params: next ? defaultParams(next) : {},
                  timeframe: timeframeOf(next),
                });
              }}
            >
              {strategies.map((strategy) => (
                <option key={strategy.strategy_id} value={strategy.strategy_id}>
                  {strategy.display_name}
                  {strategy.origin === "own" ? " (your own)" : ""}
                </option>
              ))}
            </SelectField>
            {card?.description && <p className="t2">{card.description}</p>}
            {card?.hypothesis && (
              <p className="t2">
                <b className="b t1">Why it should earn.</b> {card.hypothesis}
              </p>
            )}
            {card?.regime_notes && (
              <p className="t2">
                <b className="b t1">When it loses.</b> {card.regime_notes}
              </p>
            )}
            {card?.citation && <p className="t3 xs">After {card.citation}</p>}
            <div className="fields">
              {card &&
                parameterEntries(card).map(([name, property]) => (
                  <TextField
                    key={`${card.strategy_id} ${name}`}
                    label={property.title ?? property.description ?? name}
                    unit={property.unit ?? property["x-unit"]}
                    hint={rangeOf(property)}
                    name={`params.${name}`}
                    inputMode="decimal"
                    value={values.params[name] ?? ""}
                    error={errors[`params.${name}`]}
                    onChange={(event) => set({ params: { ...values.params, [name]: event.target.value } })}
                    onBlur={() => {
                      const problem = checkParameter(property, values.params[name] ?? "");
                      setErrors((before) => withError(before, `params.${name}`, problem));
                    }}
                  />
                ))}
            </div>
          </div>
        </section>
        <section className="card">
          <div className="card-h">
            <h2>Universe and time</h2>
          </div>
          <div className="card-b stack g3">
            <div className="fields">
              <SelectField label="Universe" {...field("universe")}>
                {values.universe !== SYMBOLS && !indices.some((index) => index.id === values.universe) && (
                  <option value={values.universe}>{values.universe}</option>
                )}
                {indices.map((index) => (
                  <option key={index.id} value={index.id}>
                    {index.name} ({count(index.count)})
                  </option>
                ))}
                <option value={SYMBOLS}>Symbols of your own</option>
              </SelectField>
              <TextField
                label="First session"
                type="date"
                {...field("start")}
                min={limits.first ?? undefined}
                max={limits.last ?? undefined}
                hint={limits.first && `Data from ${date(limits.first)}`}
              />
              <TextField
                label="Last session"
                type="date"
                {...field("end")}
                min={limits.first ?? undefined}
                max={limits.last ?? undefined}
                hint={limits.last && `Data to ${date(limits.last)}`}
              />
              <SelectField
                label="Timeframe"
                {...field("timeframe")}
                hint={
                  values.timeframe === "1d" ? "The exchange’s daily bars" : "Bars of imported intraday files"
                }
              >
                {Object.entries(TIMEFRAMES).map(([id, label]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </SelectField>
            </div>
            {values.universe === SYMBOLS ? (
              <TextField
                label="Symbols"
                {...field("symbols")}
                placeholder="TCS, INFY, RELIANCE"
                hint="Chosen by hand today, so the run is NOT POINT-IN-TIME."
              />
            ) : (
              <CheckField
                label="Members as of each day"
                hint={
                  values.asof
                    ? "Stocks that left the index are kept for the days they were in it."
                    : "Today’s members throughout: the run is NOT POINT-IN-TIME."
                }
                name="asof"
                checked={values.asof}
                onChange={(event) => set({ asof: event.target.checked })}
              />
            )}
          </div>
        </section>
        <section className="card">
          <div className="card-h">
            <h2>Money and positions</h2>
          </div>
          <div className="card-b stack g3">
            <div className="fields">
              <TextField
                label="Capital"
                prefix="₹"
                inputMode="numeric"
                {...field("capital")}
                hint={capital !== null && capital > 0 ? rupeesInWords(capital) : "Rupees"}
              />
              <SelectField label="Size of an entry" {...field("sizing")} hint={sizeHint(values)}>
                {Object.entries(SIZINGS).map(([id, { label }]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </SelectField>
              {sized && (
                <TextField
                  label={sized}
                  {...(values.sizing === "value" ? { prefix: "₹" } : { unit: "shares" })}
                  inputMode="decimal"
                  {...field("amount")}
                  hint="At each entry, while the cash lasts"
                />
              )}
              <TextField
                label="Positions at most"
                inputMode="numeric"
                placeholder="No limit"
                {...field("most")}
                hint="Entries beyond it are refused"
              />
              <SelectField label="Product" {...field("product")} hint={productHint(values, card)}>
                <option value="">The strategy’s own</option>
                {Object.entries(PRODUCTS).map(([id, { label }]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </SelectField>
              <SelectField label="Charges" {...field("plan")} hint={PLANS[values.plan].hint}>
                {Object.entries(PLANS).map(([id, { label }]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </SelectField>
              {values.plan === "bps" && (
                <TextField
                  label="Rate of charges"
                  unit="basis points"
                  inputMode="decimal"
                  {...field("costs")}
                  hint="Of the traded value, each side"
                />
              )}
              <TextField
                label="Slippage"
                unit="basis points"
                inputMode="decimal"
                {...field("slippage")}
                hint="Against you, each fill"
              />
              <TextField
                label="Volume at most"
                unit="%"
                inputMode="decimal"
                placeholder="No cap"
                {...field("cap")}
                hint="Of a bar’s volume; what is left of an entry is cancelled"
              />
              <PolicyField
                value={values.policy}
                error={errors.policy}
                onChange={(policy) => {
                  set({ policy });
                  setErrors((before) => withError(before, "policy", null));
                }}
              />
            </div>
            <CheckField
              label="Wait for settlement (T+1)"
              hint={
                values.settle
                  ? "The money of a delivery sale pays for entries from the next session on."
                  : "The money of a sale pays for entries at the same open, as brokers allow."
              }
              name="settle"
              checked={values.settle}
              onChange={(event) => set({ settle: event.target.checked })}
            />
          </div>
        </section>
      </div>
      <aside className="card" aria-label="Run">
        <div className="card-h">
          <h2>Run</h2>
        </div>
        <div className="card-b stack g3">
          {run.job ? (
            <FollowedJob id={run.job.id} title="Backtest" onSucceeded={run.finished} onAgain={submit} />
          ) : (
            <p className="t2">
              The result gets an id made of all its inputs. The same inputs give the same bytes.
            </p>
          )}
          {run.error !== null && fieldProblems(run.error).length === 0 && (
            <ErrorState
              title={
                codeOf(run.error) === "BACKTEST_ERROR"
                  ? "The backtest stopped"
                  : "The backtest was not started"
              }
              error={run.error}
              onRetry={submit}
            />
          )}
          <button type="submit" className="btn p" disabled={run.busy}>
            {run.busy ? "Running" : "Run backtest"}
            <span className="no-phone">
              <Kbd>⌘↵</Kbd>
            </span>
          </button>
        </div>
      </aside>
    </form>
  );
}

const codeOf = (error: unknown): string | null => (error instanceof ApiError ? error.code : null);

/** What the chosen size comes to now, where that can be told. */
function sizeHint({ sizing, capital, most }: FormValues): string {
  const rupees = parseNumber(capital);
  const positions = parseNumber(most);
  if (sizing === "equity_per_position" && rupees !== null && positions !== null && positions > 0)
    return `${rupeesInWords(rupees / positions)} at the start`;
  return SIZINGS[sizing].hint;
}

/** What the product means; of the strategy's own which one that is. */
function productHint({ product }: FormValues, card: StrategyCard | undefined): string {
  const chosen = product === "" ? card?.product : product;
  if (!chosen) return "As the strategy says";
  return product === "" ? `${PRODUCTS[chosen].label}: ${PRODUCTS[chosen].hint}` : PRODUCTS[chosen].hint;
}

/** After the errors are drawn: the first field with one gets the focus. */
function focusFirstError(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    const first = form?.querySelector<HTMLElement>('input[aria-invalid="true"], select[aria-invalid="true"]');
    first?.focus();
    first?.scrollIntoView({ block: "nearest" }); // where it had the focus already, what is said under it is new
  });
}
