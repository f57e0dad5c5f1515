"""What a curve is made of: months, falls, rolling figures, the shape of its returns, and how far luck could spread it.

Everything is worked out from equity at session closes, as the metrics of a run are. Intervals and cones come from whole
sessions drawn again in blocks (`resampling`): they tell what sessions like these could have given, not what a
changed market would.
"""

from __future__ import annotations

import math
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.drawing import walked
from app.engines.evidence.resampling import block_length, stationary_draws
from app.engines.risk.basics import NOISE
from app.engines.risk.drawdowns import Drawdown, episodes
from app.engines.risk.returns import calendar_returns

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
D1 = NDArray[np.datetime64]

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95
FEWEST_RETURNS: Final = 60
CONE: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
WORST: Final = 10
_AT_ONCE: Final = 250  # draws in memory together


class Month(NamedTuple):
    """The return of a calendar month or year, a fraction; `whole` is False at the ends of a record, often parts."""

    year: int
    month: int  # 0 of a year
    value: float
    whole: bool


class Bins(NamedTuple):
    """Counts between edges: `edges` shape [B + 1], ascending, `counts` shape [B]."""

    edges: F1
    counts: I1


class Interval(NamedTuple):
    """Bounds of a figure over the draws."""

    low: float
    high: float


class Luck(NamedTuple):
    """What the same returns give when they are drawn again, some more than once.

    Attributes
    ----------
    intervals : by figure: cagr, volatility, sharpe, max_drawdown
    cone : shape [5, T], growth of 1 at each session, the quantiles of CONE; the first session is 1
    block, resamples, confidence, seed : how it was drawn
    """

    intervals: dict[str, Interval]
    cone: F2
    block: float
    resamples: int
    confidence: float
    seed: int


def months(days: D1, equity: F1) -> list[Month]:
    """The return of each calendar month (`calendar_returns`). ValueError where equity is not above zero."""
    return _named(days, equity, "M")


def years(days: D1, equity: F1) -> list[Month]:
    """The same of calendar years, `month` 0."""
    return _named(days, equity, "Y")


def _named(days: D1, equity: F1, unit: Literal["M", "Y"]) -> list[Month]:
    found = []
    for span in calendar_returns(days, equity, unit):
        day = days[span.last].astype("datetime64[D]").item()
        found.append(Month(day.year, day.month if unit == "M" else 0, span.value, span.whole))
    return found


def worst_falls(equity: F1, capital: float, most: int = WORST) -> list[Drawdown]:
    """The deepest falls from a peak, deepest first; the opening capital is the first peak."""
    return sorted(episodes(equity, capital), key=lambda fall: fall.depth)[:most]


def rolling_sharpe(returns: F1, window: int, periods: int) -> F1:
    """The Sharpe of every `window` consecutive returns, a year, stamped at the last; NaN before and where none varies.

    Parameters
    ----------
    returns : shape [T], without NaN
    """
    if window < 2:
        raise ValueError(f"window: expected 2 or more, got {window}")
    found = np.full(returns.size, np.nan)
    if returns.size < window:
        return found
    held = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = held.std(axis=1, ddof=1)
    varies = deviation >= NOISE
    found[window - 1 :][varies] = held.mean(axis=1)[varies] / deviation[varies] * math.sqrt(periods)
    return found


def bins(values: F1, most: int = 41) -> Bins:
    """How often values fall between edges of one width, zero among the edges; NaN is left out.

    The width is that of Freedman & Diaconis (1981), or wider so that there are at most about `most` bins. The outermost
    bins hold what lies beyond them too, where a few values are far out.
    """
    known = values[~np.isnan(values)]
    if known.size == 0:
        return Bins(np.zeros(1), np.zeros(0, np.int64))
    low, high = np.quantile(known, [0.005, 0.995]) if known.size > 200 else (known.min(), known.max())
    spread = float(np.subtract(*np.quantile(known, [0.75, 0.25])))
    width = max(2.0 * spread / known.size ** (1 / 3), (high - low) / most)
    if width < NOISE:
        width = max(abs(float(high)), 1.0) / 10.0
    first, last = math.floor(low / width), max(math.ceil(high / width), math.floor(low / width) + 1)
    edges = np.arange(first, last + 1) * width
    counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0]
    return Bins(edges, counts.astype(np.int64))


def luck(
    returns: F1, *, periods: int, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> Luck | str:
    """Intervals of the headline figures, and a cone of growth; or why there are none.

    Parameters
    ----------
    returns : shape [T], without NaN, each above -1
    periods : a year
    """
    if returns.size < FEWEST_RETURNS:
        return f"{returns.size} returns: too few to draw from, {FEWEST_RETURNS} are needed"
    if float(np.std(returns)) < NOISE:
        return "returns do not vary"
    block = block_length(returns)
    figures: dict[str, list[F1]] = {name: [] for name in ("cagr", "volatility", "sharpe", "max_drawdown")}
    paths = np.empty((resamples, returns.size), np.float32)  # for quantiles on a chart alone
    at = 0
    for rows in stationary_draws(returns.size, block, resamples, seed=seed, at_once=_AT_ONCE):
        drawn, ends, deepest = walked(returns, rows, paths[at : at + len(rows)])
        deviation: F1 = drawn.std(axis=1, ddof=1)
        figures["cagr"].append(np.power(ends, periods / returns.size) - 1.0)
        figures["volatility"].append(deviation * math.sqrt(periods))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = drawn.mean(axis=1) / deviation * math.sqrt(periods)
        figures["sharpe"].append(np.where(deviation >= NOISE, ratio, np.nan))
        figures["max_drawdown"].append(deepest)
        at += len(rows)
    bounds = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    intervals = {
        name: Interval(*(float(bound) for bound in np.quantile(values, bounds)))
        for name, parts in figures.items()
        if not np.isnan(values := np.concatenate(parts)).any()
    }
    # of each session its own row, sorted: NumPy sorts numbers side by side, but looks for quantiles one by one
    sessions = np.sort(np.ascontiguousarray(paths.T), axis=1)
    cone = np.concatenate([np.ones((len(CONE), 1)), np.quantile(sessions, CONE, axis=1)], axis=1)
    return Luck(intervals, cone, block, resamples, confidence, seed)
