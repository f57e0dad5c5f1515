"""The log of a run as columns of plain values: codes by name, bars by time, intents in hex."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from app.engines.backtest.charges import COMPONENTS
from app.engines.backtest.orders import Event, Flag, Kind, Product, Records, Refusal, Side, Why
from app.engines.backtest.result import Columns, numbers, times
from app.engines.backtest.spec import RunSpec
from app.engines.backtest.trades import OPEN, SETTLED
from app.engines.bars import Bars
from app.engines.policy.decide import Outcome, Rule, State


def _names(codes: Records, words: type[IntEnum]) -> list[str]:
    by_code = {member.value: member.name for member in words}
    return [by_code[code] for code in codes.tolist()]


def _picked(indices: Records, values: Sequence[Any]) -> list[Any]:
    return [values[i] for i in indices.tolist()]


def _times(indices: Records, bars: Bars) -> list[str]:
    each, which = np.unique(indices, return_inverse=True)
    return _picked(which, times(bars.sessions[each]))


def _hex(intents: Records) -> list[str]:
    return [f"{intent:016x}" for intent in intents.tolist()]


def _floats(values: Records) -> list[float | None]:
    return numbers(np.ascontiguousarray(values))


def _who(rows: Records, spec: RunSpec, bars: Bars) -> Columns:
    return {
        "book": _picked(rows["book"], spec.book_names),
        "symbol": _picked(rows["column"], bars.symbols),
        "key": _picked(rows["column"], bars.keys),
        "product": _names(rows["product"], Product),
    }


def trade_columns(trades: Records, spec: RunSpec, bars: Bars) -> Columns:
    """The trades in order of entry; what an open one has not got yet is None."""
    reasons: dict[int, str | None] = {**{w.value: w.name for w in Why}, OPEN: None, SETTLED: "SETTLED_IN_CASH"}
    still_open = (trades["exit_why"] == OPEN).tolist()
    return {
        **_who(trades, spec, bars),
        "side": ["LONG" if side > 0 else "SHORT" for side in trades["side"].tolist()],
        "ambiguous": (trades["flags"] & Flag.AMBIGUOUS > 0).tolist(),
        "entry_at": _times(trades["entry_bar"], bars),
        "entry_price": _floats(trades["entry_price"]),
        "exit_at": [None if o else at for o, at in zip(still_open, _times(trades["exit_bar"], bars), strict=True)],
        # of a trade sold in part, the price of that part is in the fills; the trade itself has no exit yet
        "exit_price": [None if o else p for o, p in zip(still_open, _floats(trades["exit_price"]), strict=True)],
        "quantity": _floats(trades["quantity"]),
        "exit_quantity": _floats(trades["exit_quantity"]),
        "pnl": _floats(trades["pnl"]),
        "costs": _floats(trades["costs"]),
        "income": _floats(trades["income"]),
        "exit_reason": [reasons[why] for why in trades["exit_why"].tolist()],
        "entry_intent": _hex(trades["entry_intent"]),
        "exit_intent": [f"{i:016x}" if i else None for i in trades["exit_intent"].tolist()],
        "open": still_open,
    }


def fill_columns(fills: Records, components: Any, spec: RunSpec, bars: Bars) -> Columns:
    """The fills in the order they happened."""
    return {
        "sequence": fills["sequence"].tolist(),
        "intent": _hex(fills["intent"]),
        **_who(fills, spec, bars),
        "side": _names(fills["side"], Side),
        "kind": _names(fills["kind"], Kind),
        "reason": _names(fills["why"], Why),
        "decided_at": _times(fills["decided"], bars),
        "filled_at": _times(fills["bar"], bars),
        "quantity": _floats(fills["quantity"]),
        "reference_price": _floats(fills["reference"]),
        "price": _floats(fills["price"]),
        "cost": _floats(fills["cost"]),
        **{f"cost_{name}": _floats(components[: fills.size, i]) for i, name in enumerate(COMPONENTS)},
        "cash": _floats(fills["cash"]),
        "ambiguous": (fills["flags"] & Flag.AMBIGUOUS > 0).tolist(),
    }


def rejection_columns(rejections: Records, stuck: int, spec: RunSpec, bars: Bars) -> Columns:
    """What was refused (granted 0) or cut down, in the order it happened.

    The last `stuck` are exits that found no bar from `at` on `until` the end of the run; of the others `until` is None.
    """
    count, end = rejections.size, times(bars.sessions[-1:])[0]
    return {
        "sequence": rejections["sequence"].tolist(),
        "intent": _hex(rejections["intent"]),
        **_who(rejections, spec, bars),
        "side": _names(rejections["side"], Side),
        "reason": _names(rejections["reason"], Refusal),
        "decided_at": _times(rejections["decided"], bars),
        "at": _times(rejections["bar"], bars),
        "until": [*[None] * (count - stuck), *[end] * stuck],
        "wanted": _floats(rejections["wanted"]),
        "granted": _floats(rejections["granted"]),
    }


def event_columns(events: Records, spec: RunSpec, bars: Bars) -> Columns:
    """What ex-dates did to holdings, in the order it happened."""
    return {
        "sequence": events["sequence"].tolist(),
        **_who(events, spec, bars),
        "kind": _names(events["kind"], Event),
        "at": _times(events["bar"], bars),
        "quantity_before": _floats(events["before"]),
        "quantity_after": _floats(events["after"]),
        "price": _floats(events["price"]),
        "amount": _floats(events["amount"]),
    }


def decision_columns(decisions: Records, would_have_made: Any, spec: RunSpec, bars: Bars) -> Columns:
    """What the policy decided, in the order it happened.

    What it did with the targets of a book names no instrument, what was seen of the account itself no book either.
    """
    whole, account = (decisions["column"] < 0).tolist(), (decisions["book"] < 0).tolist()

    def known(values: list[Any], unless: list[bool]) -> list[Any]:
        return [None if gone else value for gone, value in zip(unless, values, strict=True)]

    sides = {member.value: member.name for member in Side}
    return {
        "sequence": decisions["sequence"].tolist(),
        "at": _times(decisions["bar"], bars),
        "outcome": _names(decisions["outcome"], Outcome),
        "rule": _names(decisions["rule"], Rule),
        "state": _names(decisions["state"], State),
        "intent": known(_hex(decisions["intent"]), whole),
        **{
            name: known(values, account if name == "book" else whole)
            for name, values in _who(decisions, spec, bars).items()
        },
        "side": [sides.get(side) for side in decisions["side"].tolist()],
        "wanted": _floats(decisions["wanted"]),
        "granted": _floats(decisions["granted"]),
        "price": _floats(decisions["price"]),
        "equity": _floats(decisions["equity"]),
        "cash": _floats(decisions["cash"]),
        "gross": _floats(decisions["gross"]),
        "book_gross": _floats(decisions["book_gross"]),
        "limit": _floats(decisions["limit"]),
        "stop_used": _floats(decisions["stop_used"]),
        "would_have_made": _floats(would_have_made),
    }
