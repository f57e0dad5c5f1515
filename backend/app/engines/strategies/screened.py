"""A strategy that is a screen: what matches is bought, what no longer does is sold, in the screen's own words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.screener.cards import CARDS, card_fields
from app.engines.screener.language import Expression, ExpressionError, Vocabulary, compiled
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.language.kinds import TRUE, ValueType
from app.engines.screener.language.reads import mentioned, window
from app.engines.strategies.base import Params, Signals, Strategy, Weights, param
from app.engines.strategies.schedule import month_ends

B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
F2 = NDArray[np.float64]

IN_BARS = frozenset({"open", "high", "low", "close", "volume"})
MARKS = frozenset({"hit_upper_band", "hit_lower_band", "has_derivatives", "under_surveillance", "price_band"})
BY_SESSION = frozenset({"turnover", "trades", "delivery", "index_close", "bars_listed"}) | MARKS
MEMBERS = "members."
# fields of a screen that a strategy does not see, and why
NOT_BY_DAY = {
    "sector": "only the latest known sector is on file, so that a past day would be decided by what came later. "
    'Membership of a sector index is known by day: in index("NIFTYIT")',
    "name": "only the latest known name of a company is on file, so that it would tell of days that were to come",
    "symbol": "who names stocks knows what became of them; name them as the universe of a run instead",
    "series": "the bars of a run do not say in which series they were traded",
}
Rebalance = Literal["daily", "weekly", "monthly"]


def hold_param(default: int = 0) -> Any:
    """Sessions after which a position is sold; 0: only by its exit."""
    return param(default, minimum=0, maximum=2520, description="Sell after so many sessions; 0: never", unit="sessions")


def stop_param(default: float = 0.0) -> Any:
    """Stop below the close of the signal; 0: none."""
    return param(
        default, minimum=0.0, maximum=0.9, description="Stop below the signal's close; 0: none", unit="fraction"
    )


def names_param(default: int = 0) -> Any:
    """Of a weekly or monthly screen how many of the first are held; 0: all."""
    return param(default, minimum=0, maximum=500, description="Hold so many of the first; 0: all", unit="stocks")


@dataclass(frozen=True)
class ScreenParams(Params):
    """What is not in the expressions. `hold` and `stop` are of a daily screen, `names` of a rebalanced one."""

    hold: int = hold_param()
    stop: float = stop_param()
    names: int = names_param()


class ScreenStrategy(Strategy[ScreenParams]):
    """Holds what a screen finds.

    Class attributes: `entry`, the condition; `leave`, the condition to sell on, empty: once `entry` does not hold on a
    bar; `rank_by`, a number, the greatest first, that orders what competes for cash; `rebalance`: daily answers with
    signals, weekly and monthly with equal weights of what matches at the first close of a week, or at the last of a
    month, and what does not match any more is sold then.

    Stocks are compared (rank, percentile …) among the members of the run's universe. Beside the bars it reads, each as
    it was known at the end of the bar's day, company figures and what else is stored of a session (`port_of`), and who
    belonged to an index. Names, symbols, sectors and series cannot be read, see `NOT_BY_DAY`.
    """

    entry: ClassVar[str]
    leave: ClassVar[str] = ""
    rank_by: ClassVar[str] = ""
    rebalance: ClassVar[Rebalance] = "daily"
    bars = "daily"
    params_type: type[Any] = ScreenParams

    def warm_up(self, params: ScreenParams) -> int:
        words = vocabulary()
        return max(window(one.tree, words) for one in self._expressions())

    def reads(self) -> tuple[str, ...]:
        fields, indices = self._ports()
        return tuple(sorted([*fields.values(), *indices.values()]))

    def signals(self, bars: Bars, params: ScreenParams) -> Signals | Weights:
        from app.engines.screener.language.evaluate import Evaluator  # brings the compiler

        fields, indices = self._ports()
        beside = {name: bars.ports[port].at(bars.decided_at) for name, port in fields.items()}
        members = {index: bars.ports[port].at(bars.decided_at) for index, port in indices.items()}
        rows = rows_of_bars(bars, beside, members=members)
        words = vocabulary()

        def flags(text: str) -> B2:
            held = Evaluator(rows, words).condition(readable(text).tree) == TRUE
            return _spread(rows, held, bars)

        traded = ~np.isnan(bars.close)
        matched = flags(self.entry) & bars.member
        rank = None
        if self.rank_by:
            rank = np.full(bars.shape, np.nan)
            rank[rows.days, rows.columns] = Evaluator(rows, words).number(readable(self.rank_by, "number").tree)
        if self.rebalance != "daily":
            return _weights(bars, matched, rank, self.rebalance, params.names)
        return Signals(
            entry=matched,
            exit=flags(self.leave) if self.leave else traded & ~matched,
            rank=rank,
            stop=bars.close * (1.0 - params.stop) if params.stop else None,
            hold=params.hold or None,
        )

    def _expressions(self) -> list[Expression]:
        found = [readable(text) for text in (self.entry, self.leave) if text]
        return [*found, *([readable(self.rank_by, "number")] if self.rank_by else [])]

    def _ports(self) -> tuple[dict[str, str], dict[str, str]]:
        """The port of each field that is not in the bars, and that of each index."""
        fields, indices = mentioned([one.tree for one in self._expressions()], vocabulary())
        by_field = {name: port for name in sorted(fields) if (port := port_of(name)) is not None}
        return by_field, {index: MEMBERS + index for index in sorted(indices)}


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The fields of the language; names of indices and sectors are no part of what bars know."""
    return Vocabulary(card_fields())


