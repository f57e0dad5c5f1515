"""What a file tells again that the ledger has from elsewhere: another kind of file, or entered by hand.

Rows of one kind of file are known by their own ids. Two kinds of file number the same trade differently, or not at
all, so those are compared by what they say: account, day, share, side, shares and price. One file may tell an order
where another tells its fills: a day's rows of a share and side that come to the same shares and the same money are the
same trades too. And a statement of holdings contains every trade before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from app.engines.ledger import Entry, fold
from app.services.portfolios.files.layouts import BY_ID, Layout
from app.services.portfolios.ledgers import entries_of
from app.services.portfolios.names import Names

_PURCHASES = {"BUY", "OPENING", "RIGHTS"}
_PAISE = Decimal("0.01")
Group = tuple[str, date, str, str]  # account, day, share, side


@dataclass(slots=True)
class Result:
    """What became of a row: NEW, DUPLICATE, SKIPPED or ERROR."""

    line: int
    status: str
    message: str | None = None
    transactions: list[dict[str, Any]] = field(default_factory=list)  # as they would be stored


@dataclass(frozen=True, slots=True)
class _Told:
    """A trade of the ledger, for comparison."""

    source: str
    quantity: int
    price: Decimal


def mark_known(results: Sequence[Result], layout: Layout, rows: Iterable[Any], entries: Iterable[Any],
               names: Names) -> None:  # fmt: skip
    """Turn NEW results into DUPLICATE where the ledger has them from elsewhere, into ERROR where it has a part.

    Parameters
    ----------
    rows, entries : the ledger's, as `LedgerRepository.rows` and `.entries` give them
    """
    new = [one for one in results if one.status == "NEW"]
    stored = list(rows)
    if not new or not stored:
        return
    if layout.holdings:
        undated = [one for one in new if one.transactions[0]["acquired"] is None]
        _mark_held(undated, entries_of(entries, names), names)
        new = [one for one in new if one.transactions[0]["acquired"] is not None]
    _mark_trades(new, layout, stored, names)


def _mark_trades(new: Sequence[Result], layout: Layout, stored: Sequence[Any], names: Names) -> None:
    told: dict[Group, list[_Told]] = defaultdict(list)
    contained: dict[tuple[str, str], date] = {}
    for row in stored:
        if row.instrument_key is None or row.source == layout.id or row.kind not in _PURCHASES | {"SELL"}:
            continue
        key = names.current(row.instrument_key)
        statement = row.source in BY_ID and BY_ID[row.source].holdings and row.acquired is None
        if statement:
            place = (row.account, key)
            contained[place] = max(row.session, contained.get(place, date.min))
        else:
            told[row.account, row.acquired or row.session, key, _side(row.kind)].append(
                _Told(row.source, row.quantity, row.price)
            )
    lines: dict[Group, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    why: dict[int, list[str]] = defaultdict(list)
    for n, result in enumerate(new):
        for one in result.transactions:
            key = names.current(one["instrument_key"])
            day = one["acquired"] or one["session"]
            until = contained.get((one["account"], key))
            if until is not None and day <= until:
                why[n].append(f"in the holdings of {until} already; take those out to enter the trades instead")
            else:
                lines[one["account"], day, key, _side(one["kind"])].append((n, one))
    for group, asked in lines.items():
        for n, source in _matched(asked, told.get(group, [])):
            why[n].append(f"in the ledger already, {_from(source)}")
    for n, words in why.items():
        if len(words) == len(new[n].transactions):
            new[n].status, new[n].message = "DUPLICATE", words[0]
        else:
            new[n].status = "ERROR"
            new[n].message = f"{len(words)} of its {len(new[n].transactions)} trades is {words[0]}"


def _matched(asked: Sequence[tuple[int, Mapping[str, Any]]], told: Sequence[_Told]) -> list[tuple[int, str]]:
    """The rows that are told already, each with where from; one trade of the ledger answers for one row."""
    left = Counter(told)
    found, rest = [], []
    for n, one in asked:
        same = next(
            (t for t in left if left[t] and t.quantity == one["quantity"] and abs(t.price - one["price"]) < _PAISE / 2),
            None,
        )
        if same is None:
            rest.append((n, one))
        else:
            left[same] -= 1
            found.append((n, same.source))
    others = list(left.elements())
    quantity = sum(one["quantity"] for _, one in rest)
    if rest and quantity == sum(t.quantity for t in others):
        # an order's price is the mean of its fills, rounded to paise
        apart = sum((one["quantity"] * one["price"] for _, one in rest), Decimal(0)) - sum(
            (t.quantity * t.price for t in others), Decimal(0)
        )
        if abs(apart) <= quantity * _PAISE / 2 + _PAISE:
            found += [(n, others[0].source) for n, _ in rest]
    return found


def _mark_held(new: Sequence[Result], entries: Sequence[Entry], names: Names) -> None:
    """A statement's holding beside what the ledger's other lines come to on its day."""
    for day in sorted({one.transactions[0]["session"] for one in new}):
        held: Counter[tuple[str, str]] = Counter()
        for lot in fold([one for one in entries if one.session <= day]).lots:
            held[lot.account, lot.instrument] += lot.quantity
        for result in new:
            one = result.transactions[0]
            have = held[one["account"], names.current(one["instrument_key"])]
            if one["session"] != day or not have:
                continue
            if have >= one["quantity"]:
                result.status, result.message = "DUPLICATE", f"the ledger holds {have} on {day} already"
            else:
                result.status = "ERROR"
                result.message = (
                    f"quantity: the ledger holds {have} of these {one['quantity']} on {day} already, and they would "
                    "count twice: leave the row out, and enter what is missing with the day it was bought"
                )


def _side(kind: str) -> str:
    return "SELL" if kind == "SELL" else "BUY"


def _from(source: str) -> str:
    return f"from {BY_ID[source].title}" if source in BY_ID else "entered by hand"
