"""What a security is by its last series, its ISIN and its symbol; and sectors under one name each."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from app.services.importing.identify import newest_sectors
from app.services.importing.identity import Chain, IsinSeen, Run, Segment
from app.services.importing.names import Masters, describe
from app.services.importing.sectors import OLDER, SECTORS, sector_name


@pytest.mark.parametrize(
    ("symbol", "series", "isin", "kind"),
    [
        ("KEEPLN-RE", "BE", "INE055C20012", "RIGHTS"),  # as the files of 2024-05-29 on have it
        ("AJOONI-RE1", "BE", "INE820Y20021", "RIGHTS"),
        ("UPL-RE", "BE", None, "RIGHTS"),  # the later files give no ISIN
        ("NIRMAN-RE", "ST", None, "RIGHTS"),  # of an SME share
        ("ODD", "BE", "INE055C20012", "RIGHTS"),  # the ISIN decides
        ("KEEPL-RE", "EQ", "INE055C01012", "EQUITY"),  # a share of that name would be one
        ("CORE", "EQ", None, "EQUITY"),
        ("KEEPLEARN", "BE", "INE055C01012", "EQUITY"),
    ],
)
def test_a_rights_entitlement_is_no_share(symbol: str, series: str, isin: str | None, kind: str) -> None:
    first, last = date(2024, 5, 29), date(2024, 6, 3)
    seen = () if isin is None else (IsinSeen(isin, first, last),)
    chain = Chain([Segment([Run(symbol, first, last, seen, series)])])
    assert describe(chain, Masters(), {}).row["instrument_type"] == kind


def test_a_sector_has_one_name_whatever_list_gives_it() -> None:
    """The newest list of a share may be an old one, in the older classification's capitals."""
    entries = [
        SimpleNamespace(symbol="DHANI", sector="FINANCIAL SERVICES", index_id="NIFTY200", in_force_on=date(2021, 8, 1)),
        SimpleNamespace(symbol="SBIN", sector="Financial Services", index_id="NIFTY50", in_force_on=date(2025, 6, 1)),
        SimpleNamespace(symbol="MINDTREE", sector="IT", index_id="NIFTY200", in_force_on=date(2021, 8, 1)),
        SimpleNamespace(symbol="INFY", sector="Information  Technology", index_id="X", in_force_on=date(2025, 6, 1)),
    ]
    assert newest_sectors(entries) == {
        "DHANI": "Financial Services",
        "SBIN": "Financial Services",
        "MINDTREE": "Information Technology",
        "INFY": "Information Technology",
    }


def test_names_of_sectors_stay_and_what_was_divided_is_not_guessed() -> None:
    assert [sector_name(name) for name in SECTORS] == list(SECTORS)
    assert set(OLDER.values()) <= set(SECTORS)
    assert sector_name("CONSUMER GOODS") == "CONSUMER GOODS"
