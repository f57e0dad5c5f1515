"""The account as arrays: cash, positions keyed by (book, instrument, product), and what protects each of them.

Everything is changed in place by the core. Copied, an account with its resting orders is a checkpoint from which a run
goes on to the same bytes.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel
from app.engines.policy.correlation import WINDOW

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

NEAR: Final = 1e-6  # shares: 9.9999999 after a chain of factors is ten
UNSETTLED, BLOCKED, INSIDE = 0, 1, 2  # cells of Account.locked
SESSION, NOTE, GUARDED = 0, 1, 2  # cells of Account.clock
GUARD, TRAILING, TRIGGERED, ENDING, TOLD = 1, 2, 4, 8, 16  # bits of Account.guard
# cells of Account.watch: equity at the previous session's close, its peak over sessions, and at the last mark; then
# flags: the daily stop was reached; State; State by drawdown alone; positions are to be ended; the daily stop was
# reached since the session began, for the next one; what was said of the stop; exposure beyond its cap was said
BASE, PEAK, NOW, LATCH, LEVEL, BY_DRAWDOWN, FLAT, NEXT, SAID, BEYOND = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
SESSIONS, FIRST_FILL, FIRST_EVENT, COMMON = 0, 1, 2, 3  # cells of Account.seen


class Account(NamedTuple):
    """Cash, and positions keyed by (book, instrument, product).

    The slot of a position is (book · instruments + column) · products + product. A short position has a negative
    quantity; the cash of its sale and as much again are blocked until it is covered.
    """

    instruments: int
    products: int
    book: I1  # shape [slots], of each slot: a look-up is cheaper than a division
    column: I1  # shape [slots]
    cash: F1  # shape [1], rupees
    quantity: F1  # shape [slots], shares
    cost: F1  # shape [slots], rupees paid (or, short, received) for the shares held, before charges
    mark: F1  # shape [slots], rupees: last raw close of a held instrument
    held: I1  # shape [slots]; the first held_count are the slots with shares, ascending: the order of every sum
    held_count: I1  # shape [1]
    locked: F1  # shape [3], rupees not to be spent: of sales not settled, behind shorts, of exits inside this bar
    clock: I1  # shape [3]: session of the last bar, first fill not on a contract note yet, slots under guard
    margin: F1  # shape [slots], rupees blocked behind a short
    stop: F1  # shape [slots], raw rupees; NaN = none
    target: F1  # shape [slots], raw rupees; NaN = none
    trail: F1  # shape [slots], fraction; NaN = none
    best: F1  # shape [slots], highest close (short: lowest) since the decision; moves the trailing stop
    until: I1  # shape [slots], bar at whose open a time exit falls due; -1 = none
    entered: I1  # shape [slots], bar of the last entry
    decided: I1  # shape [slots], bar at whose close that entry was decided
    opened: I1  # shape [slots], session of the last entry: what trade-for-trade forbids to sell
    guard: I1  # shape [slots], bits: the core has to look at it each bar; its stop trails; it was entered by a trigger;
    # the policy ends it; that it had no bar to be ended in was said
    watch: F1  # shape [10], what the policy remembers
    seen: I1  # shape [4]: sessions watched; first fill and event of this one; sessions the correlations rest on
    book_returns: (
        F2  # shape [WINDOW, B], of the last sessions, over the account's equity; NaN = the book was not active
    )
    book_value: F1  # shape [B], rupees held at the last session's close
    book_share: F1  # shape [B], what its correlation with the others leaves of a book's limit


def new_account(capital: float, books: int, instruments: int, products: int) -> Account:
    """An account with cash and no position."""
    slots = books * instruments * products
    book, column, _ = np.unravel_index(np.arange(slots), (books, instruments, products))

    def none() -> F1:
        return np.full(slots, np.nan)

    def never() -> I1:
        return np.full(slots, -1, np.int64)

    return Account(
        instruments=instruments,
        products=products,
        book=book.astype(np.int64),
        column=column.astype(np.int64),
        cash=np.array([capital]),
        quantity=np.zeros(slots),
        cost=np.zeros(slots),
        mark=np.zeros(slots),
        held=np.zeros(slots, np.int64),
        held_count=np.zeros(1, np.int64),
        locked=np.zeros(3),
        clock=np.array([-1, 0, 0]),
        margin=np.zeros(slots),
        stop=none(),
        target=none(),
        trail=none(),
        best=none(),
        until=never(),
        entered=never(),
        decided=never(),
        opened=never(),
        guard=np.zeros(slots, np.int64),
        watch=np.array([capital, capital, capital, *[0.0] * 7]),
        seen=np.zeros(4, np.int64),
        book_returns=np.full((WINDOW, books), np.nan),
        book_value=np.zeros(books),
        book_share=np.ones(books),
    )


def in_one_piece(account: Account) -> tuple[F1, Account]:
    """A copy of an account whose arrays lie one after another in one block of memory, and that block."""
    arrays = [part for part in account if isinstance(part, np.ndarray)]  # of eight bytes a value, all of them
    memory = np.empty(sum(part.size for part in arrays))
    parts: list[Any] = []
    at = 0
    for part in account:
        if isinstance(part, np.ndarray):
            room = memory[at : at + part.size].view(part.dtype).reshape(part.shape)
            room[...] = part
            at += part.size
            parts.append(room)
        else:
            parts.append(part)
    return memory, Account(*parts)


@kernel(forceinline=True)
def slot_of(account: Account, book: int, column: int, product: int) -> int:
    return (book * account.instruments + column) * account.products + product


@kernel(forceinline=True)
def _place(account: Account, slot: int) -> int:
    """How many held slots come before this one."""
    low, high = 0, account.held_count[0]
    while low < high:
        middle = (low + high) >> 1
        if account.held[middle] < slot:
            low = middle + 1
        else:
            high = middle
    return low


@kernel(forceinline=True)
def hold(account: Account, slot: int) -> None:
    """Put a slot among the held ones, keeping them ascending."""
    place = _place(account, slot)
    for i in range(account.held_count[0], place, -1):
        account.held[i] = account.held[i - 1]
    account.held[place] = slot
    account.held_count[0] += 1


@kernel(forceinline=True)
def release(account: Account, slot: int) -> None:
    """Take a slot from the held ones, with all that protected it."""
    account.held_count[0] -= 1
    for i in range(_place(account, slot), account.held_count[0]):
        account.held[i] = account.held[i + 1]
    account.locked[BLOCKED] -= account.margin[slot]
    if account.guard[slot] & GUARD:
        account.clock[GUARDED] -= 1
    account.quantity[slot] = account.cost[slot] = account.mark[slot] = account.margin[slot] = 0.0
    account.stop[slot] = account.target[slot] = account.trail[slot] = account.best[slot] = np.nan
    account.until[slot] = -1
    account.guard[slot] = 0


@kernel(forceinline=True)
def under_guard(account: Account, slot: int) -> None:
    """Have the core look at a held slot each bar."""
    if not account.guard[slot] & GUARD:
        account.guard[slot] |= GUARD
        account.clock[GUARDED] += 1


@kernel(forceinline=True)
def whole_shares(quantity: float) -> float:
    """The whole shares in a quantity of either sign, towards zero; a millionth below a whole one is that one."""
    size = abs(quantity)
    nearest: float = np.floor(size + 0.5)
    below: float = np.floor(size)
    shares = nearest if abs(size - nearest) < NEAR else below
    return shares if quantity >= 0.0 else -shares
