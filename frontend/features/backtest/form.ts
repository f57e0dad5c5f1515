import { date, exact, grouped } from "@/lib/format";
import { SIZINGS, TIMEFRAMES, type CostPlan, type Product, type Sizing, type Timeframe } from "@/lib/terms";
import { parseNumber, parseSymbols } from "@/lib/typed";
import type { BacktestRequest, ParameterProperty, ParameterSchema, StrategyCard } from "@/lib/types";

/** The form as typed: text until it is checked. Parameters are named `params.NAME`, as the server names them too. */
export interface FormValues {
  strategy: string;
  params: Record<string, string>;
  /** An index id, or SYMBOLS for a list typed by hand. */
  universe: string;
  symbols: string;
  asof: boolean;
  start: string;
  end: string;
  timeframe: Timeframe;
  /** Empty: the strategy's own. */
  product: "" | Product;
  /** T+1: the money of a sale pays for entries from the next session on. */
  settle: boolean;
  capital: string;
  sizing: Sizing;
  /** Rupees or shares an entry, for the two sizings that take a number. */
  amount: string;
  /** Empty: no limit. */
  most: string;
  plan: CostPlan;
  /** Basis points a side, for the flat rate. */
  costs: string;
  slippage: string;
  /** Percent of a bar's volume; empty: no cap. */
  cap: string;
  /** Id of the risk policy; empty: unconstrained. */
  policy: string;
}

const MOST_POSITIONS = 5000;

/** In the place of a policy's id while a new one is being written: it is none yet. */
export const NEW_POLICY = "NEW";

export const SYMBOLS = "SYMBOLS";

export type FormErrors = Partial<Record<string, string>>;

export interface Limits {
  first: string | null;
  last: string | null;
}

/** What one who names no strategy begins with: the plainest of the textbook, where it is there. */
const PLAINEST = "sma_cross";
const DEFAULT_YEARS = 10;
const BPS = { low: 0, high: 1000 };

export function initialValues(
  strategies: readonly StrategyCard[],
  universe: string,
  limits: Limits,
  preset: Partial<FormValues>,
): FormValues {
  const known = (id: string | undefined) => strategies.find((card) => card.strategy_id === id);
  const strategy = known(preset.strategy) ?? known(PLAINEST) ?? strategies[0];
  return {
    params: strategy ? defaultParams(strategy) : {},
    universe,
    symbols: "",
    asof: true,
    start: startFor(limits),
    end: limits.last ?? "",
    timeframe: timeframeOf(strategy),
    product: "",
    settle: false,
    capital: "10,00,000",
    sizing: "equity_per_member",
    amount: "",
    most: "",
    plan: "bps",
    costs: "10",
    slippage: "5",
    cap: "",
    policy: "",
    ...preset,
    strategy: strategy?.strategy_id ?? "", // the one of the address may not be there
  };
}

/** The timeframe a strategy is made for, as far as bars of it are stored. */
export function timeframeOf(card: StrategyCard | undefined): Timeframe {
  return card && card.timeframe in TIMEFRAMES ? (card.timeframe as Timeframe) : "1d";
}

export function parameterEntries(card: StrategyCard): [string, ParameterProperty][] {
  return Object.entries((card.parameters as ParameterSchema).properties ?? {});
}

export function defaultParams(card: StrategyCard): Record<string, string> {
  return Object.fromEntries(
    parameterEntries(card).map(([name, { default: value }]) => [
      name,
      typeof value === "number" ? exact(value) : String(value ?? ""),
    ]),
  );
}

/** What a parameter may be, as its hint says it: "2 to 250, 20 when left alone". */
export function rangeOf(property: ParameterProperty): string | null {
  const { minimum, maximum } = property;
  if (minimum !== undefined && maximum !== undefined) return `${exact(minimum)} to ${exact(maximum)}`;
  if (minimum !== undefined) return `at least ${exact(minimum)}`;
  if (maximum !== undefined) return `at most ${exact(maximum)}`;
  return null;
}

const isWhole = (property: ParameterProperty): boolean => [property.type].flat().includes("integer");
const isText = (property: ParameterProperty): boolean => [property.type].flat().includes("string");
const isYesNo = (property: ParameterProperty): boolean => [property.type].flat().includes("boolean");

export function checkParameter(property: ParameterProperty, text: string): string | null {
  if (isText(property) || isYesNo(property)) return null;
  const range = rangeOf(property);
  const value = parseNumber(text);
  if (value === null) return `A number${range ? `, ${range}` : ""}.`;
  if (isWhole(property) && !Number.isInteger(value)) return `A whole number${range ? `, ${range}` : ""}.`;
  const low = property.minimum ?? -Infinity;
  const high = property.maximum ?? Infinity;
  return value < low || value > high ? `${exact(value)} is outside ${range}.` : null;
}

