import { count, grouped, multiple, percent, rupees } from "./format";

type Draw = (value: number) => string;

const asPercent: Draw = (value) => percent(value, 1);
const asPercent2: Draw = (value) => percent(value, 2);
const asRatio: Draw = (value) => grouped(value, 2);
const asRupees: Draw = (value) => rupees(value, false);

interface Measure {
  label: string;
  /** Where there is little room: in the head of a column, on a card. */
  short?: string;
  draw: Draw;
}

/** What each measure of a run is called and how it is written, everywhere. The server's name → label and form. */
export const MEASURES: Record<string, Measure> = {
  total_return: { label: "Total return", draw: asPercent },
  cagr: { label: "CAGR", draw: asPercent },
  volatility: { label: "Volatility", draw: asPercent },
  sharpe: { label: "Sharpe ratio", short: "Sharpe", draw: asRatio },
  sortino: { label: "Sortino ratio", draw: asRatio },
  calmar: { label: "Calmar ratio", draw: asRatio },
  max_drawdown: { label: "Maximum drawdown", short: "Drawdown", draw: asPercent },
  omega: { label: "Omega at zero", draw: asRatio },
  martin_ratio: { label: "Martin ratio", draw: asRatio },
  ulcer_index: { label: "Ulcer index", draw: asPercent },
  mean_drawdown: { label: "Mean drawdown", draw: asPercent },
  longest_drawdown: { label: "Longest drawdown, sessions", draw: count },
  recovery_sessions: { label: "Recovery of the deepest, sessions", draw: count },
  downside_deviation: { label: "Downside deviation", draw: asPercent },
  var_95: { label: "Value at risk, 95%, a day", draw: asPercent2 },
  cvar_95: { label: "Mean loss beyond it", draw: asPercent2 },
  var_99: { label: "Value at risk, 99%, a day", draw: asPercent2 },
  cvar_99: { label: "Mean loss beyond it, 99%", draw: asPercent2 },
  tail_ratio: { label: "Tail ratio", draw: asRatio },
  skewness: { label: "Skewness", draw: asRatio },
  kurtosis: { label: "Kurtosis (normal: 3)", draw: asRatio },
  best_day: { label: "Best day", draw: asPercent2 },
  worst_day: { label: "Worst day", draw: asPercent2 },
  winning_days: { label: "Winning days", draw: asPercent },
  best_month: { label: "Best month", draw: asPercent },
  worst_month: { label: "Worst month", draw: asPercent },
  winning_months: { label: "Winning months", draw: asPercent },
  beta: { label: "Beta to the index", draw: asRatio },
  alpha: { label: "Alpha a year", draw: asPercent },
  correlation: { label: "Correlation with the index", draw: asRatio },
  tracking_error: { label: "Tracking error", draw: asPercent },
  information_ratio: { label: "Information ratio", draw: asRatio },
  win_rate: { label: "Win rate", draw: asPercent },
  profit_factor: { label: "Profit factor", draw: asRatio },
  expectancy: { label: "Profit a trade", draw: (value) => rupees(value) },
  payoff: { label: "Average win over average loss", draw: asRatio },
  sqn: { label: "System quality (SQN)", draw: asRatio },
  kelly: { label: "Kelly share", draw: asPercent },
  average_holding: { label: "Sessions a trade", draw: (value) => grouped(value, 1) },
  mean_adverse_excursion: { label: "Mean worst excursion of a trade", draw: asPercent },
  mean_favourable_excursion: { label: "Mean best excursion of a trade", draw: asPercent },
  exposure: { label: "Time in market", draw: asPercent },
  gross_exposure: { label: "Mean exposure", draw: asPercent },
  net_exposure: { label: "Mean net exposure", draw: asPercent },
  turnover: { label: "Turnover a year", draw: multiple },
  trades: { label: "Closed trades", short: "Trades", draw: count },
  open_trades: { label: "Open at the end", draw: count },
  final_equity: { label: "Final equity", draw: asRupees },
  frozen_value: { label: "Frozen: could not be sold", short: "Frozen", draw: asRupees },
  frozen_share: { label: "Frozen, of the final equity", draw: asPercent2 },
  frozen_positions: { label: "Frozen holdings", draw: count },
  final_equity_without_frozen: {
    label: "Final equity were they worth nothing",
    draw: asRupees,
  },
};

/** A measure's name; the server's own word where it is none of these. */
export const labelOf = (name: string): string => MEASURES[name]?.label ?? name;

export const shortLabelOf = (name: string): string => MEASURES[name]?.short ?? labelOf(name);

/** A value of a measure as it is written. */
export const written = (name: string, value: number): string => (MEASURES[name]?.draw ?? asRatio)(value);
