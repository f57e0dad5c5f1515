"""A screen through time: who matched when, who came and went, and what their prices did next, against the universe.

It is a study of events, not a run: no cash, no slots, no fills refused. A signal is bought at the open of the stock's
next bar and sold at its last close up to h sessions after the signal; charges are taken off, dividends are not added.
Beside it stands the mean of all stocks of the universe on the same days, which pays no charges. Intervals come from
drawing sessions again in blocks, since what matches today mostly matched yesterday.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.resampling import circular_draws, weights
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
B1 = NDArray[np.bool_]

HORIZONS: Final = (1, 5, 20, 60)
RESAMPLES: Final = 1_000
LEAST_DAYS: Final = 20  # days with signals below which no interval is given
_LEAST_BLOCK: Final = 10
_LEVEL: Final = 0.95


class Changes(NamedTuple):
    """By row: matches now and did not when that was last known, and the other way round."""

    entered: B1
    left: B1


class Forward(NamedTuple):
    """What followed the signals of a screen over `horizon` sessions; fractions, None with `reason` where unknown.

    `signals` have a return; `incomplete` have none. `excess` is `mean` (after charges) less the universe's mean of the
    same days, weighted by signals; `low` and `high` its 95 % interval; `p_value` the chance that a screen of no merit
    shows as much, and `p_adjusted` that the best of `trials` such screens does.
    """

    horizon: int
    signals: int
    incomplete: int
    days: int
    block: int
    mean: float | None
    median: float | None
    hit_rate: float | None
    universe: float | None
    excess: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    reason: str | None


def changes(rows: Rows, flags: U1) -> Changes:
    """Who came and who went, by what was last known of each stock before.

    A row that is unknown is neither: a stock that matched before it and after it never left, one that does not match
    after it left on the day that is known. A stock's first known row can enter; none leaves on a day it did not trade.

    flags : [R], as conditions are held
    """
    known = np.where(flags != UNKNOWN, np.arange(len(rows)), -1)
    last = np.full(len(rows), -1)
    last[1:] = np.maximum.accumulate(known)[:-1]
    before = (last >= 0) & (rows.columns[last] == rows.columns) & (flags[last] == TRUE)
    return Changes((flags == TRUE) & ~before, (flags == FALSE) & before)


def by_day(rows: Rows, flags: B1) -> I1:
    """How many rows of each session are flagged, [T]."""
    return np.bincount(rows.days[flags], minlength=len(rows.sessions)).astype(np.int64)


def study(
    rows: Rows,
    signals: B1,
    closed_from: I4,
    charges: tuple[F1, F1],
    *,
    seed: int,
    trials: int,
    horizons: tuple[int, ...] = HORIZONS,
    resamples: int = RESAMPLES,
) -> list[Forward]:
    """What followed, for each horizon.

    Parameters
    ----------
    rows : the market; its universe is what signals are held against
    signals : [R], rows on which the screen speaks
    closed_from : [N], the session from which prices of an instrument cannot be trusted
    charges : of buying and of selling on each session, [T], as fractions of the value
    seed : the same seed gives the same intervals
    trials : screens tried so far, this one included, at least 1
    """
    from app.engines.screener.forward import forward  # brings the compiler

    out, left = np.empty(len(rows)), np.empty(len(rows), np.int32)
    open_, close = (np.ascontiguousarray(rows.source.number(name)) for name in ("open", "close"))
    place = (rows.columns, rows.days, rows.segment_starts)
    sessions = len(rows.sessions)
    found = []
    for horizon in horizons:
        forward(open_, close, rows.factor, *place, closed_from, sessions, horizon, out, left)
        known = ~np.isnan(out)
        beside = rows.universe & known
        counts = by_day(rows, beside)
        with np.errstate(invalid="ignore", divide="ignore"):
            means: F1 = np.bincount(rows.days[beside], out[beside], sessions) / counts
        taken = np.flatnonzero(signals & known)
        days = rows.days[taken]
        # charges of buying are those of the day of the signal: rates change between sessions, not within a purchase
        net = (1.0 + out[taken]) * (1.0 - charges[1][left[taken]]) / (1.0 + charges[0][days]) - 1.0
        excess = net - means[days]
        fair = ~np.isnan(excess)
        total = np.bincount(days[fair], excess[fair], sessions).astype(np.float64)
        count = np.bincount(days[fair], minlength=sessions).astype(np.float64)
        incomplete = int(np.count_nonzero(signals)) - len(taken)
        found.append(_told(horizon, net, means[days], total, count, incomplete, seed, trials, resamples))
    return found


def _told(
    horizon: int,
    net: F1,
    universe: F1,
    total: F1,
    count: F1,
    incomplete: int,
    seed: int,
    trials: int,
    resamples: int,
) -> Forward:
    block = max(horizon, _LEAST_BLOCK)
    days = int(np.count_nonzero(count))
    if not len(net):
        reason = "no signal has a return over that time"
        return Forward(horizon, 0, incomplete, 0, block, *(None,) * 9, reason)
    excess = float(total.sum() / count.sum()) if count.sum() else None
    low = high = p_value = None
    told: str | None = None
    if excess is None or days < LEAST_DAYS:
        told = f"signals on {days} days, an interval takes {LEAST_DAYS}"
    else:
        span = slice(int(np.flatnonzero(count)[0]), int(np.flatnonzero(count)[-1]) + 1)
        drawn = _drawn(total[span], count[span], block, seed, resamples)
        low, high = (float(q) for q in np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]))
        p_value = float((1 + np.count_nonzero(drawn - excess >= excess)) / (1 + len(drawn)))
    return Forward(
        horizon,
        len(net),
        incomplete,
        days,
        block,
        float(net.mean()),
        float(np.median(net)),
        float(np.mean(net > 0.0)),
        float(np.nanmean(universe)),
        excess,
        low,
        high,
        p_value,
        None if p_value is None else 1.0 - (1.0 - p_value) ** trials,
        told,
    )


def _drawn(total: F1, count: F1, block: int, seed: int, resamples: int) -> F1:
    """The mean excess of each draw of sessions; draws without a signal are left out."""
    parts = []
    for draws in circular_draws(len(total), block, resamples, seed=seed, at_once=100):
        times = weights(draws)
        signals = times @ count
        some = signals > 0.0
        parts.append((times @ total)[some] / signals[some])
    return np.concatenate(parts)