def port_of(field: str) -> str | None:
    """The data port that gives a stored field day by day; None where the bars hold it, or nothing gives it."""
    if field in BY_SESSION:
        return f"stored.{field}"
    card = CARDS.get(field)
    company = card is not None and card.group == "Company" and card.stored is not None
    return f"fundamentals.{field}" if company else None


def readable(text: str, want: ValueType = "flag") -> Expression:
    """An expression that bars and data ports decide.

    Raises
    ------
    ExpressionError : it is no expression.
    ValueError : it reads what neither gives; all of that is named.
    """
    expression = compiled(text, vocabulary(), want)
    fields, _ = mentioned([expression.tree], vocabulary())
    unread = sorted(name for name in fields - IN_BARS if port_of(name) is None)
    if unread:
        raise ValueError("; ".join(f"{name} cannot be read by a strategy: {NOT_BY_DAY[name]}" for name in unread))
    return expression


def _spread(rows: Rows, values: B1, bars: Bars) -> B2:
    out = np.zeros(bars.shape, np.bool_)
    out[rows.days, rows.columns] = values
    return out


def _weights(bars: Bars, matched: B2, rank: F2 | None, rebalance: Rebalance, names: int) -> Weights:
    """Equal parts of the first `names` at each rebalance; without a rank in the order of the keys."""
    target = np.full(bars.shape, np.nan)
    for t in np.flatnonzero(month_ends(bars) if rebalance == "monthly" else _week_begins(bars)):
        held = np.flatnonzero(matched[t])
        if names and len(held) > names:
            order = np.argsort(-rank[t, held], kind="stable") if rank is not None else np.arange(len(held))
            held = held[order[:names]]
        target[t] = 0.0
        target[t, held] = 1.0 / max(len(held), 1)
    return Weights(target, rank)


def _week_begins(bars: Bars) -> B1:
    """Bars that are the first of their week, [T]: known at the bar itself."""
    weeks = (bars.sessions.astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    out = np.ones(len(weeks), np.bool_)
    out[1:] = weeks[1:] != weeks[:-1]
    return out


__all__ = [
    "ExpressionError",
    "ScreenParams",
    "ScreenStrategy",
    "hold_param",
    "names_param",
    "port_of",
    "readable",
    "stop_param",
]
