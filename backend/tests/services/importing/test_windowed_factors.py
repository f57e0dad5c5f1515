"""Factors worked out day by day, over a window, and over everything at once: the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from app.services.importing.run import import_paths

from ...conftest import copied_database
from .samples import legacy, quote

MARKET = {f"FLAT{n}": 100.0 + n for n in range(6)}
DAYS = (
    # SPLIT opens at a tenth on the second day, as a list says; FALLEN loses 40 % on the third, which proves nothing
    (date(2024, 6, 3), {"SPLIT": (1000.0, 1000.0, 1_000), "FALLEN": (500.0, 500.0, 1_000)}),
    (date(2024, 6, 4), {"SPLIT": (100.0, 1000.0, 10_000), "FALLEN": (501.0, 500.0, 1_000)}),
    (date(2024, 6, 5), {"SPLIT": (101.0, 100.0, 10_000), "FALLEN": (300.0, 501.0, 1_200)}),
)


def load(engine: Engine, paths: Sequence[Path]) -> None:
    summary = import_paths(engine, paths, progress=lambda _fraction, _message: None, cancelled=lambda: False)
    assert summary.exit_code == 0, summary.lines()


def derived(engine: Engine) -> tuple[list[Any], list[Any]]:
    with engine.connect() as connection:
        return tuple(  # type: ignore[return-value]
            connection.execute(text(query)).all()
            for query in (
                "SELECT i.symbol, f.ex_date, f.factor, f.tier, f.purpose, f.known_at, f.evidence "
                "FROM adjustment_factors f JOIN instruments i ON i.id = f.instrument_id ORDER BY 1, 2",
                "SELECT symbol, session, previous_close, open, close, ratio, proposed_factor, evidence "
                "FROM unexplained_jumps ORDER BY 1, 2",
            )
        )


def test_three_days_one_by_one_and_all_at_once_give_the_same_rows(postgres: str, template: str, tmp_path: Path) -> None:
    paths = []
    for day, moved in DAYS:
        quotes = [quote(symbol, price) for symbol, price in MARKET.items()]
        quotes += [
            quote(name, close, previous=before, volume=volume) for name, (close, before, volume) in moved.items()
        ]
        paths.append(tmp_path / f"cm{day:%d%b%Y}bhav.csv".replace("Jun", "JUN"))
        paths[-1].write_bytes(legacy(day, quotes, {"SPLIT": "INE001A01011"}))
    listed = tmp_path / "multipliers.csv"
    listed.write_text("Symbol,Date,Multiplier\nSPLIT,20240604,10.0\n")
    results = []
    for steps in (
        [[listed], *([path] for path in paths)],
        [[listed, *paths]],
        [*([path] for path in reversed(paths)), [listed]],
    ):
        with copied_database(postgres, template) as url:
            engine = create_engine(url)
            for step in steps:
                load(engine, step)
            results.append(derived(engine))
            engine.dispose()
    assert results[0] == results[1] == results[2]
    factors, jumps = results[0]
    assert [(row.symbol, row.session) for row in jumps] == [("FALLEN", date(2024, 6, 5))]
    assert [(row.symbol, row.ex_date, row.factor) for row in factors] == [("SPLIT", date(2024, 6, 4), 10.0)]
