"""Queries of membership: spans, and how many belong on a day."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.repositories.indices import IndexRepository


@pytest.fixture
def repository(db_session: Session) -> IndexRepository:
    """NIFTY50 with one member that left, one that stays, one known from lists only."""
    run = db_session.execute
    run(text("INSERT INTO indices (id, name) VALUES ('NIFTY50', 'Nifty 50'), ('EMPTY', 'Empty')"))
    for n, symbol in enumerate(("LEFT", "STAYS", "LISTED"), 1):
        run(
            text("INSERT INTO instruments (id, key, symbol, instrument_type) VALUES (:n, :symbol, :symbol, 'EQUITY')"),
            {"n": n, "symbol": symbol},
        )
    run(
        text(
            "INSERT INTO index_members (index_id, instrument_id, valid_from, valid_to, basis) VALUES "
            "('NIFTY50', 1, '2014-01-01', '2016-03-31', 'HISTORY'), ('NIFTY50', 2, '2014-01-01', NULL, 'HISTORY'), "
            "('NIFTY50', 3, '2021-08-01', NULL, 'LIST')"
        )
    )
    return IndexRepository(db_session)


def test_spans_that_touch_a_period_and_todays_members(repository: IndexRepository) -> None:
    assert repository.member_spans("NIFTY50", date(2016, 3, 31), date(2017, 1, 1)) == {
        1: [(date(2014, 1, 1), date(2016, 3, 31))],
        2: [(date(2014, 1, 1), None)],
    }
    assert set(repository.member_spans("NIFTY50", date.max, date.max)) == {2, 3}


def test_counts_leave_out_indices_without_members(repository: IndexRepository) -> None:
    assert [(row["id"], row["count"]) for row in repository.counts(date(2022, 1, 1))] == [("NIFTY50", 2)]
    assert repository.counts(date(2013, 12, 31)) == []  # nobody is known to have belonged
