"""What would hurt: past falls lived again, shocks, shares that cannot be sold, and a cone of drawn futures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.resampling import block_length, stationary_draws

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
D1 = NDArray[np.datetime64]

MOST_STALE: Final = 10  # sessions an opening or closing price of an episode may be old
FEWEST_PEERS: Final = 5


@dataclass(frozen=True)
class Episode:
    """A fall of the market, from the close of one day to the close of another."""

    id: str
    name: str
    first: date
    last: date


# Highs and lows of the NIFTY 50 by close.
EPISODES: Final = (
    Episode("2008", "Global financial crisis", date(2008, 1, 8), date(2008, 10, 27)),
    Episode("2011", "Euro debt and rate rises", date(2010, 11, 5), date(2011, 12, 20)),
    Episode("2013", "Taper talk and the rupee", date(2013, 5, 17), date(2013, 8, 28)),
    Episode("2015", "China and bank clean-up", date(2015, 3, 3), date(2016, 2, 25)),
    Episode("2018", "IL&FS and credit", date(2018, 8, 28), date(2018, 10, 26)),
    Episode("2020-03", "Covid", date(2020, 2, 19), date(2020, 3, 23)),
    Episode("2022", "War and rates", date(2022, 1, 17), date(2022, 6, 17)),
    Episode("2024-06", "Election count", date(2024, 6, 3), date(2024, 6, 4)),
    Episode("2024-25", "Foreign selling", date(2024, 9, 26), date(2025, 3, 4)),
)


class Lived(NamedTuple):
    """What each share did over an episode, [N]: NaN where it cannot be said. `basis` is OWN, SECTOR, BETA or NONE."""

    returns: F1
    basis: tuple[str, ...]


def over(sessions: D1, close: F2, gap: NDArray[np.bool_], first: date, last: date) -> F1:
    """Return of each share from the close of one day to that of another, [N].

    NaN where it was not traded within ten sessions up to either day, or history is missing in between.
    """
    begin = int(np.searchsorted(sessions, np.datetime64(first, "D"), side="right")) - 1
    end = int(np.searchsorted(sessions, np.datetime64(last, "D"), side="right")) - 1
    if begin < 0 or end <= begin or (np.datetime64(first, "D") - sessions[begin]).astype(int) > 7:
        return np.full(close.shape[1], np.nan)
    if (np.datetime64(last, "D") - sessions[end]).astype(int) > 7:
        return np.full(close.shape[1], np.nan)
    opening = _latest(close[max(0, begin - MOST_STALE + 1) : begin + 1])
    closing = _latest(close[max(begin + 1, end - MOST_STALE + 1) : end + 1])
    found = closing / opening - 1.0
    found[gap[begin + 1 : end + 1].any(axis=0)] = np.nan
    return found


def _latest(prices: F2) -> F1:
    known = ~np.isnan(prices)
    place = prices.shape[0] - 1 - known[::-1].argmax(axis=0)
    return np.where(known.any(axis=0), prices[place, np.arange(prices.shape[1])], np.nan)


def lived(own: F1, betas: F1, sectors: Sequence[str], market: float | None, peers: Mapping[str, F1]) -> Lived:
    """What each of N shares did or, where it was not listed, would by its sector or its beta have done.

    Parameters
    ----------
    own : shape [N], its own return, NaN where unknown
    betas : shape [N], to the market, today's; NaN where unknown
    market : the market's return over the episode; None where unknown
    peers : by sector the returns of the shares that were there

    By sector: the median of five peers or more. By beta, where there are fewer: beta × market.
    """
    found, basis = own.copy(), []
    for n in range(own.size):
        others = peers.get(sectors[n], np.empty(0))
        if not np.isnan(own[n]):
            basis.append("OWN")
        elif others.size >= FEWEST_PEERS:
            found[n] = float(np.median(others))
            basis.append("SECTOR")
        elif market is not None and not np.isnan(betas[n]):
            found[n] = max(float(betas[n]) * market, -1.0)
            basis.append("BETA")
        else:
            basis.append("NONE")
    return Lived(found, tuple(basis))


def shocked(sectors: Sequence[str], betas: F1, market: float, by_sector: Mapping[str, float]) -> F1:
    """Return of each share, [N]: its sector's where one is given, else beta × the market's; NaN without a beta."""
    found = np.maximum(betas * market, -1.0) if market else np.zeros(betas.size)
    for n, sector in enumerate(sectors):
        if sector in by_sector:
            found[n] = by_sector[sector]
    return found


def locked(band: float, sessions: int) -> float:
    """Return of a share that closes locked at its lower band for so many sessions: nobody could sell on the way."""
    return (1.0 - band) ** sessions - 1.0


class Cone(NamedTuple):
    """Drawn futures of 1 rupee.

    `levels` [Q, H + 1] are quantiles (`LEVELS`) of its value after each session, the first being today's 1;
    `loss` the share of futures that end below 1; `falls` the share that at some time fall from a peak by more than each
    depth asked for; `worst` the 95 % quantile of the deepest fall, a fraction in [-1, 0].
    """

    levels: F2
    loss: float
    falls: dict[float, float]
    worst: float
    block: float


LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)


def cone(
    returns: F1, horizon: int, *, paths: int = 2000, seed: int = 0, depths: Sequence[float] = (0.1, 0.2, 0.3)
) -> Cone:
    """Futures of `horizon` sessions drawn from the returns [T] in blocks (stationary bootstrap).

    Parameters
    ----------
    horizon : at least 1, at most T
    """
    if not 1 <= horizon <= returns.size:
        raise ValueError(f"horizon: expected 1 to {returns.size} sessions, got {horizon}")
    block = block_length(returns)
    values = np.empty((paths, horizon + 1))
    values[:, 0] = 1.0
    done = 0
    for drawn in stationary_draws(returns.size, block, paths, seed=seed, at_once=500):
        part = np.cumprod(1.0 + returns[drawn[:, :horizon]], axis=1)
        values[done : done + part.shape[0], 1:] = part
        done += part.shape[0]
    deepest = (values / np.maximum.accumulate(values, axis=1) - 1.0).min(axis=1)
    return Cone(
        levels=np.quantile(values, LEVELS, axis=0),
        loss=float(np.mean(values[:, -1] < 1.0)),
        falls={depth: float(np.mean(deepest < -depth)) for depth in depths},
        worst=float(np.quantile(deepest, 0.05)),
        block=block,
    )
