"""Rankings across the universe, rebalanced monthly: momentum, low volatility, dual momentum.

All of them rank by price returns: the bars hold no dividends, so that a stock that pays much looks weaker than it was,
by one to two percent a year; the descriptions say so. Ties go to the earlier instrument key. Only members of the
universe at that session that traded in it are ranked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Strategy, Weights, param
from app.engines.strategies.crossing import at_previous_bar
from app.engines.strategies.schedule import month_ends

B2 = NDArray[np.bool_]
F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

BONDS = frozenset({"LIQUIDBEES", "LIQUIDIETF", "LIQUIDCASE", "LTGILTBEES", "GILT5YBEES", "NIFTY10YRBENCHMARKGSEC"})
HOME_INDEX = ("NIFTY 50", "NIFTY50", "NIFTYBEES")
PRICE_RETURNS = "Ranks by price returns, without dividends, which the bars do not hold."


def closes_then(bars: Bars, rows: I1, back: int) -> F2:
    """The close `back` sessions before each of `rows` (the last known one, where there was no trade), [R, N].

    NaN before the first bar, and where history is missing anywhere between then and now.
    """
    close = bars.close
    known = np.maximum.accumulate(np.where(np.isnan(close), -1, np.arange(len(close))[:, None]), axis=0)
    gaps = np.cumsum(bars.gap, axis=0)
    then = rows - back
    inside = np.maximum(then, 0)
    at = known[inside]
    value = np.take_along_axis(close, np.maximum(at, 0), axis=0)
    unbroken = gaps[rows] == np.take_along_axis(gaps, np.maximum(at, 0), axis=0)
    return np.where((then[:, None] >= 0) & (at >= 0) & unbroken, value, np.nan)


def best_first(score: F1, count: int) -> I1:
    """The columns of the `count` highest scores, NaN left out; ties in the order of the columns."""
    order = np.argsort(-score, kind="stable")  # NaN last
    ranked = order[: np.count_nonzero(~np.isnan(score))]
    return ranked[:count].astype(np.int64)


@dataclass(frozen=True)
class MomentumParams(Params):
    """What is ranked, and how much of it is held."""

    lookback: int = param(252, minimum=20, maximum=756, description="Return measured from so long ago", unit="sessions")
    skip: int = param(21, minimum=0, maximum=63, description="Up to so long ago", unit="sessions")
    top: float = param(0.1, minimum=0.01, maximum=1.0, description="Share of the ranked held", unit="fraction")
    names: int = param(0, minimum=0, maximum=500, description="Hold so many instead; 0: by share", unit="stocks")

    def check(self) -> None:
        if self.skip >= self.lookback:
            raise ValueError(f"params.skip: expected fewer sessions than lookback ({self.lookback}), got {self.skip}")


class Momentum121(Strategy[MomentumParams]):
    """Each month the stocks that rose most over a year without its last month, in equal parts."""

    id = "momentum_12_1"
    display_name = "12-1 momentum rotation"
    description = (
        "At the close of the last session of each month ranks the members by close 21 sessions ago over close 252 "
        "sessions ago, and holds the top tenth in equal parts for a month. The tenth is rounded down, one at least; "
        "ties go to the earlier instrument key. " + PRICE_RETURNS + " Trade-for-trade stocks are not left out of the "
        "ranking: the flags do not reach a strategy; the exchange's rules hold for the orders."
    )
    hypothesis = "Investors react slowly to news, so that winners of a year go on winning for some months."
    when_it_loses = (
        "In sharp rebounds after a fall, when what fell most rises most (a momentum crash), and in years that change "
        "leaders every few months. Monthly turnover costs charges and short-term tax."
    )
    citation = (
        "Jegadeesh, N. & Titman, S. (1993), Returns to Buying Winners and Selling Losers, Journal of Finance 48(1)."
    )
    regime = "TREND"
    universe = "NIFTY500"
    bars = "daily"
    params_type = MomentumParams

    def warm_up(self, params: MomentumParams) -> int:
        return params.lookback

    def signals(self, bars: Bars, params: MomentumParams) -> Weights:
        target = np.full(bars.shape, np.nan)
        rows = np.flatnonzero(month_ends(bars))
        rows = rows[rows >= params.lookback]
        score = closes_then(bars, rows, params.skip) / closes_then(bars, rows, params.lookback) - 1.0
        score[~bars.member[rows] | np.isnan(bars.close[rows])] = np.nan
        rank = np.full(bars.shape, np.nan)
        rank[rows] = score
        for t, of_row in zip(rows, score, strict=True):
            ranked = np.count_nonzero(~np.isnan(of_row))
            held = best_first(of_row, params.names or max(1, int(ranked * params.top + 1e-9)))
            target[t] = 0.0
            target[t, held] = 1.0 / max(len(held), 1)
        return Weights(target, rank)


@dataclass(frozen=True)
class LowVolatilityParams(Params):
    """How quiet is measured, and how much of it is held."""

    window: int = param(252, minimum=20, maximum=756, description="Sessions of daily returns", unit="sessions")
    least: int = param(200, minimum=10, maximum=756, description="Returns known in them at least", unit="returns")
    share: float = param(0.2, minimum=0.01, maximum=1.0, description="Share of the ranked held", unit="fraction")
    names: int = param(0, minimum=0, maximum=500, description="Hold so many instead; 0: by share", unit="stocks")
    cap: float = param(0.1, minimum=0.01, maximum=1.0, description="Most of the equity in one stock", unit="fraction")

    def check(self) -> None:
        if self.least > self.window:
            raise ValueError(f"params.least: expected at most window ({self.window}), got {self.least}")


class LowVolatility(Strategy[LowVolatilityParams]):
    """Each month the quietest stocks, weighted by the inverse of their volatility."""

    id = "low_volatility"
    display_name = "Low volatility"
    description = (
        "At the close of the last session of each month ranks the members by the sample deviation of their daily "
        "returns of 252 sessions (200 known at least) and holds the quietest fifth, weighted by the inverse of it, at "
        "most 10 % in one; what the cap cuts goes to the others, and what all caps leave stays in cash. A price that "
        "never moved has no volatility and is not ranked. The fifth is rounded down, one at least; ties go to the "
        "earlier instrument key. " + PRICE_RETURNS
    )
    hypothesis = "Those who may not borrow pay too much for risky stocks, so that quiet ones earn more for their risk."
    when_it_loses = (
        "In strong rallies of speculative stocks and in early recoveries it lags far behind; when interest rates rise "
        "the sectors it gathers fall together."
    )
    citation = (
        "Blitz, D. & van Vliet, P. (2007), The Volatility Effect, Journal of Portfolio Management 34(1); Baker, M., "
        "Bradley, B. & Wurgler, J. (2011), Benchmarks as Limits to Arbitrage, Financial Analysts Journal 67(1)."
    )
    regime = "ANY MARKET"
    universe = "NIFTY500"
    bars = "daily"
    params_type = LowVolatilityParams

    def warm_up(self, params: LowVolatilityParams) -> int:
        return params.window

    def signals(self, bars: Bars, params: LowVolatilityParams) -> Weights:
        from app.engines.strategies.deviations import deviations

        target, rank = np.full(bars.shape, np.nan), np.full(bars.shape, np.nan)
        rows = np.flatnonzero(month_ends(bars))
        rows = rows[rows >= params.window]
        close = bars.close
        daily = close / at_previous_bar(close, ~np.isnan(close)) - 1.0
        daily[bars.gap] = np.nan  # not a day's return: history is missing before it
        deviation = deviations(daily, np.cumsum(bars.gap, axis=0), rows, params.window, params.least)
        deviation[~bars.member[rows] | np.isnan(close[rows])] = np.nan
        rank[rows] = -deviation
        for t, of_row in zip(rows, deviation, strict=True):
            ranked = np.count_nonzero(~np.isnan(of_row))
            held = best_first(-of_row, params.names or max(1, int(ranked * params.share + 1e-9)))
            target[t] = 0.0
            target[t, held] = capped(1.0 / of_row[held], params.cap)
        return Weights(target, rank)


def capped(parts: F1, cap: float) -> F1:
    """Fractions in proportion to `parts` (above 0), none above `cap`; they add up to 1, or to less if all are capped.

    What a cap cuts goes to the others in proportion, until none is above it.
    """
    out = np.zeros_like(parts)
    free = np.ones(parts.size, np.bool_)
    left = 1.0
    while free.any():
        share = parts[free] / parts[free].sum() * left
        over = share > cap
        if not over.any():
            out[free] = share
            break
        at = np.flatnonzero(free)[over]
        out[at] = cap
        free[at] = False
        left = max(left - cap * at.size, 0.0)
    return out


@dataclass(frozen=True)
class DualMomentumParams(Params):
    """What is compared with what."""

    lookback: int = param(252, minimum=20, maximum=756, description="Return over so many sessions", unit="sessions")
    bills: float = param(
        0.0,
        minimum=0.0,
        maximum=0.25,
        description="Return of treasury bills to beat; no series of it is at hand, so give it; 0: any rise passes",
        unit="fraction a year",
    )


class DualMomentum(Strategy[DualMomentumParams]):
    """The stronger of the equity sleeves while equity beats treasury bills, else bonds or cash."""

    id = "dual_momentum"
    display_name = "Dual momentum"
    description = (
        "For a handful of index funds given as symbols (NIFTYBEES, JUNIORBEES, LIQUIDBEES). At the close of the last "
        "session of each month: where the twelve-month return of the home index (NIFTY 50 or NIFTYBEES; without one "
        "the strongest sleeve) is above that of treasury bills, holds the equity sleeve with the highest twelve-month "
        "return, else the bond sleeve, else cash. Bond sleeves are known by their symbols, all others are equity: with "
        "an index for a universe each of its members is a sleeve. "
        "Compares price returns, without dividends, which the bars do not hold."
    )
    hypothesis = "Relative strength picks the better market, and the absolute test stays out of long falls."
    when_it_loses = (
        "When returns waver around those of bills it changes sides after each fall and each rise, and in short crashes "
        "it is still invested, then out of the recovery."
    )
    citation = "Antonacci, G. (2014), Dual Momentum Investing."
    regime = "ANY MARKET"
    bars = "daily"
    params_type = DualMomentumParams

    def warm_up(self, params: DualMomentumParams) -> int:
        return params.lookback

    def signals(self, bars: Bars, params: DualMomentumParams) -> Weights:
        target = np.full(bars.shape, np.nan)
        rows = np.flatnonzero(month_ends(bars))
        rows = rows[rows >= params.lookback]
        names = [symbol.upper() for symbol in bars.symbols]
        bonds = np.array([name.replace(" ", "") in BONDS for name in names], np.bool_)
        home = next((names.index(name) for name in HOME_INDEX if name in names), None)
        score = bars.close[rows] / closes_then(bars, rows, params.lookback) - 1.0
        score[~bars.member[rows]] = np.nan
        hurdle = params.bills * params.lookback / 252.0
        for t, of_row in zip(rows, score, strict=True):
            target[t] = 0.0
            strongest = best_first(np.where(bonds, np.nan, of_row), 1)
            tested = of_row[home] if home is not None else of_row[strongest[0]] if strongest.size else np.nan
            safe = best_first(np.where(bonds, of_row, np.nan), 1)
            if strongest.size and tested > hurdle:
                target[t, strongest] = 1.0
            elif safe.size:
                target[t, safe] = 1.0
        return Weights(target)
