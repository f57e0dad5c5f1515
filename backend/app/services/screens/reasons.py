"""Why a stock is in a screen or not: term by term, its value against the bound; and who missed it by least."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener.language import Expression, formatted
from app.engines.screener.language.check import Vocabulary
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN, Kind
from app.engines.screener.language.tree import All, Compare, Node, Number, Some
from app.exceptions import DataNotFoundError
from app.services.panel import Panel
from app.services.screener import Belonging, ScreenerService
from app.services.screens.answers import SessionTable
from app.services.screens.service import ALL, Universe
from app.services.universe import find_instrument, index_id, known_id

F1 = NDArray[np.float64]
B1 = NDArray[np.bool_]
U1 = NDArray[np.uint8]

_WORDS: Final = {TRUE: "holds", FALSE: "fails", UNKNOWN: "unknown"}
NEAREST: Final = 10


@dataclass(frozen=True)
class Term:
    """A part of a condition that all others stand beside: its text, both sides where it is a comparison, and what
    stands in each branch where it is an `or`."""

    condition: Expression
    left: Expression | None = None
    op: str | None = None
    right: Expression | None = None
    branches: tuple[tuple[Term, ...], ...] = ()


@dataclass(frozen=True)
class _Asked:
    """A question at a session, worked out for every stock that traded in it."""

    panel: Panel
    found: SessionTable
    terms: list[Term]
    keep: B1  # [N], the stocks of the universe
    point_in_time: bool
    note: str
    belongs: Belonging
    value: Callable[[Expression], Any]


class Reasons:
    """Answers from what the screener has in memory."""

    def __init__(self, screener: ScreenerService) -> None:
        self._screener = screener

    def of_stock(
        self,
        market: Market,
        session: Session,
        symbol: str,
        *,
        q: str | None,
        filter_type: str = ALL,
        index: str = ALL,
        instrument_type: str = "EQUITY",
        asof: date | None = None,
    ) -> dict[str, Any]:
        """Whether a stock is in a screen, and what of it holds.

        Raises
        ------
        DataNotFoundError : no stock has or had that symbol, or no such index. ValidationError : as the screener.
        """
        asked = self._asked(market, session, q, filter_type, index, instrument_type, asof)
        key = find_instrument(asked.panel, symbol.strip().upper(), asked.found.session)
        if key is None:
            raise DataNotFoundError(f"No stock has or had the symbol {symbol}", "symbol", symbol)
        info = asked.panel.instruments[key]
        outside = None
        terms: list[dict[str, Any]] = []
        if key not in asked.found.keys:
            outside = f"It did not trade on {asked.found.session}."
        else:
            n = asked.found.keys.index(key)
            terms = [_told(term, asked.value, n) for term in asked.terms]
            if asked.found.in_quarantine[n]:
                since = asked.found.open_since[n]
                outside = f"It is held back since {since}: a move of its price is explained by nothing."
            elif not asked.keep[n]:
                others = asked.belongs.others
                of_type = index_id(index) != ALL and not (others is not None and others[n])
                outside = (
                    asked.belongs.nobody or f"It is no member of {index_id(index)} on that day."
                    if of_type
                    else f"It is not of the type {instrument_type} (main board) on that day."
                )
        return {
            "symbol": info.symbol,
            "name": info.name,
            "asof": asked.found.session,
            "point_in_time": asked.point_in_time,
            "note": asked.note,
            "matches": outside is None and all(one["outcome"] == "holds" for one in terms),
            "outside": outside,
            "terms": terms,
        }

    def nearest(
        self,
        market: Market,
        session: Session,
        *,
        q: str | None,
        filter_type: str = ALL,
        index: str = ALL,
        instrument_type: str = "EQUITY",
        asof: date | None = None,
        limit: int = NEAREST,
    ) -> dict[str, Any]:
        """The stocks that a screen missed by one term, those nearest to its bound first, and what each term keeps out.

        How near is measured as `_gap` says; stocks of a term that has no such measure come last.
        """
        asked = self._asked(market, session, q, filter_type, index, instrument_type, asof)
        flags = [asked.value(term.condition) for term in asked.terms]
        fails = np.array([flag != TRUE for flag in flags], np.bool_).reshape(len(flags), len(asked.found.keys))
        count = fails.sum(axis=0)
        gaps = np.full(len(asked.found.keys), np.inf)
        which = np.zeros(len(asked.found.keys), np.intp)
        for t, term in enumerate(asked.terms):
            only = asked.keep & (count == 1) & (flags[t] == FALSE)
            which[only] = t
            gaps[only] = _gap(term, asked.value)[only]
        missed = np.flatnonzero(asked.keep & (count == 1) & (flags_of(flags, which) == FALSE))
        order = missed[np.lexsort((np.array(asked.found.table.symbols)[missed], gaps[missed]))][:limit]
        return {
            "asof": asked.found.session,
            "point_in_time": asked.point_in_time,
            "note": asked.note,
            "universe": int(asked.keep.sum()),
            "terms": [
                {
                    "text": term.condition.text,
                    "holds": int(np.count_nonzero(asked.keep & (flag == TRUE))),
                    "unknown": int(np.count_nonzero(asked.keep & (flag == UNKNOWN))),
                    "alone_keeps_out": int(np.count_nonzero(asked.keep & (count == 1) & (flag != TRUE))),
                }
                for term, flag in zip(asked.terms, flags, strict=True)
            ],
            "missed_by_one": len(missed),
            "nearest": [
                {
                    "symbol": asked.found.table.symbols[n],
                    "name": asked.found.names[n],
                    "gap": _finite(gaps[n]),
                    "term": _told(asked.terms[which[n]], asked.value, n),
                }
                for n in order.tolist()
            ],
        }

    def _asked(
        self,
        market: Market,
        session: Session,
        q: str | None,
        filter_type: str,
        index: str,
        instrument_type: str,
        asof: date | None,
    ) -> _Asked:
        screens = self._screener.screens
        condition = self._screener.condition(market, session, filter_type, q)
        words = screens.vocabulary(market, session)
        terms = [] if condition is None else terms_of(condition, words)
        panel, found = self._screener.table(market, asof)
        universe = Universe(index_id(index), instrument_type)
        if universe.index != ALL:
            universe = Universe(known_id(session, index), instrument_type)
        belongs = self._screener.members(session, found, universe)
        keep = belongs.keep & ~found.in_quarantine
        told = (
            []
            if condition is None
            else screens.hindsight(market, session, [condition.tree], panel, start=found.session, end=found.session)
        )
        asked = [one for term in terms for one in _expressions(term)]
        value = screens.at(market, session, panel, found.session, asked, universe, keep)
        note = " ".join((belongs.note, *told))
        return _Asked(panel, found, terms, keep, belongs.point_in_time and not told, note, belongs, value)


def terms_of(condition: Expression, words: Vocabulary) -> list[Term]:
    """The parts that all have to hold, a chain of comparisons taken apart: 20 < rsi(14) < 30 is two of them.

    Of a part of which one branch has to hold the branches are taken apart alike.
    """
    parts = condition.tree.parts if isinstance(condition.tree, All) else (condition.tree,)
    found = []
    for part in parts:
        if isinstance(part, Some):
            branches = tuple(tuple(terms_of(_expression(branch, words), words)) for branch in part.parts)
            found.append(Term(_expression(part, words), branches=branches))
            continue
        if not isinstance(part, Compare):
            found.append(Term(_expression(part, words)))
            continue
        for left, op, right in zip(part.operands, part.ops, part.operands[1:], strict=False):
            whole = _expression(Compare((left, right), (op,)), words)
            if "text" in {words.kind(left).type, words.kind(right).type} or not _plain(left, right, words):
                found.append(Term(whole))
            else:
                found.append(Term(whole, _expression(left, words), op, _expression(right, words)))
    return found


def _plain(left: Node, right: Node, words: Vocabulary) -> bool:
    return words.kind(left).type == words.kind(right).type == "number"


def _expression(node: Node, words: Vocabulary) -> Expression:
    kind = words.kind(node)
    words.remember(node, kind)
    return Expression.of(node, kind)


def flags_of(flags: list[U1], which: NDArray[np.intp]) -> U1:
    """Of each stock the flag of the term it is held against, [N]; TRUE without terms."""
    if not flags:
        return np.full(len(which), TRUE, np.uint8)
    found: U1 = np.take_along_axis(np.array(flags), which[None, :], axis=0)[0]
    return found


def _expressions(term: Term) -> Iterator[Expression]:
    yield from (one for one in (term.condition, term.left, term.right) if one is not None)
    for branch in term.branches:
        for part in branch:
            yield from _expressions(part)


def _gap(term: Term, value: Callable[[Expression], Any]) -> F1:
    """How far each stock is from a term that it fails, [N]; infinite where that is not known or has no measure.

    Of a comparison it is the distance of both sides over the larger of them; of branches that of the nearest one, each
    as far as the furthest of its own terms.
    """
    holds = value(term.condition) == TRUE
    if term.branches:
        gap: F1 = np.minimum.reduce([_furthest(branch, value) for branch in term.branches])
    elif term.left is None or term.right is None:
        gap = np.full(len(holds), np.inf)
    else:
        a, b = np.broadcast_arrays(*(np.asarray(value(one), np.float64) for one in (term.left, term.right)))
        size = np.maximum(np.abs(a), np.abs(b))
        gap = np.abs(a - b) / np.where(size > 0.0, size, 1.0)
    return np.where(holds, 0.0, np.where(np.isnan(gap), np.inf, gap))


def _furthest(terms: tuple[Term, ...], value: Callable[[Expression], Any]) -> F1:
    found: F1 = np.maximum.reduce([_gap(term, value) for term in terms])
    return found


def _told(term: Term, value: Callable[[Expression], Any], n: int) -> dict[str, Any]:
    outcome = int(value(term.condition)[n])

    def side(one: Expression | None) -> float | None:
        if one is None:
            return None
        got = one.tree.value if isinstance(one.tree, Number) else float(value(one)[n])
        return got if np.isfinite(got) else None

    return {
        "text": term.condition.text,
        "outcome": _WORDS[outcome],
        "left": None if term.left is None else formatted(term.left.tree),
        "value": side(term.left),
        "op": term.op,
        "right": None if term.right is None else formatted(term.right.tree),
        "bound": side(term.right),
        "unit": _unit(term.left.kind) if term.left is not None else None,
        "gap": None if outcome == TRUE else _finite(_gap(term, value)[n]),
        "branches": [_branch(branch, value, n) for branch in term.branches],
    }


def _branch(terms: tuple[Term, ...], value: Callable[[Expression], Any], n: int) -> dict[str, Any]:
    outcome = min(int(value(term.condition)[n]) for term in terms)  # of an `and` the smallest
    return {
        "outcome": _WORDS[outcome],
        "gap": None if outcome == TRUE else _finite(_furthest(terms, value)[n]),
        "terms": [_told(term, value, n) for term in terms],
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _unit(kind: Kind) -> str:
    return {1: "rupees", -1: "shares"}.get(kind.degree or 0, "ratio")
