"""Event strategies: `on_bar(context)` after each close, orders by name, the same core.

The core is asked to run ahead until something happens to the account; until then nothing a strategy can see changes but
the prices. Where the strategy gives an order before that, the account goes back to the bar of the order and on from
there, so that the fills are those of a run bar by bar (a test compares the two).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
from numba import njit, typeof
from numpy.typing import NDArray

from app.engines.backtest.account import TRAILING, Account, in_one_piece, slot_of, under_guard, whole_shares
from app.engines.backtest.checks import MOST_BARS, MOST_WEIGHT, is_bars
from app.engines.backtest.context import Context
from app.engines.backtest.core import Log, Market, Orders, Rules
from app.engines.backtest.fills import DECISIONS, SEQUENCE
from app.engines.backtest.guardrails import SCALINGS, scaled
from app.engines.backtest.loop import Curves, Decisions, give_order, run_bars
from app.engines.backtest.orders import Kind, Side, Why
from app.engines.kernels import kernel

if TYPE_CHECKING:
    from app.engines.bars import Bars

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
U1 = NDArray[np.uint64]

FIRST_AHEAD: Final = 512  # bars: they take the core no longer than being called does
LEAST_AHEAD: Final = 4
MOST_AHEAD: Final = 8192
ASKED: Final = 16  # columns of an order, see `place`
ORDERS_A_BAR: Final = 64  # of one book and instrument; more is a strategy gone wild


@njit(cache=True, nogil=True)
def _protect(account: Account, slot: int, stop: float, target: float, trail: float, close: float) -> None:
    if not np.isnan(stop):
        account.stop[slot] = stop
        account.guard[slot] &= ~TRAILING
    if not np.isnan(target):
        account.target[slot] = target
    if not np.isnan(trail):
        account.trail[slot] = trail
        account.best[slot] = close
    under_guard(account, slot)


@kernel()
def place(orders: Orders, market: Market, books: U1, t: int, book: int, product: int, asked: F2) -> None:
    """Put orders at rest that are decided at bar t and may fill from the next one on.

    A row of `asked` [K, 16] is an order: column, side, kind, why, closing, quantity, budget, rank, limit, trigger,
    stop, target, trail, hold, expires, oco. Prices are raw rupees. Otherwise equal orders get ids of their own.
    """
    for k in range(len(asked)):
        column, side, kind = int(asked[k, 0]), int(asked[k, 1]), int(asked[k, 2])
        sequence, i = 0, orders.size[0] - 1
        while i >= 0 and orders.rows[i]["decided"] == t:  # those of this bar stand last
            same = orders.rows[i]["book"] == book and orders.rows[i]["column"] == column
            if same and orders.rows[i]["side"] == side and orders.rows[i]["kind"] == kind:
                sequence += 1
            i -= 1
        i = give_order(
            orders, market, books, t, book, column, product, side, kind, int(asked[k, 3]), int(asked[k, 4]),
            asked[k, 5], asked[k, 6], asked[k, 7], t + 1, sequence,
        )  # fmt: skip
        row = orders.rows[i]
        row["limit"], row["trigger"], row["stop"] = asked[k, 8], asked[k, 9], asked[k, 10]
        row["target"], row["trail"] = asked[k, 11], asked[k, 12]
        row["hold"], row["expires"] = int(asked[k, 13]), int(asked[k, 14])
        if asked[k, 15] > 0.0:
            row["oco"] = (int(asked[k, 15]) << 8) + book + 1


class EventRun:
    """A run with event strategies in it: the arrays of the core, and where in the bars it stands.

    Parameters
    ----------
    bars : in the order of their keys
    account, orders, log, curves : of the run; all but the account are changed in place. `grow` answers a larger log
    names : of the books, for messages
    """

    def __init__(
        self, bars: Bars, market: Market, decisions: Decisions, rules: Rules, account: Account, orders: Orders,
        log: Log, curves: Curves, grow: Any, names: Sequence[str],
    ) -> None:  # fmt: skip
        self.names = names
        self.bars, self.market, self.decisions, self.rules = bars, market, decisions, rules
        self.orders, self.log, self.curves = orders, log, curves
        self._memory, self.account = in_one_piece(account)  # so that going back is one copy
        self._kept_memory, self._kept = in_one_piece(account)
        self._grow = grow
        self.fields = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        self._done = 0  # the core has done the bars before this one
        self._saved: tuple[Any, ...] | None = None  # the account, orders and log before bar _saved_at
        self._saved_at = -1
        self._ahead = FIRST_AHEAD
        self._shown = 0
        self._core: Any = None

    # ---- the loop

    def play(self, strategies: Sequence[tuple[Any, Context]], start: int) -> None:
        """Ask each strategy after every bar from `start` on."""
        count = len(self.bars.sessions)
        self._done = start
        callbacks = [(strategy.on_bar, context) for strategy, context in strategies]
        for strategy, context in strategies:
            context.t = start
            strategy.start(context)
        t = start
        while t < count:
            if self._done <= t:
                self._look_ahead(count)
            t = self._ask(callbacks, t)

    def _ask(self, callbacks: Sequence[tuple[Any, Context]], t: int) -> int:
        """Ask about the bars from t on that the core has done, until an order takes it back; the next bar to ask about.

        Before the last bar done nothing but prices changes: only there does a strategy see another account.
        """
        done, context = self._done, callbacks[0][1]
        try:
            if len(callbacks) == 1:
                on_bar = callbacks[0][0]
                for bar in range(t, done - 1):
                    context.t = bar
                    on_bar(context)
                    if self._done != done:
                        return bar + 1
            else:
                for bar in range(t, done - 1):
                    for on_bar, context in callbacks:
                        context.t = bar
                        on_bar(context)
                    if self._done != done:
                        return bar + 1
            self._saved = None
            if self.log.used[SEQUENCE] != self._shown:
                self._shown = int(self.log.used[SEQUENCE])
                self._show([context for _, context in callbacks])
            for on_bar, context in callbacks:
                context.t = done - 1
                on_bar(context)
        except Exception as error:
            raise self._stopped(context, error) from error
        return done

    def _stopped(self, context: Context, error: Exception) -> ValueError:
        said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return ValueError(f"strategy {self.names[context._book]} stopped at {self.bars.sessions[context.t]}: {said}")

    def _look_ahead(self, count: int) -> None:
        """Have the core do the next bars, as far as nothing happens but not farther than it would pay to go back."""
        end = min(count, self._done + self._ahead)
        self._save()
        self._run_on(end)
        self._ahead = min(MOST_AHEAD, 2 * self._ahead) if self._done == end else FIRST_AHEAD

    def _save(self) -> None:
        self._kept_memory[:] = self._memory
        self._saved = (self._kept, self.orders.rows[: self.orders.size[0]].copy(), self.log.used.copy())
        self._saved_at = self._done

    def _run_on(self, end: int) -> None:
        if self._core is None:
            state = (self.market, self.decisions, self.account, self.orders, self.rules, self.log, self.curves)
            # its machine code for these types: to work out those of some hundred and fifty arrays at every call took
            # three times as long as the bars; a larger log has the types of a smaller one
            types = tuple(typeof(each) for each in (self._done, end, *state, True))  # type: ignore[no-untyped-call]
            self._core = cast(Any, run_bars).compile(types)
        while True:
            after = self._core(
                self._done, end, self.market, self.decisions, self.account, self.orders, self.rules, self.log,
                self.curves, True,
            )  # fmt: skip
            if after > self._done:
                self._done = after
                return
            self.log = self._grow(self.log)

    def _rewind(self, t: int) -> None:
        """Bring the core to just after bar t, before anything is changed at it."""
        if self._done == t + 1:
            return
        if self._saved is None or not self._saved_at <= t < self._done:
            raise RuntimeError(f"bar {t} cannot be gone back to")
        _, rows, used = self._saved
        self._memory[:] = self._kept_memory
        self.orders.rows[: len(rows)] = rows
        self.orders.size[0] = len(rows)
        self.log.used[...] = used
        self._ahead = max(LEAST_AHEAD, min(FIRST_AHEAD, 2 * (t + 1 - self._saved_at)))
        self._done, self._saved = self._saved_at, None
        while self._done <= t:
            self._run_on(t + 1)

    def _show(self, contexts: Sequence[Context]) -> None:
        """Let the strategies see the positions after the last bar done."""
        columns, products = self.bars.shape[1], self.account.products
        for context in contexts:
            first = slot_of(self.account, context._book, 0, int(self.decisions.product[context._book]))
            context.positions = self.account.quantity[first : first + columns * products : products].tolist()

    # ---- what contexts ask

    def cash_at(self, t: int) -> float:
        return float(self.curves.cash[t])

    def equity_at(self, t: int) -> float:
        return float(self.curves.equity[t])

    def average(self, book: int, n: int, t: int) -> float:
        self._rewind(t)
        slot = slot_of(self.account, book, n, int(self.decisions.product[book]))
        held = self.account.quantity[slot]
        return float(self.account.cost[slot] / abs(held) * self.bars.factor[t, n]) if held else float("nan")

    def resting(self, book: int, n: int, t: int) -> int:
        self._rewind(t)
        rows = self.orders.rows[: self.orders.size[0]]
        return int(((rows["book"] == book) & (rows["column"] == n)).sum())

    # ---- what contexts do

    def enter(
        self, book: int, n: int, side: int, t: int, *, quantity: float | None = None, budget: float | None = None,
        limit: float | None = None, trigger: float | None = None, stop: float = np.nan, target: float = np.nan,
        trail: float = np.nan, valid: int | None = 1, hold: int = 0, at: Literal["open", "close"] = "open",
        oco: int = 0, rank: float = np.nan,
    ) -> None:  # fmt: skip
        """Give an entry. NaN is no value of a size or of an order's price: it is refused, never taken for none.

        Parameters
        ----------
        quantity : shares; None = what `budget` pays for
        budget : rupees, charges included; None = the book's equity divided by the slots of the spec's sizing
        limit, trigger : prices; neither = at the market
        stop, target, trail : of the position it opens; NaN = none
        valid : bars a limit or stop entry stays; None = until it is cancelled
        hold : bars the position is held at most; 0 = without end
        at : "open" or "close" of the next bar, for market orders
        oco : a number of your own above 0: orders with the same one cancel each other
        rank : higher is served first where cash is scarce

        Raises
        ------
        ValueError : a value that no order can have, named; an instrument that is no member is left alone silently.
        """
        self._usable(n, stop=stop, target=target)
        self._known(quantity=quantity, budget=budget, limit=limit, trigger=trigger)
        if at not in ("open", "close"):
            raise ValueError(f"at: expected open or close, got {at!r}")
        if t + 1 >= len(self.bars.sessions) or not self.bars.member[t, n]:
            return
        self._rewind(t)
        if budget is None:
            budget = self.decisions.value
            if np.isnan(budget):
                budget = self.decisions.allocation[book] * self.curves.equity[t] / self.decisions.slots[t]
        if quantity is None:
            quantity = self.decisions.quantity
        self._give(
            book, n, side, self._kind(limit, trigger, at), Why.SIGNAL, 0, quantity, budget, rank, t, _or_nan(limit),
            _or_nan(trigger), stop, target, trail, hold, valid, oco,
        )  # fmt: skip

    def enter_each(
        self, book: int, columns: I1, t: int, quantity: F1, trigger: F1, stop: F1, valid: int | None
    ) -> None:  # fmt: skip
        """Give a buy stop for each of `columns` [K], as `enter` does one after another; other arrays are [K], too."""
        self._usable(int(columns.min(initial=0)))
        self._usable(int(columns.max(initial=0)))
        for name, values in (("quantity", quantity), ("trigger", trigger), ("stop", stop)):
            wrong = (values <= 0.0) | np.isinf(values)
            if wrong.any():
                raise ValueError(f"{name}: expected a number above 0, got {values[wrong][0]}")
        if np.isnan(trigger).any() or np.isnan(quantity).any():
            raise ValueError("trigger and quantity: expected a number for each order")
        _check_bars("valid", valid, 1)
        member = self.bars.member[t, columns]
        if t + 1 >= len(self.bars.sessions) or not member.any():
            return
        self._rewind(t)
        n, factor = columns[member], self.bars.factor[t, columns[member]]
        asked = np.full((n.size, ASKED), np.nan)
        asked[:, 0], asked[:, 1], asked[:, 2], asked[:, 3], asked[:, 4] = n, Side.BUY, Kind.STOP, Why.SIGNAL, 0
        asked[:, 5], asked[:, 9], asked[:, 10] = quantity[member], trigger[member] / factor, stop[member] / factor
        asked[:, 13], asked[:, 14], asked[:, 15] = 0, -1 if valid is None else t + valid, 0
        self._place(t, book, asked)

    def leave(
        self, book: int, n: int, t: int, *, quantity: float | None = None, limit: float | None = None,
        trigger: float | None = None, valid: int | None = None, at: Literal["open", "close"] = "open", oco: int = 0,
    ) -> None:  # fmt: skip
        """Give an exit of all that is held, or of `quantity` shares; without a position nothing is given."""
        self._usable(n)
        self._known(quantity=quantity, limit=limit, trigger=trigger)
        self._rewind(t)
        slot = slot_of(self.account, book, n, int(self.decisions.product[book]))
        held = self.account.quantity[slot]
        if held == 0.0 or t + 1 >= len(self.bars.sessions):
            return
        side, kind = Side.SELL if held > 0.0 else Side.BUY, self._kind(limit, trigger, at)
        if kind == Kind.MARKET and self._market_exit_rests(book, n):
            return
        amount = abs(held) if quantity is None else float(quantity)
        self._give(
            book, n, side, kind, Why.SIGNAL, 1, amount, np.nan, np.nan, t, _or_nan(limit), _or_nan(trigger),
            valid=valid, oco=oco,
        )  # fmt: skip

    def protect(self, book: int, n: int, t: int, stop: float, target: float, trail: float) -> None:
        self._usable(n, stop=stop, target=target)
        self._rewind(t)
        slot = slot_of(self.account, book, n, int(self.decisions.product[book]))
        if self.account.quantity[slot] == 0.0:
            return
        factor = self.bars.factor[t, n]
        _protect(self.account, slot, stop / factor, target / factor, trail, self.market.close[t, n])

    def cancel(self, book: int, n: int | None, t: int) -> None:
        self._rewind(t)
        rows = self.orders.rows[: self.orders.size[0]]
        kept = (rows["book"] != book) | ((rows["column"] != n) if n is not None else False)
        left = rows[kept].copy()
        self.orders.rows[: len(left)] = left
        self.orders.size[0] = len(left)

    def rebalance(self, book: int, t: int, weights: dict[int, float]) -> None:
        for n, weight in weights.items():
            self._usable(n)
            if not math.isfinite(weight):
                raise ValueError(f"weights: expected a number for {self.bars.symbols[n]}, got {weight}")
            if abs(weight) > MOST_WEIGHT:
                most = f"a fraction of the equity, {MOST_WEIGHT:g} times of it at most"
                raise ValueError(f"weights: expected {most}, for {self.bars.symbols[n]}, got {weight}")
        self._rewind(t)
        if t + 1 >= len(self.bars.sessions):
            return
        total = self.decisions.allocation[book] * self.curves.equity[t]
        product, count = int(self.decisions.product[book]), self.bars.shape[1]
        asked = [weights.get(n, 0.0) if self.bars.member[t, n] else 0.0 for n in range(count)]
        values = np.array(asked, np.float64) * total
        if self.rules.policy.active:
            values = self._scaled(book, t, values)
        for n, weight in enumerate(asked):
            held = self.account.quantity[slot_of(self.account, book, n, product)]
            price = self.market.close[t, n]
            if (weight == 0.0 and held == 0.0) or (np.isnan(price) and weight != 0.0):
                continue
            wanted = 0.0 if weight == 0.0 else float(values[n]) / price
            if not self.rules.fractional:
                wanted = whole_shares(wanted)
            if held and (wanted - held) * held < 0.0:
                side = Side.SELL if held > 0.0 else Side.BUY
                less = min(abs(wanted - held), abs(held))
                self._give(book, n, side, Kind.MARKET, Why.REBALANCE, 1, less, np.nan, np.nan, t)
                held = held - (less if held > 0.0 else -less)
            if (wanted - held) * wanted > 0.0:
                side = Side.BUY if wanted > held else Side.SELL
                self._give(book, n, side, Kind.MARKET, Why.REBALANCE, 0, abs(wanted - held), np.nan, np.nan, t)

    def _scaled(self, book: int, t: int, values: F1) -> F1:
        """What the policy leaves of the rupees [N] that a book wants to hold."""
        while self.log.used[DECISIONS] + SCALINGS > self.log.decisions.size:
            self.log = self._grow(self.log)
        asked = np.arange(len(self.names)) == book
        targets = np.where(asked[:, None], values, 0.0)
        equity = self.curves.equity[t]
        scaled(t, equity, False, asked, targets, self.market, self.account, self.orders, self.rules, self.log)
        left: F1 = targets[book]
        return left

    def _usable(self, n: int, **values: float | None) -> None:
        if not 0 <= n < self.bars.shape[1]:
            raise ValueError(f"n: expected a column from 0 to {self.bars.shape[1] - 1}, got {n}")
        for name, value in values.items():
            if value is not None and (value <= 0.0 or math.isinf(value)):
                raise ValueError(f"{name}: expected a number above 0, got {value}")

    @staticmethod
    def _known(**values: float | None) -> None:
        for name, value in values.items():
            if value is not None and not (value > 0.0 and math.isfinite(value)):
                raise ValueError(f"{name}: expected a number above 0, got {value}")

    @staticmethod
    def _kind(limit: float | None, trigger: float | None, at: str) -> int:
        if limit is None and trigger is None:
            return Kind.CLOSE if at == "close" else Kind.MARKET
        if trigger is None:
            return Kind.LIMIT
        return Kind.STOP if limit is None else Kind.STOP_LIMIT

    def _market_exit_rests(self, book: int, n: int) -> bool:
        rows = self.orders.rows[: self.orders.size[0]]
        same = (rows["book"] == book) & (rows["column"] == n) & (rows["closing"] == 1)
        return bool((same & (rows["kind"] == Kind.MARKET)).any())

    def _give(
        self, book: int, n: int, side: int, kind: int, why: int, closing: int, quantity: float, budget: float,
        rank: float, t: int, limit: float = np.nan, trigger: float = np.nan, stop: float = np.nan,
        target: float = np.nan, trail: float = np.nan, hold: int = 0, valid: int | None = None, oco: int = 0,
    ) -> None:  # fmt: skip
        expires = -1
        _check_bars("hold", hold, 0)
        _check_bars("valid", valid, 1 if kind in (Kind.LIMIT, Kind.STOP, Kind.STOP_LIMIT) else 0)
        if valid is not None and kind in (Kind.LIMIT, Kind.STOP, Kind.STOP_LIMIT):
            expires = t + valid
        factor = float(self.bars.factor[t, n])
        levels = (limit / factor, trigger / factor, stop / factor, target / factor, trail)
        self._place(t, book, [(n, side, kind, why, closing, quantity, budget, rank, *levels, hold, expires, oco)])

    def _place(self, t: int, book: int, asked: Any) -> None:
        """Put orders at rest: a row each, see the columns of `place`."""
        rows = np.array(asked, np.float64)
        if self.orders.size[0] + len(rows) > self.orders.rows.size:
            raise ValueError(
                f"more than {self.orders.rows.size} orders rest at bar {t}: the strategy only adds to them"
            )
        place(self.orders, self.market, self.decisions.books, t, book, int(self.decisions.product[book]), rows)


def _or_nan(price: float | None) -> float:
    return math.nan if price is None else price


def _check_bars(name: str, value: object, least: int) -> None:
    if isinstance(value, float | np.integer) and value == value // 1:
        value = int(value)
    if value is not None and not is_bars(value, least):
        raise ValueError(f"{name}: expected {least} or more bars, up to {MOST_BARS}, got {value!r}")


def capacity(books: int, instruments: int) -> int:
    """How many orders may rest at once."""
    return books * instruments * ORDERS_A_BAR
