import type { ReactNode } from "react";
import type { Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Delta, Unknown } from "@/components/marks";
import { whyUnknown } from "@/lib/fields";
import { Sparkline } from "@/components/sparkline";
import { grouped } from "@/lib/format";
import type { ColumnCard, FieldCard, ScreenerRow } from "@/lib/types";
import { SPARK_SESSIONS } from "./queries";

type Field = keyof ScreenerRow & string;
type Cards = ReadonlyMap<string, FieldCard>;
type Value = number | boolean | string | null | undefined;

const CRORE = 1e7;

interface NumberSpec {
  field: Field;
  header: string;
  unit?: string;
  width?: number;
  digits?: number;
  scale?: number;
  optional?: boolean;
  draw?: (value: number) => ReactNode;
}

const NUMBERS: readonly NumberSpec[] = [
  { field: "close", header: "Close", unit: "₹", width: 88 },
  {
    field: "change_pct",
    header: "Day",
    unit: "%",
    width: 82,
    draw: (value) => <Delta value={value} unit="" />,
  },
  { field: "turnover", header: "Turnover", unit: "₹ cr", width: 112, digits: 2, scale: CRORE },
  { field: "rsi_14", header: "RSI 14", width: 68, digits: 1 },
  {
    field: "trend_7d",
    header: "5 sessions",
    unit: "%",
    width: 100,
    draw: (value) => <Delta value={value} unit="" />,
  },
  {
    field: "trend_30d",
    header: "21 sessions",
    unit: "%",
    width: 106,
    draw: (value) => <Delta value={value} unit="" />,
  },
  { field: "atr_pct", header: "ATR 14", unit: "%", width: 82 },
  { field: "vol_percentile", header: "Volume rank", width: 98, digits: 0 },
  { field: "adx", header: "ADX 14", width: 72, digits: 1 },
  { field: "volume", header: "Volume", unit: "shares", width: 124, digits: 0 },
  { field: "ema_20", header: "EMA 20", unit: "₹", width: 94 },
  { field: "ema_50", header: "EMA 50", unit: "₹", width: 94 },
  { field: "swing_score", header: "Swing score", width: 96, digits: 0 },
  { field: "intraday_score", header: "Intraday score", width: 112, digits: 0 },
  { field: "open", header: "Open", unit: "₹", width: 96, optional: true },
  { field: "high", header: "High", unit: "₹", width: 96, optional: true },
  { field: "low", header: "Low", unit: "₹", width: 96, optional: true },
  { field: "prev_close", header: "Previous close", unit: "₹", width: 126, optional: true },
  { field: "macd", header: "MACD", unit: "₹", width: 88, optional: true },
  { field: "macd_signal", header: "MACD signal", unit: "₹", width: 116, optional: true },
  { field: "stoch_k", header: "Stochastic %K", width: 112, digits: 1, optional: true },
  { field: "stoch_d", header: "Stochastic %D", width: 112, digits: 1, optional: true },
  { field: "bb_upper", header: "Bollinger upper", unit: "₹", width: 136, optional: true },
  { field: "bb_middle", header: "Bollinger middle", unit: "₹", width: 140, optional: true },
  { field: "bb_lower", header: "Bollinger lower", unit: "₹", width: 136, optional: true },
  {
    field: "market_cap",
    header: "Market cap",
    unit: "₹ cr",
    width: 112,
    digits: 0,
    scale: CRORE,
    optional: true,
  },
  { field: "pe_ratio", header: "P/E", width: 72, digits: 1, optional: true },
  { field: "roe", header: "ROE", unit: "%", width: 80, digits: 1, optional: true },
  { field: "eps", header: "EPS", unit: "₹", width: 80, optional: true },
  { field: "debt_to_equity", header: "Debt to equity", width: 112, optional: true },
];

const BEFORE_BREAKOUT = 8;

