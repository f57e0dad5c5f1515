export interface Definition {
  /** One sentence. */
  text: string;
  formula: string;
  /** Which of a run's own figures it is made of. */
  of?: readonly ("sessions" | "capital" | "final" | "trades" | "drawdown" | "benchmark" | "bars")[];
}

/** What each metric of an account is, as the engine computes it. The server's name → sentence and formula. */
export const DEFINITIONS: Record<string, Definition> = {
  total_return: {
    text: "What the opening capital has become, after charges and slippage.",
    formula: "final equity ÷ opening capital − 1",
    of: ["capital", "final"],
  },
  cagr: {
    text: "Growth a year that leads from the equity at the first close to the final equity.",
    formula: "(Π (1 + r)) ^ (252 / sessions) − 1",
    of: ["sessions", "final"],
  },
  volatility: {
    text: "Standard deviation of the daily returns, times √252.",
    formula: "sd(r) · √252",
    of: ["sessions"],
  },
  sharpe: {
    text: "Mean daily return divided by its standard deviation, times √252; the cash rate is taken as zero.",
    formula: "mean(r) ÷ sd(r) · √252",
    of: ["sessions"],
  },
  sortino: {
    text: "Mean daily return over the downside deviation of all days, times √252.",
    formula: "mean(r) ÷ √mean(min(r, 0)²) · √252",
    of: ["sessions"],
  },
  calmar: {
    text: "Growth a year over the depth of the deepest drawdown of the same period.",
    formula: "CAGR ÷ |maximum drawdown|",
    of: ["drawdown"],
  },
  max_drawdown: {
    text: "Deepest fall of the equity from its running peak, at closes; the opening capital is the first peak.",
    formula: "min (equity ÷ running peak − 1)",
    of: ["drawdown"],
  },
  omega: {
    text: "The sum of the daily gains over the sum of the daily losses.",
    formula: "Σ max(r, 0) ÷ Σ max(−r, 0)",
    of: ["sessions"],
  },
  martin_ratio: { text: "Growth a year over the Ulcer index.", formula: "CAGR ÷ Ulcer index" },
  ulcer_index: {
    text: "Root mean square of the drawdowns at all closes: depth and length together.",
    formula: "√mean(drawdown²)",
    of: ["sessions"],
  },
  mean_drawdown: {
    text: "Mean depth of the falls, each from a peak until that peak was seen again.",
    formula: "mean(deepest point of each fall)",
  },
  longest_drawdown: {
    text: "Sessions of the longest fall, from its peak until that peak was seen again or the run ended.",
    formula: "max(recovery − peak)",
  },
  recovery_sessions: {
    text: "Sessions from the deepest point of the deepest drawdown until its peak was seen again.",
    formula: "recovery − trough",
    of: ["drawdown"],
  },
  downside_deviation: {
    text: "Root mean square of the losing days, all days counted, times √252.",
    formula: "√mean(min(r, 0)²) · √252",
    of: ["sessions"],
  },
  var_95: {
    text: "A loss that was not exceeded on 95 of 100 days, read from the days themselves.",
    formula: "−quantile(r, 0.05)",
    of: ["sessions"],
  },
  cvar_95: {
    text: "Mean loss of the days at or beyond the value at risk.",
    formula: "−mean(r | r ≤ −VaR 95%)",
    of: ["sessions"],
  },
  var_99: {
    text: "A loss that was not exceeded on 99 of 100 days, read from the days themselves.",
    formula: "−quantile(r, 0.01)",
    of: ["sessions"],
  },
  cvar_99: {
    text: "Mean loss of the days at or beyond the value at risk of 99%.",
    formula: "−mean(r | r ≤ −VaR 99%)",
    of: ["sessions"],
  },
  tail_ratio: {
    text: "The 95th percentile of the daily returns over the size of the 5th: above 1 where the best days are larger.",
    formula: "quantile(r, 0.95) ÷ |quantile(r, 0.05)|",
    of: ["sessions"],
  },
  skewness: {
    text: "Third standardised moment of the daily returns: below zero where large losses are the rarer side.",
    formula: "mean((r − mean)³) ÷ sd³, of the population",
    of: ["sessions"],
  },
  kurtosis: {
    text: "Fourth standardised moment of the daily returns: above 3 where extremes are more frequent than normal.",
    formula: "mean((r − mean)⁴) ÷ sd⁴, of the population",
    of: ["sessions"],
  },
  best_day: { text: "The largest daily return.", formula: "max(r)", of: ["sessions"] },
  worst_day: { text: "The smallest daily return.", formula: "min(r)", of: ["sessions"] },
  winning_days: {
    text: "Days with a gain, of those with a gain or a loss.",
    formula: "count(r > 0) ÷ count(r ≠ 0)",
    of: ["sessions"],
  },
  best_month: {
    text: "The largest return of a calendar month, from close to close.",
    formula: "max(r of a month)",
  },
  worst_month: {
    text: "The smallest return of a calendar month, from close to close.",
    formula: "min(r of a month)",
  },
  winning_months: {
    text: "Calendar months with a gain, of those with a gain or a loss.",
    formula: "count(r > 0) ÷ count(r ≠ 0), of months",
  },
  beta: {
    text: "How far the run moves when the index moves by one.",
    formula: "cov(r, index) ÷ var(index)",
    of: ["benchmark"],
  },
  alpha: {
    text: "Mean return that beta does not explain, compounded to a year.",
    formula: "(1 + mean(r) − β · mean(index)) ^ 252 − 1",
    of: ["benchmark"],
  },
  correlation: {
    text: "Pearson’s correlation with the index, day by day.",
    formula: "corr(r, index)",
    of: ["benchmark"],
  },
  tracking_error: {
    text: "Standard deviation of the daily differences from the index, times √252.",
    formula: "sd(r − index) · √252",
    of: ["benchmark"],
  },
  information_ratio: {
    text: "Growth a year less that of the index, over the tracking error.",
    formula: "(CAGR − CAGR of the index) ÷ tracking error",
    of: ["benchmark"],
  },
  win_rate: {
    text: "Closed trades with a profit after charges, of all closed trades; exactly zero is no win.",
    formula: "wins ÷ closed trades",
    of: ["trades"],
  },
  profit_factor: {
    text: "Rupees won by closed trades over rupees lost by closed trades, after charges.",
    formula: "Σ gains ÷ |Σ losses|",
    of: ["trades"],
  },
  expectancy: {
    text: "Mean profit of a closed trade after charges.",
    formula: "Σ P&L ÷ closed trades",
    of: ["trades"],
  },
  payoff: {
    text: "Average winning trade over the average losing one, after charges.",
    formula: "mean(gains) ÷ |mean(losses)|",
    of: ["trades"],
  },
  sqn: {
    text: "Mean profit of a closed trade over its deviation, times the root of their number; the number is not capped.",
    formula: "√N · mean(P&L) ÷ sd(P&L)",
    of: ["trades"],
  },
  kelly: {
    text: "Share of the capital that a bet of these odds would take; below zero where they are bad.",
    formula: "W − (1 − W) ÷ payoff, W the win rate",
    of: ["trades"],
  },
  average_holding: {
    text: "Mean sessions from the entry fill to the exit fill, closed trades alone.",
    formula: "mean(exit − entry)",
    of: ["trades"],
  },
  mean_adverse_excursion: {
    text: "Mean of the worst price while a closed trade was held, over its entry price.",
    formula: "mean(worst ÷ entry − 1)",
    of: ["trades"],
  },
  mean_favourable_excursion: {
    text: "Mean of the best price while a closed trade was held, over its entry price.",
    formula: "mean(best ÷ entry − 1)",
    of: ["trades"],
  },
  exposure: {
    text: "Share of the bars that closed with a position.",
    formula: "count(bars with a position) ÷ count(bars)",
    of: ["bars"],
  },
  gross_exposure: {
    text: "Mean of long and short positions together over the equity, at closes.",
    formula: "mean((long + |short|) ÷ equity)",
    of: ["bars"],
  },
  net_exposure: {
    text: "Mean of the positions over the equity, at closes; what is held short counts below zero.",
    formula: "mean((long − |short|) ÷ equity)",
    of: ["bars"],
  },
  turnover: {
    text: "The smaller of all purchases and all sales over the mean equity, a year: one-sided.",
    formula: "min(Σ bought, Σ sold) ÷ mean(equity) · 252 / sessions",
    of: ["sessions"],
  },
  trades: {
    text: "Trades with an entry and an exit inside the run.",
    formula: "count of closed trades",
    of: ["trades"],
  },
  open_trades: {
    text: "Trades that were entered and not left when the run ended; they are valued at the last close.",
    formula: "count of open trades",
    of: ["trades"],
  },
  final_equity: {
    text: "Cash and positions at the last close, after charges and slippage.",
    formula: "opening capital + Σ P&L of closed and open trades + dividends",
    of: ["capital"],
  },
  frozen_value: {
    text: "Holdings that could not be sold when the run ended, at their last price.",
    formula: "Σ |value of frozen holdings|",
  },
  frozen_positions: {
    text: "How many holdings could not be sold when the run ended.",
    formula: "count of frozen holdings",
  },
  final_equity_without_frozen: {
    text: "The final equity if the frozen holdings were worth nothing; nothing is gained from a short one.",
    formula: "final equity − Σ value of long frozen holdings",
    of: ["final"],
  },
  frozen_share: {
    text: "The same over the final equity.",
    formula: "Σ |value of frozen holdings| ÷ final equity",
    of: ["final"],
  },
};
