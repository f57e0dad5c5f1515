"""W8: six ranges, a sector, a sort, the first 50 and the total of 2,200 stocks x 40 columns, in process and in SQL.

    PYTHONPATH=. python benchmarks/screener_query.py [--rounds 2000]

Ours is `query` and the page as JSON, each row encoded once, as `GET /api/screener/` has them. SQLite is in memory with
an index on every column that is asked for; PostgreSQL is the one of SMARTTRADER_HOME, over its socket, with a table of
this session alone, analysed. Every question has bounds of its own; all answer the same questions in turn, their
totals and first rows are compared, and times are medians. `select 1` is PostgreSQL's empty round trip.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import orjson

from app.database import Database, Market
from app.engines.screener import Table, query
from app.settings import get_settings

STOCKS, COLUMNS, SECTORS, PAGE = 2_200, 40, 22, 50
ASKED = ("c0", "c1", "c2", "c3", "c4", "c5")
SHOWN = (*ASKED, "c6", "c7")


class Question(NamedTuple):
    """Bounds by column, a sector, a column to sort by, and whether from the top."""

    between: dict[str, tuple[float, float]]
    sector: str
    by: str
    down: bool


def questions(columns: dict[str, np.ndarray], count: int) -> list[Question]:
    random = np.random.default_rng(7)
    found = []
    for _ in range(count):
        between = {}
        for name in ASKED:
            low = random.uniform(0.0, 0.1)
            bounds = np.quantile(columns[name], [low, low + random.uniform(0.75, 0.9)])
            between[name] = (float(bounds[0]), float(bounds[1]))
        by = f"c{random.integers(0, 12)}"
        found.append(Question(between, f"Sector {random.integers(SECTORS)}", by, bool(random.integers(2))))
    return found


def sql(asked: Question, mark: str) -> tuple[str, list[Any]]:
    where = " and ".join(f"{name} between {mark} and {mark}" for name in asked.between)
    values: list[Any] = [bound for bounds in asked.between.values() for bound in bounds]
    order = f"{asked.by} {'desc' if asked.down else 'asc'}"
    text = f"select symbol, {', '.join(SHOWN)}, count(*) over () from stocks where {where} and sector = {mark}"
    return f"{text} order by {order} limit {PAGE}", [*values, asked.sector]


def told(rows: list[Any]) -> tuple[int, str | None]:
    return (rows[0][-1], rows[0][0]) if rows else (0, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2_000)
    given = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    random = np.random.default_rng(1)
    columns = {f"c{n}": np.exp(random.normal(3, 1, STOCKS)) for n in range(COLUMNS)}
    symbols = [f"S{n:04d}" for n in range(STOCKS)]
    sectors = [f"Sector {n}" for n in random.integers(0, SECTORS, STOCKS)]
    table = Table(symbols, columns, {"sector": sectors})
    rows = [(symbols[n], sectors[n], *(float(values[n]) for values in columns.values())) for n in range(STOCKS)]
    encoded = [
        orjson.Fragment(orjson.dumps(dict(zip(("symbol", "sector", *columns), row, strict=True)))) for row in rows
    ]

    def ours(asked: Question) -> tuple[int, str | None]:
        page = query(
            table, sector=asked.sector, between=asked.between, sort_by=asked.by,
            order="desc" if asked.down else "asc", limit=PAGE,
        )  # fmt: skip
        at = page.rows.tolist()
        orjson.dumps({"data": [encoded[i] for i in at], "meta": {"total": page.total}})
        return page.total, symbols[at[0]] if at else None

    fields = ", ".join(f"{name} double precision" for name in columns)
    lite = sqlite3.connect(":memory:")
    lite.execute(f"create table stocks (symbol text, sector text, {fields})")
    lite.executemany(f"insert into stocks values ({', '.join('?' * (COLUMNS + 2))})", rows)
    for name in ("sector", *ASKED):
        lite.execute(f"create index i_{name} on stocks ({name})")
    lite.execute("analyze")
    with Database(get_settings()) as database:
        connection = database.plain(Market.REAL).raw_connection()
        cursor: Any = connection.cursor()
        cursor.execute(f"create temporary table stocks (symbol text, sector text, {fields})")
        cursor.executemany(f"insert into stocks values ({', '.join(['%s'] * (COLUMNS + 2))})", rows)
        for name in ("sector", *ASKED):
            cursor.execute(f"create index on stocks ({name})")
        cursor.execute("analyze stocks")

        def postgres(asked: Question) -> tuple[int, str | None]:
            cursor.execute(*sql(asked, "%s"))
            return told(cursor.fetchall())

        def empty(_: Question) -> None:
            cursor.execute("select 1")
            cursor.fetchall()

        work: dict[str, Callable[[Question], Any]] = {
            "ours": ours,
            "SQLite": lambda asked: told(lite.execute(*sql(asked, "?")).fetchall()),
            "PostgreSQL": postgres,
            "select 1": empty,
        }
        took: dict[str, list[float]] = {name: [] for name in work}
        for asked in questions(columns, given.rounds):
            answers = {}
            for name, call in work.items():
                began = time.perf_counter()
                answers[name] = call(asked)
                took[name].append((time.perf_counter() - began) * 1e6)
            assert answers["ours"] == answers["SQLite"] == answers["PostgreSQL"], asked
        cursor.execute("drop table stocks")
        connection.close()
    middle = {name: statistics.median(some[given.rounds // 10 :]) for name, some in took.items()}
    for name, value in middle.items():
        tail = np.percentile(took[name][given.rounds // 10 :], 99)
        print(
            f"  {name:<11} {value:8.0f} us   (99 of 100 within {tail:.0f})   this / ours = {value / middle['ours']:.1f}"
        )
    print(f"load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
