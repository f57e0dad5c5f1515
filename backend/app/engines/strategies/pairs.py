"""Pairs by the distance method: of two prices that went together the dearer is sold, the cheaper bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.strategies.base import EventStrategy, Params, param

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]


@dataclass(frozen=True)
class PairsParams(Params):
    """How pairs are formed, and when they are traded."""

    formation: int = param(252, minimum=20, maximum=756, description="Closes a pair is chosen by", unit="sessions")
    trading: int = param(
        126, minimum=5, maximum=504, description="Traded for so long, then chosen anew", unit="sessions"
    )
    pairs: int = param(20, minimum=1, maximum=200, description="Pairs at most", unit="pairs")
    entry: float = param(2.0, minimum=0.5, maximum=10.0, description="Opened beyond a spread of", unit="deviations")
    rescale: int = param(
        0, minimum=0, maximum=1, description="1: prices are set to 1 again when trading begins", unit="0 or 1"
    )


@dataclass
class Pair:
    """Two columns, what their prices are divided by, and what is held. Quantities are shares of the first bar."""

    legs: tuple[int, int]
    base: tuple[float, float]
    deviation: float
    side: float = 0.0  # sign of the spread it was opened at; 0 closed
    quantity: tuple[float, float] = (0.0, 0.0)  # below zero short
    opened: int = -1  # bar of the decision
    over: bool = False  # not to be traded any more


def form_pairs(window: F2, columns: I1, count: int, *, rescale: bool = False) -> list[Pair]:
    """The closest pairs of some columns, the closest first.

    Parameters
    ----------
    window : shape [W, N], closes of the formation; those of `columns` are known throughout
    count : pairs at most
    rescale : divide by the last closes of the window afterwards instead of its first ones

    Each column has the partner with the least sum of squared differences of closes over the first close (the earlier
    column of equals); pairs that never differ have no deviation, and are left out.
    """
    from app.engines.strategies.distances import squared_distances

    if columns.size < 2:
        return []
    normal = np.ascontiguousarray((window[:, columns] / window[0, columns]).T)
    distance = squared_distances(normal)
    partner = distance.argmin(axis=1).tolist()
    ranked = sorted({(float(distance[i, j]), min(i, j), max(i, j)) for i, j in enumerate(partner)})
    base = window[-1 if rescale else 0]
    found: list[Pair] = []
    for apart, i, j in ranked:
        if apart > 0.0 and len(found) < count:
            a, b = int(columns[i]), int(columns[j])
            deviation = float(np.std(normal[i] - normal[j], ddof=1))
            found.append(Pair((a, b), (float(base[a]), float(base[b])), deviation))
    return found


class PairsDistance(EventStrategy[PairsParams]):
    """Twenty pairs formed over a year, traded for half a year."""

    id = "pairs_distance"
    display_name = "Pairs, distance method"
    description = (
        "Over 252 closes divides each member's prices by the first, and gives it the partner with the least sum of "
        "squared differences; the twenty closest pairs are traded for 126 sessions. A pair is opened when its spread "
        "is beyond two deviations of the formation (sample deviation, of the formation alone): the dearer is sold "
        "short and the cheaper bought for as many rupees, a fortieth of the equity each, at the next open, the variant "
        "that waits a day. It is closed when the prices cross, when a leg leaves the universe or was not to be had, "
        "and at the end of the period. Members that did not trade at every close of the formation are left out. Prices "
        "go on from the formation; with rescale they are set to 1 again at its end, as others do. Both legs are in "
        "futures, for which the cash series stands in share by share: PROXY, without the mismatch of lots. Prices are "
        "without dividends, which the bars do not hold. Periods follow one another from the first session of the run."
    )
    hypothesis = "Two shares that went together for a year are near substitutes, and what parts them is mostly noise."
    when_it_loses = (
        "When the relation breaks: a merger, a scandal or a new business moves one of the two for good; and when a "
        "whole sector goes one way and takes many pairs apart at once."
    )
    citation = (
        "Gatev, E., Goetzmann, W. & Rouwenhorst, K. G. (2006), Pairs Trading: Performance of a Relative-Value "
        "Arbitrage Rule, Review of Financial Studies 19(3)."
    )
    regime = "REVERSAL"
    product = "FUT"
    bars = "daily"
    params_type = PairsParams

    def warm_up(self, params: PairsParams) -> int:
        return params.formation - 1

    def start(self, context: Any) -> None:
        context.state.update(pairs=[], formed=None)

    def on_bar(self, context: Any) -> None:
        state, params = context.state, context.params
        close, gap = context.panel(1)[0], context.gaps(1)[0]
        touched: set[int] = set()
        ordered = self._wanted(state["pairs"], len(close))  # by the bars before this one
        for pair in state["pairs"]:
            pair.over = pair.over or any(gap[n] or not context.is_member(n) for n in pair.legs)
            if self._judged(context, pair, close, ordered):
                touched.update(pair.legs)
        if context.t + 1 >= params.formation and (
            state["formed"] is None or context.t - state["formed"] >= params.trading
        ):
            touched.update(n for pair in state["pairs"] if pair.side for n in pair.legs)
            state["pairs"], state["formed"] = self._formed(context), context.t
        if touched:
            wanted = self._wanted(state["pairs"], len(close))
            for n in sorted(touched):
                _hold(context, n, wanted[n])

    @staticmethod
    def _formed(context: Any) -> list[Pair]:
        params = context.params
        window, gaps = context.panel(params.formation), context.gaps(params.formation)
        member = np.array([context.is_member(n) for n in range(window.shape[1])])
        columns = np.flatnonzero(member & ~np.isnan(window).any(axis=0) & ~gaps[1:].any(axis=0))
        return form_pairs(window, columns, params.pairs, rescale=params.rescale == 1)

    @staticmethod
    def _wanted(pairs: list[Pair], columns: int) -> F1:
        """Shares of the first bar to hold, the legs of all open pairs together."""
        wanted = np.zeros(columns)
        for pair in pairs:
            for n, quantity in zip(pair.legs, pair.quantity, strict=True):
                wanted[n] += quantity
        return wanted

    def _judged(self, context: Any, pair: Pair, close: F1, ordered: F1) -> bool:
        """Open or close a pair at this bar; whether it did."""
        params = context.params
        a, b = pair.legs
        spread = close[a] / pair.base[0] - close[b] / pair.base[1]
        if pair.side:
            crossed = spread * pair.side <= 0.0
            if crossed or pair.over or (pair.opened == context.t - 1 and _lame(context, pair, ordered)):
                pair.side, pair.quantity = 0.0, (0.0, 0.0)
                return True
            return False
        if pair.over or not abs(spread) > params.entry * pair.deviation:
            return False
        rupees = context.book_equity / (2 * params.pairs)
        shares = [np.floor(rupees * context.factor(n) / close[n]) for n in pair.legs]
        if min(shares) < 1.0:
            return False
        pair.side, pair.opened = float(np.sign(spread)), context.t
        first, second = (count / context.factor(n) for count, n in zip(shares, pair.legs, strict=True))
        pair.quantity = (-pair.side * first, pair.side * second)
        return True


def _lame(context: Any, pair: Pair, ordered: F1) -> bool:
    """Whether a leg was not filled for the most part."""
    for n, quantity in zip(pair.legs, pair.quantity, strict=True):
        if abs(ordered[n] - context.positions[n] / context.factor(n)) > 0.5 * abs(quantity):
            return True
    return False


def _hold(context: Any, n: int, wanted: float) -> None:
    """Orders for the next open that bring an instrument to so many shares of the first bar, below zero short."""
    held, target = context.positions[n], float(np.rint(wanted * context.factor(n)))
    less = abs(held) if held * target <= 0.0 else max(abs(held) - abs(target), 0.0)
    more = abs(target) if held * target <= 0.0 else max(abs(target) - abs(held), 0.0)
    if less:
        context.exit(n, quantity=less)
    if more:
        order = context.buy if target > 0.0 else context.sell_short
        order(n, quantity=more)
