import type { BacktestRequest } from "./types";

/** The words for what a run can be asked, by the names that the server has for them. */
export type Sizing = NonNullable<BacktestRequest["sizing"]>;

export type Timeframe = NonNullable<BacktestRequest["timeframe"]>;

export type Product = NonNullable<BacktestRequest["product"]>;

export const TIMEFRAMES: Record<Timeframe, string> = {
  "1d": "Daily",
  "1h": "1 hour",
  "30m": "30 minutes",
  "15m": "15 minutes",
  "5m": "5 minutes",
  "1m": "1 minute",
};

export const PRODUCTS: Record<Product, { label: string; hint: string }> = {
  CNC: { label: "Delivery (CNC)", hint: "Held as long as you like; no short sale" },
  MIS: { label: "Intraday (MIS)", hint: "Ended before the close; short sales allowed" },
  FUT: { label: "Futures (FUT)", hint: "PROXY: the cash series stands in" },
};

export type CostPlan = "bps" | "zerodha" | "fyers" | "none";

export const PLANS: Record<CostPlan, { label: string; hint: string }> = {
  zerodha: { label: "Zerodha", hint: "By date, to each day’s contract note" },
  fyers: { label: "FYERS", hint: "By date, to each day’s contract note" },
  bps: { label: "A flat rate", hint: "One rate for every trade" },
  none: { label: "None", hint: "Nobody trades for nothing" },
};

/** How large an entry is, in the order of the list; `amount` is the label of the number it takes. */
export const SIZINGS: Record<Sizing, { label: string; hint: string; amount?: string }> = {
  equity_per_member: { label: "Equity ÷ members", hint: "Of the universe, that day" },
  equity_per_position: { label: "Equity ÷ positions", hint: "As many as may be open" },
  value: { label: "Fixed sum", hint: "The same rupees each time", amount: "Sum an entry" },
  quantity: { label: "Fixed shares", hint: "The same number each time", amount: "Shares an entry" },
};
