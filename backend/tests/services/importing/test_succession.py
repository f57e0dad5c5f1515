"""A security that goes on under another symbol with the next ISIN of its issuer: joined, told apart, and decided."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.database import Database, Market
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.services.identity_view import IdentityService
from app.services.importing.identity import chains
from app.services.importing.succession import Close, judged, ordinary_issuer, successions, with_joins
from app.services.panel import PanelService
from app.settings import Settings

from .samples import Quote, legacy, legacy_name, quote
from .test_identity import names, run
from .test_import import empty
from .test_snapshot_root import State, state
from .test_snapshot_root import run as load

# Supreme Petrochem: INE663A01017 as SUPPETRO until 2022-04-06, 921.30; INE663A01025 as SPLPETRO from 2022-05-24
OLD = ("SUPPETRO", date(2022, 4, 6))
NEW = ("SPLPETRO", date(2022, 5, 24))
RUNS = [
    run("SUPPETRO", "2010-06-10", "2022-04-06", "INE663A01017"),
    run("SPLPETRO", "2022-05-24", "2026-07-31", "INE663A01025"),
]
ENDS = {OLD: Close(921.30, 942.40, 934.0), NEW: Close(845.5, 921.30, 890.0)}


def joined(runs, ends=ENDS, separate=()):  # type: ignore[no-untyped-def]
    found = chains(runs, [])
    return names(with_joins(found, judged(successions(found), ends, separate)))


def test_the_next_isin_of_an_issuer_whose_previous_close_is_the_last_close_goes_on() -> None:
    assert joined(RUNS) == [["SUPPETRO", "SPLPETRO"]]
    assert joined(list(reversed(RUNS))) == [["SUPPETRO", "SPLPETRO"]]


@pytest.mark.parametrize(
    ("isin", "issuer"),
    [
        ("INE663A01017", "INE663A"),
        ("IN9155A01020", None),  # Tata Motors with a tenth of a vote
        ("IN9002A01024", None),  # Reliance, partly paid
        ("INE256A04022", None),  # Zee, preference shares
        ("INE663A20017", None),  # an entitlement to rights
        ("INF204KB15I9", None),  # a fund
        ("INE663A", None),
    ],
)
def test_only_ordinary_shares_have_an_issuer_here(isin: str, issuer: str | None) -> None:
    assert ordinary_issuer(isin) == issuer


@pytest.mark.parametrize(
    ("new_isin", "first", "ends"),
    [
        ("INE663B01025", "2022-05-24", ENDS),  # another company
        ("IN9663A01025", "2022-05-24", ENDS),  # other voting rights
        ("INE663A04022", "2022-05-24", ENDS),  # preference shares
        ("INE663A01017", "2022-04-06", ENDS),  # on the very same day
        ("INE663A01025", "2022-04-06", ENDS),
        ("INE663A01025", "2022-04-01", ENDS),  # both trade for some days
        ("INE663A01025", "2023-06-01", {OLD: ENDS[OLD], ("SPLPETRO", date(2023, 6, 1)): ENDS[NEW]}),  # too late
        ("INE663A01025", "2022-05-24", {OLD: ENDS[OLD], NEW: Close(845.5, 920.0, 890.0)}),  # another previous close
        ("INE663A01025", "2022-05-24", {OLD: ENDS[OLD], NEW: Close(845.5, None, 890.0)}),
        ("INE663A01025", "2022-05-24", {OLD: ENDS[OLD], NEW: Close(3000.0, 921.30, 3000.0)}),  # what nothing explains
        ("INE663A01025", "2022-05-24", {}),
    ],
)
def test_whatever_lacks_one_of_the_signs_stays_two(new_isin: str, first: str, ends) -> None:  # type: ignore[no-untyped-def]
    assert joined([RUNS[0], run("SPLPETRO", first, "2026-07-31", new_isin)], ends) == [["SPLPETRO"], ["SUPPETRO"]]


def test_an_older_serial_number_a_third_chain_and_a_persons_word_leave_two() -> None:
    older = [
        run("SUPPETRO", "2010-06-10", "2022-04-06", "INE663A01025"),
        run("SPLPETRO", *ends_of(RUNS[1]), "INE663A01017"),
    ]
    assert joined(older) == [["SPLPETRO"], ["SUPPETRO"]]
    third = run("SPLDVR", "2015-01-01", "2026-07-31", "INE663A01033")
    assert len(joined([*RUNS, third])) == 3
    assert joined(RUNS, separate={("SUPPETRO", "SPLPETRO")}) == [["SPLPETRO"], ["SUPPETRO"]]


def ends_of(one) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    return one.first.isoformat(), one.last.isoformat()


DAYS = [day for n in range(70) if (day := date(2024, 1, 1) + timedelta(days=n)).weekday() < 5]


def scheme(folder: Path, *, with_others: bool = False) -> list[Path]:
    """OLDCO ends on day 9 at 109 with one ISIN, NEWCO begins on day 35 at 105, its previous close 109; PLAIN trades.

    `with_others`: GONE trades as long as OLDCO, FRESH as long as NEWCO.
    """
    folder.mkdir()
    for n, day in enumerate(DAYS):
        quotes: list[Quote] = [quote("PLAIN", 50.0 + n % 5, previous=50.0 + (n - 1) % 5)]
        if n < 10:
            quotes.append(quote("OLDCO", 100.0 + n, previous=99.0 + n))
        if n >= 35:
            quotes.append(quote("NEWCO", 70.0 + n, previous=109.0 if n == 35 else 69.0 + n, series="BE"))
        if with_others and not 10 <= n < 35:
            quotes.append(quote("GONE" if n < 10 else "FRESH", 40.0 + n % 3, previous=40.0 + (n - 1) % 3))
        isins = {"OLDCO": "INE222B01014", "NEWCO": "INE222B01022", "PLAIN": "INE333C01011"}
        known = isins if n in (3, 5, 40) else {}  # most days tell no ISIN
        (folder / legacy_name(day)).write_bytes(legacy(day, quotes, known))
    return sorted(folder.iterdir())


def called(engine: Engine) -> list[list[str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT array_agg(s.symbol ORDER BY s.valid_from) FROM instrument_symbols s "
                "GROUP BY s.instrument_id ORDER BY 1"
            )
        )
        return [list(row[0]) for row in rows]


def rules(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT subject, rule FROM findings WHERE subject = 'OLDCO NEWCO'"))
        return {row.subject: row.rule for row in rows}


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_order_the_days_come_the_root_and_the_finding_are_the_same(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    files = scheme(tmp_path / "files")
    load(engine, *files)
    expected: State = state(engine)
    assert called(engine) == [["OLDCO", "NEWCO"], ["PLAIN"]]
    assert rules(engine) == {"OLDCO NEWCO": "IDENTITY_INFERRED"}
    rng = random.Random(seed)
    empty(engine)
    order = rng.sample(files, len(files))
    # the last day of the old symbol, or the first of the new one, alone at the end: until then they are two
    last = tmp_path / "files" / legacy_name(DAYS[9 if seed % 2 else 35])
    order = [one for one in order if one != last]
    for begin in range(0, len(order), 17):
        load(engine, *order[begin : begin + 17])
    assert called(engine) == [["NEWCO"], ["OLDCO"], ["PLAIN"]]
    load(engine, last)
    assert state(engine) == expected
    assert called(engine) == [["OLDCO", "NEWCO"], ["PLAIN"]]
    assert rules(engine) == {"OLDCO NEWCO": "IDENTITY_INFERRED"}


@pytest.mark.integration
def test_a_person_parts_what_was_joined_joins_what_was_not_and_takes_both_back(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    load(engine, *scheme(tmp_path / "files"))
    joined_state = state(engine)
    database = Database(settings)
    panels = PanelService(database, settings.home)
    service = IdentityService(database, panels)
    with database.transaction(Market.REAL) as session:
        (pair,) = service.told(session)["pairs"]
    assert (pair["old_symbol"], pair["new_symbol"], pair["joined"]) == ("OLDCO", "NEWCO", True)
    parted = service.decide(Market.REAL, "oldco", "newco", "SEPARATE", "two companies")
    assert called(engine) == [["NEWCO"], ["OLDCO"], ["PLAIN"]]
    assert rules(engine) == {"OLDCO NEWCO": "SUCCESSOR_NOT_JOINED"}
    with pytest.raises(ConflictError, match="stands"):
        service.decide(Market.REAL, "OLDCO", "NEWCO", "JOIN", None)
    service.undo(Market.REAL, parted["id"])
    assert state(engine) == joined_state
    with pytest.raises(DataNotFoundError):
        service.undo(Market.REAL, parted["id"])
    with pytest.raises(ValidationError, match="one security has one symbol a day"):
        service.decide(Market.REAL, "OLDCO", "PLAIN", "JOIN", None)
    with pytest.raises(DataNotFoundError, match="No prices of NOBODY"):
        service.decide(Market.REAL, "OLDCO", "NOBODY", "JOIN", None)
    database.close()


@pytest.mark.integration
def test_a_person_joins_two_of_which_no_isin_is_known(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    scheme(folder)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes().replace(b"INE222B01014", b"").replace(b"INE222B01022", b""))
    load(engine, *sorted(folder.iterdir()))
    database = Database(settings)
    service = IdentityService(database, PanelService(database, settings.home))
    before = state(engine)
    assert called(engine) == [["NEWCO"], ["OLDCO"], ["PLAIN"]]
    with pytest.raises(DataNotFoundError, match="not joined by inference"):
        service.decide(Market.REAL, "OLDCO", "NEWCO", "SEPARATE", None)
    made = service.decide(Market.REAL, "OLDCO", "NEWCO", "JOIN", "capital reduced by a scheme")
    assert called(engine) == [["OLDCO", "NEWCO"], ["PLAIN"]]
    load(engine, *sorted(folder.iterdir()))
    assert called(engine) == [["OLDCO", "NEWCO"], ["PLAIN"]]
    service.undo(Market.REAL, made["id"])
    assert state(engine) == before
    database.close()


@pytest.mark.integration
def test_one_security_cannot_go_on_as_two_nor_come_from_two(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    load(engine, *scheme(tmp_path / "files", with_others=True))
    database = Database(settings)
    service = IdentityService(database, PanelService(database, settings.home))
    made = service.decide(Market.REAL, "GONE", "FRESH", "JOIN", None)
    for old, new in (("GONE", "NEWCO"), ("OLDCO", "FRESH")):
        with pytest.raises(ConflictError, match=f"Decision {made['id']} joined GONE and FRESH: {old} and {new} cannot"):
            service.decide(Market.REAL, old, new, "JOIN", None)
    service.undo(Market.REAL, made["id"])
    with pytest.raises(ConflictError, match="OLDCO and NEWCO were joined by inference: GONE and NEWCO cannot"):
        service.decide(Market.REAL, "GONE", "NEWCO", "JOIN", None)
    service.decide(Market.REAL, "OLDCO", "NEWCO", "SEPARATE", None)
    service.decide(Market.REAL, "GONE", "NEWCO", "JOIN", None)
    assert ["GONE", "NEWCO"] in called(engine)
    database.close()
