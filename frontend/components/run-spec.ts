import { sentence } from "@/components/data-jobs";
import { count, exact, rupees } from "@/lib/format";
import { PLANS, PRODUCTS, SIZINGS, TIMEFRAMES, type CostPlan, type Sizing } from "@/lib/terms";

export interface ReadSpec {
  /** Identity of the prices, without the number of the way it is written. */
  data: string | null;
  /** What one bar is called. */
  bars: "days" | "bars";
  capital: number | null;
  index: string | null;
  universe: string | null;
  params: [string, string][];
  /** The other inputs, as label and value. */
  conventions: [string, string][];
}

/** What the page shows of a run's spec. The spec is open JSON, so every field is looked at before it is used. */
export function readSpec(spec: Record<string, unknown>): ReadSpec {
  const universe = (typeof spec.universe === "object" && spec.universe !== null ? spec.universe : {}) as {
    index?: unknown;
    symbols?: unknown;
  };
  const index =
    typeof universe.index === "string"
      ? universe.index
      : typeof spec.universe === "string"
        ? spec.universe
        : null;
  const symbols = Array.isArray(universe.symbols) ? universe.symbols.map(String) : [];
  const books = Array.isArray(spec.books)
    ? (spec.books as { strategy_id?: unknown; params?: unknown }[])
    : [];
  const params = books.flatMap((book) =>
    Object.entries((book.params ?? {}) as Record<string, unknown>).map(([name, value]): [string, string] => [
      books.length > 1 ? `${String(book.strategy_id)}: ${name}` : sentence(name),
      typeof value === "number" ? exact(value) : String(value),
    ]),
  );
  return {
    data: typeof spec.data_root === "string" ? spec.data_root.replace(/^\d+\./, "") : null,
    bars: spec.timeframe === "1d" || spec.timeframe === undefined ? "days" : "bars",
    capital: typeof spec.initial_capital === "number" ? spec.initial_capital : null,
    index,
    universe: index ?? (symbols.length > 3 ? `${symbols.length} symbols` : symbols.join(", ") || null),
    params,
    conventions: conventions(spec),
  };
}

function conventions(spec: Record<string, unknown>): [string, string][] {
  const found: [string, string][] = [];
  if (typeof spec.timeframe === "string")
    found.push(["Timeframe", named(TIMEFRAMES, spec.timeframe) ?? spec.timeframe]);
  const products = Array.isArray(spec.books)
    ? [...new Set(spec.books.map((book) => record(book).product).filter((id) => typeof id === "string"))]
    : [];
  if (products.length > 0)
    found.push(["Product", products.map((id) => named(PRODUCTS, id)?.label ?? id).join(", ")]);
  const { kind, value } = record(spec.sizing);
  if (isSizing(kind)) {
    const amount = typeof value === "number" ? `, ${kind === "value" ? rupees(value) : count(value)}` : "";
    found.push(["Size of an entry", `${SIZINGS[kind].label}${amount}`]);
  }
  if ("max_positions" in spec)
    found.push([
      "Positions at most",
      typeof spec.max_positions === "number" ? count(spec.max_positions) : "No limit",
    ]);
  const { plan, bps } = record(spec.costs);
  if (isPlan(plan) && plan !== "bps") found.push(["Charges", PLANS[plan].label]);
  else if (typeof bps === "number") found.push(["Charges", basisPoints(bps)]);
  if (typeof spec.slippage_bps === "number") found.push(["Slippage", basisPoints(spec.slippage_bps)]);
  if (typeof spec.volume_cap === "number")
    found.push(["Volume at most", `${exact(spec.volume_cap * 100)}% of a bar’s`]);
  if (typeof spec.settle_next_session === "boolean")
    found.push(["Money of a sale", spec.settle_next_session ? "Next session (T+1)" : "At once"]);
  if (typeof spec.market_rules === "string")
    found.push(["Exchange rules", spec.market_rules === "none" ? "Off" : "NSE by date"]);
  if ("policy" in spec) {
    const { daily_stop_loss_percent: stop, max_equity_exposure_percent: most } = record(spec.policy);
    const known = typeof stop === "number" && typeof most === "number";
    found.push([
      "Risk policy",
      known ? `${exact(most)}% invested at most, stop ${exact(stop)}%` : "Unconstrained",
    ]);
  }
  if (typeof spec.engine_version === "string") found.push(["Engine", spec.engine_version]);
  return found;
}

const basisPoints = (bps: number): string => `${exact(bps)} basis ${bps === 1 ? "point" : "points"} a side`;

const isSizing = (kind: unknown): kind is Sizing => typeof kind === "string" && kind in SIZINGS;

const isPlan = (plan: unknown): plan is CostPlan => typeof plan === "string" && plan in PLANS;

const named = <T>(table: Record<string, T>, id: string): T | undefined => table[id];

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
