"""Filter, sort and page a snapshot's columns in memory.

Sort orders are worked out once a column and kept with the table: a query is then a mask, a look-up in sorted order and
a slice. Order is total: values that are unknown (NaN, None) come last whichever way one sorts, and equal values stand
by symbol, ascending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.intp]

Order = Literal["asc", "desc"]


class Page(NamedTuple):
    """Row indices of one page, in order, and the number of rows that passed the filters."""

    rows: I1
    total: int


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of N rows to be queried.

    Attributes
    ----------
    symbols : N symbols
    numbers : name → shape [N], float64, NaN where unknown
    texts : name → N texts, None where unknown (sector, company name)
    """

    symbols: Sequence[str]
    numbers: Mapping[str, F1]
    texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    _orders: dict[tuple[str, Order], I1] = field(default_factory=dict, init=False, repr=False)
    _equal: dict[tuple[str, str], B1] = field(default_factory=dict, init=False, repr=False)
    _upper: NDArray[np.str_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = len(self.symbols)
        for name, column in {**self.numbers, **self.texts}.items():
            if len(column) != rows:
                raise ValueError(f"column {name} has {len(column)} rows, the table {rows}")
        object.__setattr__(self, "_upper", np.array([symbol.upper() for symbol in self.symbols], dtype=np.str_))

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def sortable(self) -> tuple[str, ...]:
        """Names by which one can sort."""
        return ("symbol", *self.texts, *self.numbers)

    @cached_property
    def _beside(self) -> tuple[dict[str, int], F2]:
        """Which row each number has in the columns put under each other, and those, shape [columns, N]."""
        rows = {name: row for row, name in enumerate(self.numbers)}
        return rows, np.array(list(self.numbers.values()), np.float64).reshape(len(rows), len(self))

    def order(self, by: str, order: Order = "asc") -> I1:
        """All rows in order of a column.

        Raises
        ------
        KeyError : there is no such column.
        """
        known = self._orders.get((by, order))
        if known is None:
            known = self._orders[by, order] = self._sorted(by, order)
        return known

    def equal_to(self, column: str, text: str) -> B1:
        """Shape [N]: rows whose text in a column is this one, whatever the case."""
        key = (column, text.casefold())
        known = self._equal.get(key)
        if known is None:
            known = np.array([one is not None and one.casefold() == key[1] for one in self.texts[column]], np.bool_)
            if known.any():  # no more are kept than there are texts
                self._equal[key] = known
        return known

    def starting_with(self, prefix: str) -> B1:
        """Shape [N]: symbols that begin with `prefix`, whatever the case."""
        return np.strings.startswith(self._upper, prefix.upper())

    def _sorted(self, by: str, order: Order) -> I1:
        by_symbol = np.argsort(self._upper, kind="stable")
        if by == "symbol":
            return by_symbol if order == "asc" else by_symbol[::-1].copy()
        values = self._rank(self.texts[by]) if by in self.texts else self.numbers[by]
        values = (values if order == "asc" else -values)[by_symbol]
        return by_symbol[np.argsort(values, kind="stable")]  # NumPy sorts NaN last

    @staticmethod
    def _rank(texts: Sequence[str | None]) -> F1:
        place = {text: float(n) for n, text in enumerate(sorted({t.casefold() for t in texts if t is not None}))}
        return np.array([np.nan if text is None else place[text.casefold()] for text in texts], dtype=np.float64)


def query(
    table: Table,
    *,
    symbol: str | None = None,
    sector: str | None = None,
    members: B1 | None = None,
    between: Mapping[str, tuple[float | None, float | None]] | None = None,
    sort_by: str = "symbol",
    order: Order = "asc",
    page: int = 1,
    limit: int = 50,
) -> Page:
    """One page of the rows that pass every filter.

    Parameters
    ----------
    table : the columns
    symbol : prefix of the symbol, whatever the case
    sector : equal to the text column "sector", whatever the case
    members : shape [N]; only rows that are True
    between : numeric column → smallest and largest value, both included, None for no bound; unknown values fail
    sort_by : a column of the table, or "symbol"
    order : "asc" or "desc"; unknown values last in both
    page : from 1
    limit : rows a page, at least 1

    Raises
    ------
    ValueError : an unknown column or order, a page or limit below 1, or a mask of the wrong length.
    """
    from app.engines.screener.paging import page_of  # brings the compiler

    if page < 1 or limit < 1:
        raise ValueError(f"page and limit start at 1, got page {page} and limit {limit}")
    if order not in {"asc", "desc"}:
        raise ValueError(f"order must be asc or desc, got {order!r}")
    if sort_by != "symbol" and sort_by not in table.texts and sort_by not in table.numbers:
        raise ValueError(f"cannot sort by {sort_by!r}; columns are {', '.join(table.sortable)}")
    keep = np.ones(len(table), dtype=np.bool_)
    if members is not None:
        if members.shape != keep.shape:
            raise ValueError(f"the mask has shape {members.shape}, the table {len(table)} rows")
        keep &= members
    if symbol:
        keep &= table.starting_with(symbol)
    if sector is not None:
        if "sector" not in table.texts:
            raise ValueError("the table has no sector column")
        keep &= table.equal_to("sector", sector)
    rows, columns = table._beside if between else ({}, np.empty((0, len(table))))
    at, least, most = [], [], []
    for name, (low, high) in (between or {}).items():
        if name not in rows:
            raise ValueError(f"cannot filter by {name!r}; numeric columns are {', '.join(table.numbers)}")
        at.append(rows[name])
        least.append(-np.inf if low is None else low)
        most.append(np.inf if high is None else high)
    in_order = table.order(sort_by, order)
    skip = min((page - 1) * limit, len(table))
    found = np.empty(min(limit, len(table) - skip), np.intp)
    bounds = (np.array(least, np.float64), np.array(most, np.float64))
    total = page_of(columns, np.array(at, np.intp), *bounds, keep, in_order, skip, found)
    return Page(found[: max(0, total - skip)], total)