/** Columns that one click chooses together; the first is the table's own choice. */
export const COLUMN_SETS: readonly { name: string; ids: readonly string[] | null }[] = [
  { name: "Overview", ids: null },
  {
    name: "Momentum",
    ids: "close change_pct spark trend_7d trend_30d return_3m return_6m return_1y momentum_12_1 rs_rank dist_52w_high rsi_14 adx".split(
      " ",
    ),
  },
  {
    name: "Volume and delivery",
    ids: "close change_pct volume volume_ratio turnover turnover_median_60d delivery_pct delivery_ratio trades".split(
      " ",
    ),
  },
  {
    name: "Levels",
    ids: "close spark sma_20 sma_50 sma_200 dist_sma_200 bb_upper bb_lower high_252d low_252d dist_52w_high dist_52w_low atr_pct".split(
      " ",
    ),
  },
  {
    name: "Fundamentals",
    ids: "sector close market_cap pe_ratio pb_ratio roe roce debt_to_equity revenue_growth net_margin eps dividend_yield".split(
      " ",
    ),
  },
];

/** Fields that every row has; all others are asked for by name. */
const IN_ROW = new Set<string>([...NUMBERS.map((spec) => spec.field), "symbol", "sector", "is_20d_breakout"]);
export const SPARK = "spark";

/** Of the columns chosen those that the server has to be asked for. */
export const askedFor = (chosen: readonly string[] | null): string[] =>
  (chosen ?? []).filter((id) => !IN_ROW.has(id) && id !== SPARK);

/**
 * All columns, in the default order. `cards` give the header's explanation and the reason of an empty cell; `chosen` may name
 * expressions, whose canonical names `answered` gives in the order they were asked for.
 */
export function screenerColumns(
  cards: Cards,
  chosen: readonly string[] | null,
  answered: readonly ColumnCard[],
  watched: ReadonlySet<string>,
): Column<ScreenerRow>[] {
  const numbers = NUMBERS.map((spec) => numberColumn(spec, cards));
  const asked = askedFor(chosen);
  const named = new Map(asked.map((id, at) => [id, answered[at]]));
  const fields = [...cards.values()].filter((card) => !IN_ROW.has(card.name) && card.name !== "name");
  const expressions = asked.filter((id) => !cards.has(id));
  return [
    symbolColumn(watched),
    {
      id: "sector",
      header: "Sector",
      width: 138,
      sortBy: "sector",
      cell: (row) => (
        <span className="t2" title={row.sector}>
          {row.sector}
        </span>
      ),
      csv: (row) => row.sector,
    },
    ...numbers.slice(0, 2),
    sparkColumn,
    ...numbers.slice(2, BEFORE_BREAKOUT),
    breakout(cards),
    ...numbers.slice(BEFORE_BREAKOUT),
    ...fields
      .filter((card) => card.name !== "symbol" && card.name !== "sector" && card.name !== "period")
      .map((card) => valueColumn(card.name, card.label, card.unit, card, card.name)),
    ...expressions.map((id) => {
      const card = named.get(id);
      return valueColumn(id, id, card?.unit ?? "ratio", undefined, card?.name ?? id);
    }),
  ];
}

const symbolColumn = (watched: ReadonlySet<string>): Column<ScreenerRow> => ({
  id: "symbol",
  header: "Symbol",
  width: 228,
  sortBy: "symbol",
  cell: (row) => (
    <span className="row" style={{ gap: 10 }}>
      <span className="sym" style={{ minWidth: 88, flex: "none" }}>
        {row.symbol}
        {watched.has(row.symbol) && (
          <span className="wn" title="On the watchlist">
            {" "}
            <Icon name="starred" size="xs" />
            <span className="sr">on the watchlist</span>
          </span>
        )}
      </span>
      <span className="t3 trunc">{row.name}</span>
    </span>
  ),
  csv: (row) => row.symbol,
});

const sparkColumn: Column<ScreenerRow> = {
  id: SPARK,
  header: `${SPARK_SESSIONS} sessions`,
  align: "center",
  width: 108,
  hint: `Closes of the last ${SPARK_SESSIONS} sessions, adjusted for splits and bonuses`,
  cell: (row) =>
    row.spark && row.spark.length > 1 ? (
      <Sparkline values={row.spark} />
    ) : (
      <Unknown why="There is one session of unbroken history" />
    ),
};

