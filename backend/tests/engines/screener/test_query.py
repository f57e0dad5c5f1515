"""Queries against an obvious twin that sorts Python tuples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.screener import Table, query

SYMBOLS = ["LUMBRA", "CORALIS", "MIRUSOFT", "LUMENA", "AROVEX"]
RSI = [50.0, math.nan, 70.0, 50.0, 30.0]
SECTORS = ["Power", "Textiles", None, "Power", "Chemicals"]


@pytest.fixture
def table() -> Table:
    return Table(SYMBOLS, {"rsi_14": np.array(RSI)}, {"sector": SECTORS})


def found(table: Table, **filters: object) -> list[str]:
    return [table.symbols[n] for n in query(table, **filters).rows]  # type: ignore[arg-type]


def test_without_filters_rows_come_by_symbol(table: Table) -> None:
    assert found(table) == sorted(SYMBOLS)
    assert found(table, order="desc") == sorted(SYMBOLS, reverse=True)


def test_unknown_values_come_last_and_ties_by_symbol_both_ways(table: Table) -> None:
    assert found(table, sort_by="rsi_14") == ["AROVEX", "LUMBRA", "LUMENA", "MIRUSOFT", "CORALIS"]
    assert found(table, sort_by="rsi_14", order="desc") == ["MIRUSOFT", "LUMBRA", "LUMENA", "AROVEX", "CORALIS"]
    assert found(table, sort_by="sector", order="desc") == ["CORALIS", "LUMBRA", "LUMENA", "AROVEX", "MIRUSOFT"]


def test_filters_narrow_and_the_total_counts_all_that_pass(table: Table) -> None:
    assert found(table, symbol="lum") == ["LUMBRA", "LUMENA"]
    assert found(table, sector="power") == ["LUMBRA", "LUMENA"]
    assert found(table, members=np.array([True, False, True, False, True])) == ["AROVEX", "LUMBRA", "MIRUSOFT"]
    assert found(table, between={"rsi_14": (50.0, None)}) == ["LUMBRA", "LUMENA", "MIRUSOFT"]
    assert found(table, between={"rsi_14": (None, None)}) == ["AROVEX", "LUMBRA", "LUMENA", "MIRUSOFT"]
    page = query(table, symbol="LUM", limit=1, page=2)
    assert ([table.symbols[n] for n in page.rows], page.total) == (["LUMENA"], 2)
    assert query(table, page=9).rows.size == 0
    assert query(table, sector="No such sector").total == 0


@given(
    values=st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), max_size=30),
    descending=st.booleans(),
    limit=st.integers(1, 7),
)
def test_pages_put_together_are_the_sorted_set(values: list[float], descending: bool, limit: int) -> None:
    symbols = [f"S{(7 * n) % 31:02d}" for n in range(len(values))]
    table = Table(symbols, {"x": np.array(values)})
    sign = -1 if descending else 1
    keys = [(math.isnan(v), 0 if math.isnan(v) else sign * v, s) for v, s in zip(values, symbols, strict=True)]
    obvious = [key[2] for key in sorted(keys)]
    pages = [
        query(table, sort_by="x", order="desc" if descending else "asc", page=p, limit=limit)
        for p in range(1, len(values) + 2)
    ]
    assert [symbols[n] for page in pages for n in page.rows] == obvious
    assert {page.total for page in pages} == {len(values)}


@given(
    data=st.data(),
    rows=st.lists(st.tuples(*[st.sampled_from([-math.inf, 1.0, 2.0, 3.0, math.nan])] * 2), min_size=1, max_size=40),
    limit=st.integers(1, 9),
    page=st.integers(1, 6),
)
def test_bounds_members_and_pages_are_those_of_a_loop(
    data: st.DataObject, rows: list[tuple[float, float]], limit: int, page: int
) -> None:
    bound = st.none() | st.sampled_from([-math.inf, 1.0, 2.0, 2.5, math.nan, math.inf])
    between = data.draw(st.dictionaries(st.sampled_from(["x", "y"]), st.tuples(bound, bound)))
    members = data.draw(st.none() | st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    symbols = [f"S{(7 * n) % 41:02d}" for n in range(len(rows))]
    table = Table(symbols, {name: np.array([row[n] for row in rows]) for n, name in enumerate("xy")})

    def passes(n: int) -> bool:
        inside = [
            not math.isnan(value) and (low is None or value >= low) and (high is None or value <= high)
            for value, (low, high) in ((rows[n]["xy".index(name)], bounds) for name, bounds in between.items())
        ]
        return all(inside) and (members is None or members[n])

    obvious = [symbol for symbol, n in sorted(zip(symbols, range(len(rows)), strict=True)) if passes(n)]
    mask = None if members is None else np.array(members, np.bool_)
    answer = query(table, between=between, members=mask, limit=limit, page=page)
    assert answer.total == len(obvious)
    assert [symbols[n] for n in answer.rows] == obvious[(page - 1) * limit : page * limit]


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"sort_by": "pe"}, "cannot sort by 'pe'"),
        ({"order": "up"}, "asc or desc"),
        ({"page": 0}, "start at 1"),
        ({"limit": -1}, "start at 1"),
        ({"members": np.array([True])}, "the mask has shape"),
        ({"between": {"sector": (1.0, 2.0)}}, "cannot filter by 'sector'"),
    ],
)
def test_wrong_questions_are_named(table: Table, filters: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        query(table, **filters)  # type: ignore[arg-type]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="column x has 1 rows, the table 2"):
        Table(["A", "B"], {"x": np.array([1.0])})
