"""Who belongs to the sample indices when: the most traded shares, reviewed each April and October."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.services.sample_market.simulation import Market

_LOOKBACK = 126  # sessions whose turnover decides
_SEASONED = 60  # sessions a share must have traded
_MOST_CHANGES = 3  # a review
_BUFFER = 2  # ranks by which a challenger must lead


class Spell(NamedTuple):
    """A company's time in an index; `until` is the last day, None while it lasts."""

    company: int
    since: date
    until: date | None


def index_sizes(stocks: int) -> tuple[int, ...]:
    """Sizes of the indices of a market: 20, 50 and 200 where they leave somebody out, else one of half the market."""
    return tuple(size for size in (20, 50, 200) if size + 5 <= stocks) or (stocks // 2,)


def membership(market: Market, size: int) -> list[Spell]:
    """The spells of an index of `size` members, by company and date."""
    value = np.where(market.traded, market.volume * (market.average / 100.0), 0.0)
    barred = market.trade_for_trade.copy()
    for n, at in market.gone.items():
        barred[at:, n] = True
    inside = set(_ranking(market, value, 0)[:size])
    since = dict.fromkeys(inside, market.sessions[0])
    spells: list[Spell] = []
    for t in range(1, len(market.sessions)):
        day = market.sessions[t]
        out = set(np.flatnonzero(barred[t]).tolist())
        leaving = [n for n in inside if n in out]
        review = day.month in {4, 10} and market.sessions[t - 1].month != day.month
        if not leaving and not review:
            continue
        order = [n for n in _ranking(market, value, t) if n not in leaving]
        place = {n: rank for rank, n in enumerate(order)}
        joining = [n for n in order if n not in inside][: len(leaving)]
        if review:
            rest = [n for n in order if n not in inside and n not in joining]
            weakest = sorted(inside - set(leaving), key=lambda n: -place.get(n, len(place)))
            for challenger, member in list(zip(rest, weakest, strict=False))[:_MOST_CHANGES]:
                if place[challenger] + _BUFFER < place.get(member, len(place) + _BUFFER + 1):
                    joining.append(challenger)
                    leaving.append(member)
        spells += [Spell(n, since.pop(n), day - timedelta(days=1)) for n in leaving]
        since |= dict.fromkeys(joining, day)
        inside = set(since)
    spells += [Spell(n, first, None) for n, first in since.items()]
    return sorted(spells)


def _ranking(market: Market, value: NDArray[np.float64], t: int) -> list[int]:
    """Companies that may be members at session t, the most traded of the sessions before first."""
    window = slice(max(t - _LOOKBACK, 0), max(t, 1))
    mean = value[window].mean(axis=0)
    seasoned = market.traded[: t + 1].sum(axis=0) >= min(_SEASONED, t + 1)
    allowed = seasoned & market.traded[max(t - 5, 0) : t + 1].any(axis=0) & ~market.trade_for_trade[t]
    order = np.argsort(-mean, kind="stable")
    return [int(n) for n in order[allowed[order]].tolist()]
