"""Days on which nobody knows who belonged to an index: between two lists, before the first, after the newest.

One rule holds wherever a screen asks: before the first known day nobody is taken to belong; between lists members
are those of the lists, and it is said that this is not point in time; after the newest one they are carried on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.services.importing.membership import LIST
from app.services.index_book import IndexBook, Names
from app.services.members import belonging, doubts, run_notes
from tests.services.test_members import stretch

D = date.fromisoformat
INDEX = "DOUBTED"
GAP = "Between the lists of 2024-03-01 and 2024-09-02 who came and left when is not known: 3 members may differ."
BEFORE = "Members of DOUBTED are known from 2024-03-01 on; before that day nobody is taken to belong to it."


def book_of(*stretches: Any) -> IndexBook:
    return IndexBook("NIFTYX", "Nifty X", stretches, Names({}, {}, {}))


def test_every_day_between_two_lists_is_in_doubt_and_the_days_of_the_lists_are_not() -> None:
    """Lists of the 1st of August 2021 and of June 2025: 2 left and 3 came between, 1 was in both."""
    book = book_of(
        stretch(1, "2021-08-01", basis=LIST),
        stretch(2, "2021-08-01", "2025-05-31", LIST, since=D("2021-08-01")),
        stretch(3, "2025-06-01", None, LIST, after=D("2021-08-01")),
    )
    whole = [(D("2021-08-01"), D("2025-06-01"), 2)]
    assert book.doubts(D("2023-01-02"), D("2023-12-29")) == whole  # a period within, that no change is dated to
    assert book.doubts(D("2021-08-02"), D("2021-08-02")) == whole
    assert book.doubts(D("2025-05-31"), D("2025-05-31")) == whole
    assert book.doubts(D("2021-08-01"), D("2021-08-01")) == []
    assert book.doubts(D("2025-06-01"), D("2030-01-01")) == []


def test_times_between_lists_are_told_one_by_one_and_beyond_five_are_counted() -> None:
    edges = [date(2018 + n, 1, 1) for n in range(8)]
    book = book_of(*[stretch(n, f"{edges[n]}", None, LIST, after=edges[n - 1]) for n in range(1, 8)])
    assert book.doubts(edges[0], edges[-1]) == [(edges[n - 1], edges[n], 1) for n in range(1, 8)]
    told = doubts(book, edges[1], edges[-1])
    assert told[0] == (
        "Between the lists of 2019-01-01 and 2020-01-01 who came and left when is not known: 1 member may differ."
    )
    assert (len(told), told[-1]) == (6, "The same holds of 1 later times between lists.")


@pytest.fixture
def client(sample_client: TestClient) -> Iterator[TestClient]:
    """The small market with an index of lists: two at first, and a second list half a year later."""
    engine = create_engine(sample_client.app.state.settings.database_url)  # type: ignore[attr-defined]
    with engine.begin() as connection:
        run = connection.execute
        run(text("INSERT INTO indices (id, name) VALUES ('DOUBTED', 'Doubted')"))
        ids = run(text("SELECT id FROM instruments WHERE instrument_type = 'EQUITY' ORDER BY symbol LIMIT 4"))
        stays, left, came, came_too = [row.id for row in ids]
        for row in (
            (stays, "2024-03-01", None, None, None),
            (left, "2024-03-01", "2024-09-01", None, "2024-03-01"),
            (came, "2024-09-02", None, "2024-03-01", None),
            (came_too, "2024-09-02", None, "2024-03-01", None),
        ):
            run(
                text(
                    "INSERT INTO index_members (index_id, instrument_id, valid_from, valid_to, basis, entered_after, "
                    "left_since) VALUES ('DOUBTED', :id, :first, :last, 'LIST', :after, :since)"
                ),
                dict(zip(("id", "first", "last", "after", "since"), row, strict=True)),
            )
        run(text("UPDATE data_versions SET version = version + 1 WHERE scope = 'membership'"))
    yield sample_client
    engine.dispose()


def get(client: TestClient, path: str, **params: Any) -> Any:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def history(client: TestClient, start: str, end: str, **question: Any) -> Any:
    return get(client, "/api/screener/history", **{"q": "close > 0", "start": start, "end": end, **question})


def test_a_session_between_two_lists_is_not_point_in_time(client: TestClient) -> None:
    day = "2024-06-28"
    for found in (
        get(client, "/api/screener/", index=INDEX, asof=day)["meta"],
        get(client, "/api/screener/", q=f'in index("{INDEX}")', asof=day)["meta"],
    ):
        assert not found["point_in_time"]
        assert "Between the lists of 2024-03-01 and 2024-09-02" in found["point_in_time_note"]
    for path in ("/api/market/overview", "/api/screener/why/LUMBRA", "/api/screener/near-misses"):
        found = get(client, path, index=INDEX, asof=day)
        assert not found["point_in_time"], path
        assert "1 shown may have left before 2024-06-28, 2 not shown may have entered" in found["note"]
    told = get(client, "/api/screener/why/LUMBRA", q=f'in index("{INDEX}")', asof=day)
    assert (told["point_in_time"], GAP in told["note"]) == (False, True)
    assert history(client, "2024-05-01", "2024-06-28", index=INDEX)["notes"] == [f"{INDEX}: {GAP}"]
    read = history(client, "2024-05-01", "2024-06-28", q=f'in index("{INDEX}")')["notes"]
    assert read == [f"The expression reads members of {INDEX}. {GAP}"]


def test_a_session_on_which_a_list_is_in_force_is_point_in_time(client: TestClient) -> None:
    found = get(client, "/api/screener/", index=INDEX, asof="2024-03-01")["meta"]
    assert (found["point_in_time"], found["universe"]["members"]) == (True, 2)
    assert history(client, "2024-02-28", "2024-03-01", index=INDEX)["notes"] == [f"{INDEX}: {BEFORE}"]


def test_before_the_first_list_nobody_belongs_wherever_one_asks_and_it_is_said(client: TestClient) -> None:
    day = "2024-02-29"
    page = get(client, "/api/screener/", index=INDEX, asof=day)["meta"]
    assert (page["total"], page["universe"]["members"], page["point_in_time"]) == (0, 0, False)
    assert page["point_in_time_note"] == BEFORE
    asked = get(client, "/api/screener/", q=f'in index("{INDEX}")', asof=day)["meta"]
    assert (asked["total"], asked["unknown"] > 0, asked["point_in_time"]) == (0, True, False)
    assert BEFORE in asked["point_in_time_note"]
    past = history(client, day, day, index=INDEX)
    assert (past["days"]["universe"], past["notes"]) == ([0], [f"{INDEX}: {BEFORE}"])
    why = get(client, "/api/screener/why/LUMBRA", index=INDEX, asof=day)
    assert (why["matches"], why["outside"], why["point_in_time"]) == (False, BEFORE, False)
    seen = get(client, "/api/market/overview", index=INDEX, asof=day)
    assert (seen["stocks"], seen["point_in_time"], seen["note"]) == (0, False, BEFORE)
    assert INDEX not in [one["id"] for one in get(client, "/api/screener/indices", asof=day)["indices"]]
    assert INDEX not in get(client, "/api/screener/", asof=day, facets=True)["meta"]["indices"]


def test_after_the_newest_evidence_members_are_carried_on_and_it_is_said(client: TestClient) -> None:
    found = get(client, "/api/screener/", index=INDEX, asof="2024-10-01")["meta"]
    assert (found["universe"]["members"], found["point_in_time"]) == (3, True)  # nothing of later is in it
    assert "The newest evidence is of 2024-09-02" in found["point_in_time_note"]


def test_a_run_within_a_time_between_lists_is_warned_of_it(client: TestClient) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    from app.database import Market

    with platform.database.transaction(Market.REAL) as session:
        notes = run_notes(session, INDEX, D("2024-05-01"), D("2024-06-28"), asof_members=True)
        assert notes == (f"{INDEX}: {GAP}",)
        assert run_notes(session, INDEX, D("2024-05-01"), D("2024-06-28"), asof_members=False) == ()
        read = run_notes(session, None, D("2024-05-01"), D("2024-06-28"), asof_members=True, read=[INDEX])
        assert read == (f"{INDEX}, read by a strategy: {GAP}",)


def test_the_last_day_of_a_span_is_included_and_an_empty_index_has_nobody(db_session: Session) -> None:
    run = db_session.execute
    run(text("INSERT INTO indices (id, name) VALUES ('NIFTY50', 'Nifty 50'), ('EMPTY', 'Empty')"))
    for n in (1, 2):
        run(
            text("INSERT INTO instruments (id, key, symbol, instrument_type) VALUES (:n, :s, :s, 'EQUITY')"),
            {"n": n, "s": f"S{n}"},
        )
    run(
        text(
            "INSERT INTO index_members (index_id, instrument_id, valid_from, valid_to, basis) VALUES "
            "('NIFTY50', 1, '2014-01-01', '2016-03-31', 'HISTORY'), ('NIFTY50', 2, '2014-01-01', NULL, 'HISTORY'), "
            "('NIFTY50', 1, '2020-01-01', NULL, 'HISTORY')"
        )
    )
    assert belonging(db_session, "NIFTY50", D("2016-03-31"))[:2] == ({1, 2}, True)
    assert belonging(db_session, "NIFTY50", D("2016-04-01"))[:2] == ({2}, True)
    early = belonging(db_session, "NIFTY50", D("2010-01-01"))
    assert (early.ids, early.point_in_time, early.nobody) == (frozenset(), False, True)
    assert belonging(db_session, "EMPTY", D("2020-01-01")).note == "No member of EMPTY is known."