/** How the values of a unit are written: their own unit in the header, digits, and what they are divided by. */
const UNITS: Record<string, { unit?: string; digits: number; scale?: number }> = {
  rupees: { unit: "₹", digits: 2 },
  crore: { unit: "₹ cr", digits: 2, scale: CRORE },
  shares: { unit: "shares", digits: 0 },
  percent: { unit: "%", digits: 2 },
  fraction: { unit: "%", digits: 2, scale: 0.01 },
  points: { digits: 1 },
  ratio: { digits: 2 },
  bars: { unit: "bars", digits: 0 },
  trades: { digits: 0 },
  "index points": { digits: 2 },
};

/** Rupees of a whole company or of a day's trade, not of a share. */
const inCrore = (card: FieldCard | undefined): boolean =>
  card !== undefined &&
  card.unit === "rupees" &&
  (card.name.startsWith("turnover") || (card.group === "Company" && !card.name.includes("eps")));

function valueColumn(
  id: string,
  header: string,
  unit: string,
  card: FieldCard | undefined,
  name: string,
): Column<ScreenerRow> {
  const value = (row: ScreenerRow): Value => row.values?.[name];
  const unknown = (
    <Unknown why={card ? whyUnknown(card) : "Too little history, or a figure that is not on file"} />
  );
  const shared = {
    id,
    header,
    sortBy: id,
    optional: true,
    hint: card && `${card.description}${card.formula ? ` ${card.formula}` : ""}`,
  };
  if (unit === "text" || unit === "flag") {
    const word = (held: Value) => (typeof held === "boolean" ? (held ? "Yes" : "No") : String(held));
    return {
      ...shared,
      align: unit === "flag" ? "center" : "left",
      width: widthOf(header, undefined, 96),
      cell: (row) => {
        const held = value(row);
        return held === null || held === undefined ? unknown : word(held);
      },
      csv: (row) => value(row) ?? null,
    };
  }
  const { unit: shown, digits, scale = 1 } = UNITS[inCrore(card) ? "crore" : unit] ?? { digits: 2 };
  return {
    ...shared,
    unit: shown,
    align: "right",
    width: widthOf(header, shown, 88),
    cell: (row) => {
      const held = value(row);
      if (typeof held !== "number") return unknown;
      return card?.group === "Return" ? (
        <Delta value={held / scale} digits={digits} unit="" />
      ) : (
        grouped(held / scale, digits)
      );
    },
    csv: (row) => {
      const held = value(row);
      return typeof held === "number" ? held / scale : null;
    },
  };
}

const LETTER = 7.2;
const widthOf = (header: string, unit: string | undefined, least: number): number =>
  Math.min(260, Math.max(least, Math.round((header.length + (unit?.length ?? 0) + 1) * LETTER) + 34));

function numberColumn(spec: NumberSpec, cards: Cards): Column<ScreenerRow> {
  const { field, header, unit, width = 96, digits = 2, scale = 1, optional, draw } = spec;
  const card = cards.get(field);
  return {
    id: field,
    header,
    unit,
    align: "right",
    width,
    sortBy: field,
    optional,
    hint: card && `${card.description}${card.formula ? ` ${card.formula}` : ""}`,
    cell: (row) => {
      const value = row[field];
      if (typeof value !== "number") return <Unknown why={whyUnknown(card)} />;
      return draw ? draw(value) : grouped(value / scale, digits);
    },
    csv: (row) => {
      const value = row[field];
      return typeof value === "number" ? value / scale : null;
    },
  };
}

function breakout(cards: Cards): Column<ScreenerRow> {
  const card = cards.get("is_20d_breakout");
  return {
    id: "is_20d_breakout",
    header: "20-day breakout",
    align: "center",
    width: 124,
    sortBy: "is_20d_breakout",
    hint: card?.description,
    cell: (row) =>
      row.is_20d_breakout === null ? (
        <Unknown why={whyUnknown(card)} />
      ) : row.is_20d_breakout ? (
        <span className="row" style={{ gap: 4, justifyContent: "center" }}>
          <Icon name="check" size="xs" />
          Yes
        </span>
      ) : (
        <span className="t3">No</span>
      ),
    csv: (row) => row.is_20d_breakout,
  };
}
