"""Which large moves are held back: those of a day on which nobody traded near the old price."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import Engine, text

from app.services.importing.run import import_paths
from tests.services.importing.samples import Quote, legacy, legacy_name, quote

BEFORE, DAY = date(2024, 1, 8), date(2024, 1, 9)
MOVES: list[Quote] = [
    # a fall that was traded all the way from the old price is a fall
    ("CRASH", "EQ", 98.0, 98.0, 60.0, 62.0, 100.0, 5_000),
    # so is a rise
    ("RISE", "EQ", 104.0, 140.0, 104.0, 138.0, 100.0, 5_000),
    # a day wholly at half the old price is none that a band allows
    ("HALVED", "EQ", 51.0, 52.0, 49.5, 50.0, 100.0, 1_000),
    # a demerger is no simple fraction: nothing is proposed
    ("DEMERGER", "EQ", 43.5, 44.0, 42.0, 43.5, 100.0, 9_000),
    # rights entitlements have no price band
    ("PARENT-RE", "BE", 50.0, 52.0, 49.0, 50.0, 100.0, 9_000),
]
HELD = {"HALVED": 2.0, "DEMERGER": None}


def test_only_a_day_wholly_away_from_the_old_price_is_held_back(engine: Engine, tmp_path: Path) -> None:
    quiet = [quote(row[0], 100.0, series=row[1]) for row in MOVES]
    (tmp_path / legacy_name(BEFORE)).write_bytes(legacy(BEFORE, quiet))
    (tmp_path / legacy_name(DAY)).write_bytes(legacy(DAY, MOVES))
    done = import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False)
    assert done.refused == []
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT symbol, proposed_factor FROM unexplained_jumps")).all()
    assert {row.symbol: row.proposed_factor for row in rows} == HELD


def test_nothing_is_proposed_where_rights_are_listed(engine: Engine, tmp_path: Path) -> None:
    quiet = [quote("HALVED", 100.0)]
    (tmp_path / legacy_name(BEFORE)).write_bytes(legacy(BEFORE, quiet))
    (tmp_path / legacy_name(DAY)).write_bytes(legacy(DAY, [row for row in MOVES if row[0] == "HALVED"]))
    (tmp_path / "actions.csv").write_text(
        "Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier\n"
        "HALVED,EQ,10,Rights 1:1 @ Premium Rs 40/-,01-Jan-20,09-Jan-24,2\n"
    )
    done = import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False)
    assert (done.refused, done.skipped) == ([], [])
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT symbol, proposed_factor FROM unexplained_jumps")).all()
    assert [tuple(row) for row in rows] == [("HALVED", None)]


def test_nothing_is_proposed_where_the_share_moved_to_trade_for_trade_with_the_day(
    engine: Engine, tmp_path: Path
) -> None:
    # IIFL 2019-05-30: a demerger that left half the price, and the share in series BE from that day on
    for day, series in ((BEFORE, "EQ"), (DAY, "BE")):
        rows = [quote("QUIET", 50.0), quote("IIFL", 417.45)] if day == BEFORE else [
            quote("QUIET", 50.0), ("IIFL", series, 209.95, 209.95, 199.5, 199.5, 417.45, 9_000)
        ]  # fmt: skip
        (tmp_path / legacy_name(day)).write_bytes(legacy(day, rows))  # type: ignore[arg-type]
    import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False)
    with engine.connect() as connection:
        rows_ = connection.execute(text("SELECT symbol, proposed_factor, evidence FROM unexplained_jumps")).all()
    assert [(row.symbol, row.proposed_factor, row.evidence["series"]) for row in rows_] == [
        ("IIFL", None, ["EQ", "BE"])
    ]
