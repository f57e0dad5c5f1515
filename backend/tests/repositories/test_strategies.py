"""The trial ledger: every specification once, and nothing is taken back."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.models import StrategyMetadata, Trial
from app.repositories.strategies import RunRepository

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
    assert ledger.trials(["s"])["s"][0] == 2


def test_one_that_failed_and_succeeds_later_is_still_one_with_its_sharpe(
    db_session: Session, ledger: RunRepository
) -> None:
    ledger.count_trial("h", ["s"], "r", "FAILED", None)
    ledger.count_trial("h", ["s"], "r", "SUCCEEDED", 0.1)
    ledger.count_trial("h", ["s"], "r", "FAILED", None)
    assert entry(db_session) == ("SUCCEEDED", 0.1)
    assert ledger.trials(["s"])["s"][0] == 1