/** One message a field; an empty object when the form can be sent. */
export function validate(values: FormValues, card: StrategyCard | undefined, limits: Limits): FormErrors {
  const errors: FormErrors = {};
  if (!card) errors.strategy = "Choose a strategy.";
  for (const [name, property] of card ? parameterEntries(card) : []) {
    const problem = checkParameter(property, values.params[name] ?? "");
    if (problem) errors[`params.${name}`] = problem;
  }
  if (values.universe === SYMBOLS && parseSymbols(values.symbols).length === 0) {
    errors.symbols = "One symbol or more, separated by commas or spaces.";
  }
  checkDates(values, limits, errors);
  const capital = parseNumber(values.capital);
  if (capital === null || capital <= 0) errors.capital = "Rupees above 0, for example 10,00,000.";
  checkSizing(values, errors);
  for (const field of values.plan === "bps" ? (["costs", "slippage"] as const) : (["slippage"] as const)) {
    const bps = parseNumber(values[field]);
    if (bps === null || bps < BPS.low || bps > BPS.high)
      errors[field] = `A number from ${BPS.low} to ${grouped(BPS.high)}.`;
  }
  const cap = parseNumber(values.cap);
  if (values.cap.trim() !== "" && (cap === null || cap <= 0 || cap > 100))
    errors.cap = "A percentage above 0, up to 100, or nothing.";
  if (values.policy === NEW_POLICY) errors.policy = "Save the new policy, or choose another.";
  return errors;
}

function checkSizing({ sizing, amount, most }: FormValues, errors: FormErrors): void {
  const value = parseNumber(amount);
  const positive = value !== null && value > 0;
  if (sizing === "value" && !positive) errors.amount = "Rupees above 0, for example 50,000.";
  if (sizing === "quantity" && !(positive && Number.isInteger(value)))
    errors.amount = "A whole number of shares above 0.";
  if (most.trim() === "") {
    if (sizing === "equity_per_position")
      errors.most = "A number, since the size is the equity divided by it.";
    return;
  }
  const positions = parseNumber(most);
  if (positions === null || !Number.isInteger(positions) || positions < 1 || positions > MOST_POSITIONS)
    errors.most = `A whole number from 1 to ${grouped(MOST_POSITIONS)}, or nothing.`;
}

function checkDates({ start, end }: FormValues, { first, last }: Limits, errors: FormErrors): void {
  if (!start) errors.start = "A date.";
  else if (last && start > last) errors.start = `The stored data end on ${date(last)}.`;
  if (!end) errors.end = "A date.";
  else if (first && end < first) errors.end = `The stored data begin on ${date(first)}.`;
  else if (start && end < start) errors.end = `Before the start, ${date(start)}.`;
}

/** The errors with one field's message set or taken away. */
export function withError(errors: FormErrors, field: string, problem: string | null | undefined): FormErrors {
  const next = { ...errors };
  if (problem) next[field] = problem;
  else delete next[field];
  return next;
}

/** The request of checked values. */
export function toRequest(values: FormValues, card: StrategyCard): BacktestRequest {
  const params = Object.fromEntries(
    parameterEntries(card).map(([name, property]) => {
      const text = values.params[name] ?? "";
      if (isText(property)) return [name, text];
      if (isYesNo(property)) return [name, text === "true"];
      return [name, parseNumber(text) ?? Number.NaN];
    }),
  );
  return {
    strategy_ids: [card.strategy_id],
    params: { [card.strategy_id]: params },
    universe: values.universe === SYMBOLS ? parseSymbols(values.symbols) : values.universe,
    start_date: values.start,
    end_date: values.end,
    initial_capital: parseNumber(values.capital) ?? Number.NaN,
    sizing: values.sizing,
    ...(SIZINGS[values.sizing].amount && { sizing_value: parseNumber(values.amount) ?? Number.NaN }),
    ...(values.most.trim() !== "" && { max_positions: parseNumber(values.most) ?? Number.NaN }),
    costs: values.plan === "bps" ? { bps: parseNumber(values.costs) ?? Number.NaN } : values.plan,
    slippage_bps: parseNumber(values.slippage) ?? Number.NaN,
    asof_members: values.asof,
    ...(values.timeframe !== "1d" && { timeframe: values.timeframe }),
    ...(values.product !== "" && { product: values.product }),
    ...(values.settle && { settle_next_session: true }),
    ...(values.cap.trim() !== "" && { volume_cap: (parseNumber(values.cap) ?? Number.NaN) / 100 }),
    ...(values.policy !== "" && { policy_id: Number(values.policy) }),
  };
}

const SERVER_FIELDS: Record<string, string> = {
  strategy_ids: "strategy",
  universe: "universe",
  start_date: "start",
  end_date: "end",
  initial_capital: "capital",
  sizing: "sizing",
  sizing_value: "amount",
  "sizing.value": "amount",
  max_positions: "most",
  "costs.bps": "costs",
  "costs.plan": "plan",
  slippage_bps: "slippage",
  timeframe: "timeframe",
  product: "product",
  volume_cap: "cap",
  policy_id: "policy",
};

/** The form's field that the server's message is about; null when it is about none of them. */
export function fieldOfServer(field: string, card: StrategyCard | undefined): string | null {
  if (SERVER_FIELDS[field]) return SERVER_FIELDS[field];
  const name = /^params\.(?:[^.]+\.)?([^.]+)$/.exec(field)?.[1];
  return name && card && parameterEntries(card).some(([known]) => known === name) ? `params.${name}` : null;
}

/** "Two fields need a change. Nothing was started." */
export function summary(errors: FormErrors): string {
  const WORDS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
  const wrong = Object.keys(errors).length;
  return `${WORDS[wrong] ?? wrong} ${wrong === 1 ? "field needs" : "fields need"} a change. Nothing was started.`;
}

function startFor({ first, last }: Limits): string {
  if (!first || !last) return "";
  const wanted = `${Number(last.slice(0, 4)) - DEFAULT_YEARS}${last.slice(4)}`.replace(/-02-29$/, "-02-28");
  return wanted > first ? wanted : first;
}
