"""A day's file whose closing and last prices changed places: found by what the next session repeats."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.services.importing.run import import_paths
from tests.services.importing.samples import LEGACY_HEADER, legacy_name

pytestmark = pytest.mark.integration

DAYS = (date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10))
WRONG = DAYS[1]


def close_of(n: int, day: int) -> float:
    return 100.0 + n + day


def bhavcopy(day: date, wrong: bool) -> bytes:
    """Forty stocks; the last trade is half a rupee above the close, and the two change places where `wrong`."""
    at = DAYS.index(day)
    lines = [LEGACY_HEADER]
    for n in range(40):
        close, before = close_of(n, at), close_of(n, at - 1)
        close, last = (close + 0.5, close) if wrong else (close, close + 0.5)
        lines.append(
            f"A{n:02},EQ,{close},{close + 2},{close - 2},{close},{last},{before},1000,{1000 * close},"
            f"{day:%d-%b-%Y},100,,".upper()
        )
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_file_is_named_in_whatever_order_the_days_come(
    engine: Engine, tmp_path: Path, order: tuple[int, ...]
) -> None:
    for n in order:
        path = tmp_path / legacy_name(DAYS[n])
        path.write_bytes(bhavcopy(DAYS[n], DAYS[n] == WRONG))
        import_paths(engine, [path], progress=lambda _f, _m: None, cancelled=lambda: False)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT subject, severity, message FROM findings WHERE rule = 'CLOSE_AND_LAST_EXCHANGED'")
        ).all()
    assert [(row.subject, row.severity) for row in rows] == [(str(WRONG), "warning")]
    assert "on 40 of 40 rows where the two differ, and the close on 0" in rows[0].message


def test_no_real_pair_of_days_is_taken_for_one(engine: Engine, evidence: Path) -> None:
    days = sorted((evidence / "data/bhavcopy/legacy_cm/2014").iterdir())[:4]
    import_paths(engine, days, progress=lambda _f, _m: None, cancelled=lambda: False)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM findings WHERE rule = 'CLOSE_AND_LAST_EXCHANGED'"))
        assert found.scalar_one() == 0
