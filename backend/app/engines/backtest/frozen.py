"""Holdings that could not be sold: of instruments that no longer trade, kept at the last price they had.

Nothing here changes what the core did. It looks at the account after the last bar: what is held of an instrument that
has stopped trading is counted beside the equity it is a part of, and the exits that waited for a bar that never came
are refused, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import Account
from app.engines.backtest.core import Market, Orders, Rules
from app.engines.backtest.orders import REJECTION, Kind, Records, Refusal, Side, Why, intent_id
from app.engines.backtest.result import STALE, Columns, Fate, times
from app.engines.backtest.spec import RunSpec
from app.engines.bars import Bars

F1 = NDArray[np.float64]

NAMED: Final = 10  # holdings named in the warning
GUARD_INTENTS: Final = 64  # sequence of an exit that no order asked for, as in `fills.guard_intent`


@dataclass(frozen=True)
class Frozen:
    """A holding that could not be sold at the end of a run."""

    slot: int
    book: int
    column: int
    product: int
    quantity: float  # shares, below zero when short
    price: float  # rupees, its last mark
    last_bar: int  # of the slice, in which it last traded
    reason: Refusal
    since: str  # ISO date of the fate; of NO_TRADE_SINCE the last session it traded in

    @property
    def value(self) -> float:
        """Its part of the equity, rupees; below zero when short."""
        return self.quantity * self.price


def frozen_holdings(bars: Bars, account: Account, fates: Mapping[str, Fate]) -> tuple[Frozen, ...]:
    """What is held and can no longer be sold, the largest first; `fates` by instrument key.

    A holding is frozen when its instrument has no trade in the last session and either a fate, or none in the last
    STALE sessions: a stock that merely missed a day is not.
    """
    found, last_close = [], bars.dealt.close[-1]
    for slot in account.held[: account.held_count[0]].tolist():
        column = int(account.column[slot])
        if not np.isnan(last_close[column]):
            continue  # it traded to the end
        traded = np.flatnonzero(~np.isnan(bars.dealt.close[:, column]))
        if not traded.size:
            continue  # a holding was bought at some bar
        last = int(traded[-1])
        missed = int(bars.session[-1] - bars.session[last])
        fate = fates.get(bars.keys[column])
        if missed == 0 or (fate is None and missed < STALE):
            continue
        since = str(bars.sessions[last].astype("datetime64[D]"))
        found.append(
            Frozen(
                slot=slot,
                book=int(account.book[slot]),
                column=column,
                product=slot % account.products,
                quantity=float(account.quantity[slot]),
                price=float(account.mark[slot]),
                last_bar=last,
                reason=Refusal.NO_TRADE_SINCE if fate is None else Refusal[fate.reason],
                since=since if fate is None else fate.since,
            )
        )
    return tuple(sorted(found, key=lambda holding: (-abs(holding.value), holding.slot)))


def stuck_exits(
    bars: Bars, market: Market, account: Account, orders: Orders, rules: Rules, frozen: Sequence[Frozen], sequence: int
) -> Records:
    """The exits of frozen holdings that waited for a bar in vain, REJECTION, each once at the first bar it had none.

    They are the orders still at rest and the time exits that have fallen due. `sequence` numbers the first of them:
    that they are refused is known only when the run has ended.
    """
    rows = []
    for holding in frozen:
        side = Side.SELL if holding.quantity > 0.0 else Side.BUY
        first, size = holding.last_bar + 1, abs(holding.quantity)
        for order in orders.rows[: orders.size[0]]:
            place = (order["book"], order["column"], order["product"])
            if not order["closing"] or place != (holding.book, holding.column, holding.product):
                continue
            at, wanted = max(first, int(order["eligible"])), float(order["quantity"])
            if at < bars.shape[0]:
                rows.append(
                    (at, holding, side, order["intent"], int(order["decided"]), size if wanted != wanted else wanted)
                )
        due = int(account.until[holding.slot])
        if 0 <= due < bars.shape[0]:
            at = max(first, due)
            intent = intent_id(
                rules.books[holding.book], market.keys[holding.column], int(market.seconds[at]), int(side),
                int(Kind.STOP), GUARD_INTENTS + int(Why.TIME),
            )  # fmt: skip
            rows.append((at, holding, side, intent, int(account.decided[holding.slot]), size))
    rows.sort(key=lambda row: (row[0], row[1].slot, int(row[3])))
    refused = np.zeros(len(rows), REJECTION)
    for i, (at, holding, side, intent, decided, wanted) in enumerate(rows):
        values = {
            "sequence": sequence + i, "intent": intent, "bar": at, "book": holding.book, "column": holding.column,
            "product": holding.product, "side": side, "reason": holding.reason, "decided": decided, "wanted": wanted,
            "granted": 0.0,
        }  # fmt: skip
        for name, value in values.items():
            refused[name][i] = value
    return refused


def frozen_columns(frozen: Sequence[Frozen], refused: Records, spec: RunSpec, bars: Bars) -> Columns:
    """The frozen holdings, the largest first; `exit_refused_at`: when an exit first found no bar, None without one."""
    first: dict[tuple[int, int, int], int] = {}
    for row in refused:
        first.setdefault((int(row["book"]), int(row["column"]), int(row["product"])), int(row["bar"]))
    at = [first.get((f.book, f.column, f.product)) for f in frozen]
    return {
        "book": [spec.book_names[f.book] for f in frozen],
        "symbol": [bars.symbols[f.column] for f in frozen],
        "key": [bars.keys[f.column] for f in frozen],
        "quantity": [f.quantity for f in frozen],
        "last_price": [f.price for f in frozen],
        "last_traded": times(bars.sessions[[f.last_bar for f in frozen]]),
        "value": [f.value for f in frozen],
        "reason": [f.reason.name for f in frozen],
        "since": [f.since for f in frozen],
        "exit_refused_at": [None if bar is None else times(bars.sessions[[bar]])[0] for bar in at],
    }


def frozen_warning(frozen: Sequence[Frozen], bars: Bars, final_equity: float) -> list[str]:
    """The first of a run's warnings, naming the largest frozen holdings; none: nothing."""
    if not frozen:
        return []
    values = np.array([f.value for f in frozen])
    total = float(np.abs(values).sum())
    share = f" ({100.0 * total / final_equity:.2f} % of it)" if final_equity > 0.0 else ""
    named = "; ".join(_told(f, bars) for f in frozen[:NAMED])
    more = f"; and {len(frozen) - NAMED} more" if len(frozen) > NAMED else ""
    which = "1 holding that" if len(frozen) == 1 else f"{len(frozen)} holdings that"
    without = final_equity - float(values[values > 0.0].sum())
    return [
        f"FROZEN: {total:.2f} rupees of the final equity{share} are {which} could not be sold, at the last price each "
        f"had: {named}{more}. If those were worth nothing, the final equity would be {without:.2f} rupees."
    ]


def _told(holding: Frozen, bars: Bars) -> str:
    last = times(bars.sessions[[holding.last_bar]])[0]
    why = {
        Refusal.QUARANTINED: f"last price of {last}, QUARANTINED from {holding.since}",
        Refusal.DELISTED: f"last traded {last}, DELISTED: not in the exchange's list of {holding.since}",
    }.get(holding.reason, f"NO TRADE SINCE {last}")
    return f"{bars.symbols[holding.column]} {holding.value:.2f} ({why})"
