"""Versions of strategies, and the trial ledger: every specification once, and nothing is taken back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.models import StrategyMetadata, Trial
from app.repositories.strategies import RunRepository, StrategyRepository, TrialEntry, TrialGroup
from app.repositories.sweeps import SweepRepository

pytestmark = pytest.mark.integration


@pytest.fixture
def ledger(db_session: Session) -> RunRepository:
    db_session.add(StrategyMetadata(strategy_id="s", display_name="S", timeframe="1d"))
    db_session.flush()
    return RunRepository(db_session)


def entry(session: Session) -> tuple[str, float | None]:
    session.expire_all()
    trial = session.get_one(Trial, ("h", "s"))
    return trial.outcome, trial.sharpe


def test_a_specification_counts_once_however_often_it_is_run(db_session: Session, ledger: RunRepository) -> None:
    for sharpe in (0.1, 0.2):
        ledger.count_trial("h", ["s"], "r", "SUCCEEDED", sharpe)
    assert entry(db_session) == ("SUCCEEDED", 0.1)
    ledger.count_trial("other", ["s"], "r2", "SUCCEEDED", 0.3)
    assert sum(group.number for group in ledger.trials(["s"])["s"]) == 2


def test_one_that_failed_and_succeeds_later_is_still_one_with_its_sharpe(
    db_session: Session, ledger: RunRepository
) -> None:
    ledger.count_trial("h", ["s"], "r", "FAILED", None)
    ledger.count_trial("h", ["s"], "r", "SUCCEEDED", 0.1)
    ledger.count_trial("h", ["s"], "r", "FAILED", None)
    assert entry(db_session) == ("SUCCEEDED", 0.1)
    assert sum(group.number for group in ledger.trials(["s"])["s"]) == 1


def test_trials_are_told_by_their_records_with_what_their_variance_is_made_of(
    db_session: Session, ledger: RunRepository
) -> None:
    """0.1, 0.2 and 0.6 of one record: mean 0.3, squares 0.04 + 0.01 + 0.09 = 0.14."""
    year = (date(2023, 1, 2), date(2023, 12, 29), 244)
    half = (date(2023, 7, 3), date(2023, 12, 29), 121)
    ledger.count_trial("a", ["s"], "r1", "SUCCEEDED", 0.1, year)
    ledger.count_trial("b", ["s"], "r2", "SUCCEEDED", 0.2, year)
    ledger.count_trial("c", ["s"], "r3", "SUCCEEDED", None, half)  # it bought nothing
    ledger.count_trial("d", ["s"], "r4", "FAILED", None)
    SweepRepository(db_session).count_trials(
        "s",
        [
            TrialEntry("f", "w#1", "SUCCEEDED", 0.9, half),
            TrialEntry("e", "w#0", "SUCCEEDED", 0.6, year),
            TrialEntry("d", "w#2", "SUCCEEDED", 0.8, half),  # what failed before has its record now
            TrialEntry("a", "w#3", "SUCCEEDED", 0.5, half),  # known already, and stays
            TrialEntry("g", "w#4", "FAILED", None, None),
        ],
    )
    found = {group.record: group for group in ledger.trials(["s"])["s"]}
    assert set(found) == {year, half, None}
    assert found[year] == TrialGroup(year, 3, 3, pytest.approx(0.3), pytest.approx(0.14))
    assert found[half] == TrialGroup(half, 3, 2, pytest.approx(0.85), pytest.approx(0.005))
    assert found[None] == TrialGroup(None, 1, 0, 0.0, 0.0)
    assert ledger.trials(["other"]) == {}


def test_two_sources_made_known_at_once_are_two_versions(engine: Engine) -> None:
    """A server and a terminal, one of them after an edit: one of the two had no version, and its run could not be."""
    known = threading.Event()

    def register(source_hash: str) -> None:
        with Session(engine) as session, session.begin():
            repository = StrategyRepository(session)
            if source_hash == "second":
                assert known.wait(30)
            values = {"strategy_id": "mine", "display_name": "Mine", "timeframe": "1d"}
            repository.register(values, source_hash=source_hash, source="", parameters={})
            if source_hash == "first":
                known.set()
                time.sleep(0.5)  # the second one asks meanwhile

    register("at the beginning")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(register, ["first", "second"]))
    with Session(engine) as session:
        versions = StrategyRepository(session).versions("mine")
        assert [(one.number, one.source_hash) for one in versions] == [
            (3, "second"),
            (2, "first"),
            (1, "at the beginning"),
        ]


def test_a_version_is_made_known_while_a_trial_of_the_strategy_is_being_stored(engine: Engine) -> None:
    """A trial names the strategy and holds its row: whoever lists the strategies after an edit does not wait for it."""
    with Session(engine) as known, known.begin():
        known.add(StrategyMetadata(strategy_id="stored", display_name="Stored", timeframe="1d"))
    with Session(engine) as storing, storing.begin():
        RunRepository(storing).count_trial("h", ["stored"], "r", "SUCCEEDED", 0.1)
        with Session(engine) as editing, editing.begin():
            editing.execute(text("SET LOCAL lock_timeout = '2s'"))
            values = {"strategy_id": "stored", "display_name": "Stored", "timeframe": "1d"}
            StrategyRepository(editing).register(values, source_hash="edited", source="", parameters={})
            assert StrategyRepository(editing).version("stored", "edited") is not None
