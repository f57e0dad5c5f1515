"""What an event strategy sees after each close, and how it gives orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.orders import Side

if TYPE_CHECKING:
    from app.engines.backtest.event import EventRun
    from app.engines.bars import Bars

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
Field = Literal["open", "high", "low", "close", "volume"]


class Context:
    """What a strategy sees after a close, and how it gives orders.

    Prices are forward-anchored, as `bars.close` is, going in and out; quantities are shares of the day, money is
    rupees. `n` is a column of `symbols`. Orders are decided at this close and fill from the next bar on.

    Attributes
    ----------
    t : index of the bar; `params` : of the strategy; `symbols` : N names; `state` : yours to keep things in
    positions : quantity by column, below zero when short
    """

    def __init__(self, run: EventRun, book: int, params: Any) -> None:
        self._run, self._book = run, book
        self.params = params
        self.symbols = run.bars.symbols
        self.state: dict[str, Any] = {}
        self.t = 0
        self.positions: list[float] = [0.0] * len(run.bars.symbols)

    # ---- what is known

    @property
    def session(self) -> np.datetime64:
        """The bar's session, or its time in the exchange's clock."""
        return np.datetime64(self._run.bars.sessions[self.t])

    @property
    def cash(self) -> float:
        """Rupees of the account after this close."""
        return self._run.cash_at(self.t)

    @property
    def equity(self) -> float:
        """Rupees of the account at this close."""
        return self._run.equity_at(self.t)

    @property
    def book_equity(self) -> float:
        """Rupees of the account at this close that are this strategy's by its allocation."""
        return float(self._run.decisions.allocation[self._book] * self._run.equity_at(self.t))

    def price(self, n: int = 0, field: Field = "close") -> float:
        """A price (or the volume) of this bar; NaN where the instrument did not trade."""
        return float(self._run.fields[field][self.t, n])

    def history(self, bars: int, n: int = 0, field: Field = "close") -> F1:
        """The last `bars` values up to this bar, fewer at the beginning; a copy."""
        values: F1 = self._run.fields[field][max(0, self.t + 1 - bars) : self.t + 1, n].copy()
        return values

    def panel(self, bars: int, field: Field = "close") -> NDArray[np.float64]:
        """The last `bars` values of all instruments, [bars, N], fewer at the beginning; a copy."""
        values: NDArray[np.float64] = self._run.fields[field][max(0, self.t + 1 - bars) : self.t + 1].copy()
        return values

    def gaps(self, bars: int) -> NDArray[np.bool_]:
        """Whether history is missing just before each of the last `bars` bars, [bars, N], fewer at the beginning."""
        values: NDArray[np.bool_] = self._run.bars.gap[max(0, self.t + 1 - bars) : self.t + 1].copy()
        return values

    def factor(self, n: int = 0) -> float:
        """Forward-anchored price over the price as traded, at this bar: shares of today for one of the first bar."""
        return float(self._run.bars.factor[self.t, n])

    def factors(self) -> F1:
        """`factor` of all instruments; a copy."""
        values: F1 = self._run.bars.factor[self.t].copy()
        return values

    def members(self) -> NDArray[np.bool_]:
        """`is_member` of all instruments; a copy."""
        values: NDArray[np.bool_] = self._run.bars.member[self.t].copy()
        return values

    def bars(self) -> Bars:
        """All bars up to this one."""
        return self._run.bars.up_to(self.t + 1)

    def is_member(self, n: int = 0) -> bool:
        """Whether the instrument belongs to the universe in this session."""
        return bool(self._run.bars.member[self.t, n])

    def entry_price(self, n: int = 0) -> float:
        """Average entry price of the position, forward-anchored; NaN without one."""
        return self._run.average(self._book, n, self.t)

    def resting(self, n: int = 0) -> int:
        """How many orders of this strategy rest in an instrument."""
        return self._run.resting(self._book, n, self.t)

    # ---- orders

    def buy(self, n: int = 0, **order: Any) -> None:
        """Open or enlarge a long position: see `EventRun.enter` for what an order can say."""
        self._run.enter(self._book, n, Side.BUY, self.t, **order)

    def buy_stops(self, columns: I1, *, quantity: F1, trigger: F1, stop: F1, valid: int | None = 1) -> None:
        """`buy(n, quantity=…, trigger=…, stop=…)` for many at once: arrays of one length, NaN stops for none."""
        self._run.enter_each(self._book, columns, self.t, quantity, trigger, stop, valid)

    def sell_short(self, n: int = 0, **order: Any) -> None:
        """Open or enlarge a short position, where the product allows it."""
        self._run.enter(self._book, n, Side.SELL, self.t, **order)

    def exit(self, n: int = 0, **order: Any) -> None:
        """Close a position, or part of it: see `EventRun.leave`."""
        self._run.leave(self._book, n, self.t, **order)

    def protect(self, n: int = 0, *, stop: float = np.nan, target: float = np.nan, trail: float = np.nan) -> None:
        """Set the stop, the target or the trailing stop of a position, effective from the next bar."""
        self._run.protect(self._book, n, self.t, stop, target, trail)

    def cancel(self, n: int | None = None) -> None:
        """Take back the resting orders in an instrument, or all of them."""
        self._run.cancel(self._book, n, self.t)

    def rebalance(self, weights: dict[int, float]) -> None:
        """Orders to hold these fractions of the book's equity and nothing else."""
        self._run.rebalance(self._book, self.t, weights)
