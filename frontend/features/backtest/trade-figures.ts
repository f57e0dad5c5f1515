import type { Figure } from "@/components/figure-card";
import { sentence } from "@/components/data-jobs";
import {
  barTime,
  count,
  counted,
  grouped,
  percent,
  rupees,
  shortHash,
  signed,
  signedRupees,
} from "@/lib/format";
import type { Trade, TradeFill } from "@/lib/types";

export const NO_VALUE = "The position has no known value";

/** Return of the money put in, after charges, in percent; of an open trade at the last close. */
export function tradeReturn(trade: Trade): number | null {
  const invested = trade.entry_price * trade.quantity;
  return trade.pnl === null || invested === 0 ? null : (trade.pnl / invested) * 100;
}

export function heldDays(trade: Trade): number | null {
  if (!trade.exit_at) return null;
  return Math.round(
    (Date.parse(trade.exit_at.slice(0, 10)) - Date.parse(trade.entry_at.slice(0, 10))) / 86_400_000,
  );
}

const CHARGES: Record<string, string> = {
  flat: "Share of the value",
  brokerage: "Brokerage",
  stt: "Securities transaction tax",
  exchange: "Exchange",
  ipft: "Investor protection fund",
  sebi: "SEBI",
  gst: "GST or service tax",
  stamp: "Stamp duty",
  depository: "Depository",
  depository_gst: "Tax on the depository’s fee",
};

/** A kind of charge in words. */
export const chargeName = (name: string): string => CHARGES[name] ?? sentence(name.replaceAll("_", " "));

/** Rupees of each kind of charge over the fills of a trade, the largest first. */
export function chargesBy(fills: readonly TradeFill[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const fill of fills)
    for (const [name, value] of Object.entries(fill.components))
      sums.set(name, (sums.get(name) ?? 0) + value);
  return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** What of a trade opens. */
export type TradeMeasure = "charges" | "pnl" | "return";

/** A figure of one trade: its formula with its own quantities, prices and charges. `fills` while they are not known: undefined. */
export function tradeFigure(
  runId: string,
  trade: Trade,
  fills: readonly TradeFill[] | undefined,
  of: TradeMeasure,
): Figure {
  const put = trade.entry_price * trade.quantity;
  const source = `trade and fills of run ${shortHash(runId)}`;
  if (of === "charges") {
    const parts = chargesBy(fills ?? []);
    return {
      label: "Charges",
      value: rupees(trade.costs, true),
      definition: "What the fills of this trade were charged: each by the plan of its day, product and side.",
      formula:
        parts.length > 0
          ? `Σ charges of its fills\n= ${parts.map(([, value]) => grouped(value, 2)).join(" + ")}`
          : "Σ charges of its fills",
      inputs: [
        ...(fills
          ? parts.map(([name, value]) => ({ name: chargeName(name), value: rupees(value, true) }))
          : [{ name: "By kind", value: "Loading" }]),
        ...(fills ?? []).map((fill) => ({
          name: `${fill.side === "BUY" ? "Bought" : "Sold"} ${count(fill.quantity)} at ${grouped(fill.price, 2)}, ${barTime(fill.filled_at)}`,
          value: rupees(fill.cost, true),
        })),
      ],
      source,
    };
  }
  if (of === "return") {
    const value = tradeReturn(trade);
    return {
      label: "Return",
      value: value === null ? null : `${signed(value, 2)}%`,
      why: NO_VALUE,
      definition: "Profit after charges over what the entry was worth.",
      formula: `P&L ÷ (entry price × quantity)\n= ${trade.pnl === null ? "–" : signedRupees(trade.pnl, 2)} ÷ (${rupees(trade.entry_price, true)} × ${count(trade.quantity)})`,
      inputs: [
        { name: "P&L", value: trade.pnl === null ? "–" : signedRupees(trade.pnl, 2) },
        { name: "Value of the entry", value: rupees(put, true) },
      ],
      source,
    };
  }
  const out = trade.exit_price === null ? null : trade.exit_price * (trade.exit_quantity ?? trade.quantity);
  const [bought, sold] = trade.side === "SHORT" ? [out, put] : [put, out];
  const worked =
    bought === null || sold === null
      ? ""
      : `\n= ${rupees(sold, true)} − ${rupees(bought, true)}${trade.income === 0 ? "" : ` + ${rupees(trade.income, true)}`} − ${rupees(trade.costs, true)}`;
  return {
    label: "P&L after charges",
    value: trade.pnl === null ? null : signedRupees(trade.pnl, 2),
    why: NO_VALUE,
    definition: trade.open
      ? "What was sold of it and what is left at the last close, less what was paid, and the charges."
      : "What was received less what was paid, with what was paid out meanwhile, less the charges.",
    formula: `${trade.open ? "sold + held at the last close" : "sold"} − bought + paid out − charges${worked}`,
    inputs: [
      {
        name: `Entry, ${barTime(trade.entry_at)}`,
        value: `${counted(trade.quantity, "share")} at ${rupees(trade.entry_price, true)}`,
      },
      ...(trade.exit_at && trade.exit_price !== null
        ? [
            {
              name: `Exit, ${barTime(trade.exit_at)}`,
              value: `${counted(trade.exit_quantity ?? trade.quantity, "share")} at ${rupees(trade.exit_price, true)}`,
            },
          ]
        : []),
      ...(trade.income === 0 ? [] : [{ name: "Paid out while held", value: rupees(trade.income, true) }]),
      { name: "Charges", value: rupees(trade.costs, true) },
      ...(trade.open
        ? []
        : [
            {
              name: "Of the entry",
              value: put === 0 || trade.pnl === null ? "–" : percent(trade.pnl / put, 2),
            },
          ]),
    ],
    source,
  };
}
