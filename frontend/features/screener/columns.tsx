import type { ReactNode } from "react";
import type { Column } from "@/components/data-table";
import { Icon } from "@/components/icon";
import { Delta, Unknown } from "@/components/marks";
import { whyUnknown } from "@/lib/fields";
import { grouped } from "@/lib/format";
import type { FieldCard, ScreenerRow } from "@/lib/types";

type Field = keyof ScreenerRow & string;
type Cards = ReadonlyMap<string, FieldCard>;

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

/** All columns, in the default order; `cards` give the header's explanation and the reason of an empty cell. */
export function screenerColumns(cards: Cards): Column<ScreenerRow>[] {
  const numbers = NUMBERS.map((spec) => numberColumn(spec, cards));
  return [
    {
      id: "symbol",
      header: "Symbol",
      width: 228,
      sortBy: "symbol",
      cell: (row) => (
        <span className="row" style={{ gap: 10 }}>
          <span className="sym" style={{ minWidth: 88, flex: "none" }}>
            {row.symbol}
          </span>
          <span className="t3 trunc">{row.name}</span>
        </span>
      ),
      csv: (row) => row.symbol,
    },
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
    ...numbers.slice(0, BEFORE_BREAKOUT),
    breakout(cards),
    ...numbers.slice(BEFORE_BREAKOUT),
  ];
}

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
