"""Proofs are searched once for a version and its parameters, kept, and shown with what they bar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from app.cli import app
from app.database import Database, Market
from app.engines.evidence.lookahead import LEAK, PASSED
from app.engines.strategies.registry import registry
from app.exceptions import ValidationError
from app.models import StrategyVersion
from app.repositories.strategies import StrategyRepository
from app.services import proofs
from app.settings import Settings
from tests.engines.evidence.museum.leaks import ShiftedByMinusOne

pytestmark = pytest.mark.integration

SMA = registry()["sma_cross"]


@pytest.fixture
def version(db_session: Session) -> StrategyVersion:
    """The present version of sma_cross, known to the database."""
    strategy = SMA
    repository = StrategyRepository(db_session)
    values = {"strategy_id": "sma_cross", "display_name": "S", "timeframe": "1d"}
    repository.register(values, source_hash=strategy.source_hash, source="", parameters={})
    return db_session.scalars(select(StrategyVersion)).one()


@dataclass
class Counted:
    """How often the search was made."""

    number: int = 0


def within(session: Session) -> Callable[[], AbstractContextManager[Session]]:
    """A transaction of the test's own, which is rolled back, in place of one for each step."""
    return lambda: nullcontext(session)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted, real = Counted(), proofs.prove

    def prove(*args: Any, **more: Any) -> Any:
        counted.number += 1
        return real(*args, **more)

    monkeypatch.setattr(proofs, "prove", prove)
    return counted


def test_a_proof_is_searched_once_and_kept(db_session: Session, version: StrategyVersion, searches: Counted) -> None:
    first = proofs.ensure_proof(within(db_session), SMA)
    assert first["outcome"] == PASSED and first["params"] == {"fast": 20, "slow": 50}
    db_session.expire_all()
    assert proofs.ensure_proof(within(db_session), SMA, {"fast": 20.0}) == first  # 20.0 and 20 are one parameter
    assert searches.number == 1
    proofs.ensure_proof(within(db_session), SMA, {"fast": 5})
    proofs.ensure_proof(within(db_session), SMA, timeframe="1h")
    assert searches.number == 3 and version.proof is not None and len(version.proof) == 3
    assert proofs.default_proof(SMA, version) == first


def test_no_transaction_is_open_while_a_proof_is_searched(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real, open_now, seen = proofs.prove, [0], list[int]()

    def prove(*args: Any, **more: Any) -> Any:
        seen.append(open_now[0])
        return real(*args, **more)

    monkeypatch.setattr(proofs, "prove", prove)
    with Database(settings) as database:

        @contextmanager
        def transaction() -> Iterator[Session]:
            open_now[0] += 1
            with database.transaction(Market.REAL) as session:
                yield session
            open_now[0] -= 1

        report = proofs.ensure_proof(transaction, SMA)
        assert proofs.ensure_proof(transaction, SMA) == report  # it is kept all the same
    assert seen == [0]


def test_a_new_method_searches_again(
    db_session: Session, version: StrategyVersion, searches: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs.ensure_proof(within(db_session), SMA)
    monkeypatch.setattr(proofs, "proof_version", lambda: "another")
    proofs.ensure_proof(within(db_session), SMA)
    assert searches.number == 2


def test_a_proof_of_another_source_is_not_shown(db_session: Session, version: StrategyVersion) -> None:
    proofs.ensure_proof(within(db_session), SMA)
    version.source_hash = "0" * 64
    assert proofs.default_proof(SMA, version) is None


def test_only_so_many_are_kept(db_session: Session, version: StrategyVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "KEPT", 2)
    for fast in (3, 4, 5):
        proofs.ensure_proof(within(db_session), SMA, {"fast": fast})
    assert version.proof is not None and len(version.proof) == 1


def test_wrong_questions_are_named(db_session: Session) -> None:
    with pytest.raises(ValidationError, match="expected a window shorter"):
        proofs.ensure_proof(within(db_session), SMA, {"fast": 60})


def test_bars_of_a_length_without_a_market_are_said_to_be_untested(db_session: Session) -> None:
    proof = proofs.ensure_proof(within(db_session), SMA, timeframe="1w")
    assert proof["outcome"] == "not_tested"
    [said] = proofs.warnings([{"strategy_id": "sma_cross", "proof": proof}])
    assert said.startswith("LOOK-AHEAD NOT RULED OUT: sma_cross: Nothing was tested")


def test_a_leak_is_a_warning_with_bar_symbol_and_field(db_session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ShiftedByMinusOne, "source_hash", "1" * 64)
    proof = proofs.ensure_proof(within(db_session), ShiftedByMinusOne())
    assert proof["outcome"] == LEAK
    found = proof["findings"][0]
    [said] = proofs.warnings([{"strategy_id": "exhibit", "proof": proof}])
    assert said.startswith("LOOK-AHEAD: exhibit: ") and found["field"] == "entry"
    for word in (found["session"], found["symbol"], "entry"):
        assert word in said


def test_where_there_is_no_proof_none_is_made_up(db_session: Session, version: StrategyVersion) -> None:
    book = {"strategy_id": "sma_cross", "source_hash": version.source_hash, "params": {"fast": 20, "slow": 50}}
    assert proofs.proofs_of(db_session, [book], "1d") == [{"strategy_id": "sma_cross", "proof": None}]
    assert proofs.warnings([{"strategy_id": "sma_cross", "proof": None}]) == []
    proofs.ensure_proof(within(db_session), SMA)
    assert proofs.proofs_of(db_session, [book], "1d")[0]["proof"]["outcome"] == PASSED


def test_the_command_refuses_what_it_cannot_read() -> None:
    run = CliRunner().invoke
    assert run(app, ["strategy", "proof"]).exit_code == 1
    assert run(app, ["strategy", "proof", "sma_cross", "--timeframe", "2h"]).exit_code == 1
    assert run(app, ["strategy", "proof", "sma_cross", "--param", "fast"]).exit_code == 1
    assert run(app, ["strategy", "proof", "--run", "x", "--param", "fast=3"]).exit_code == 1


def test_the_report_is_json(db_session: Session) -> None:
    assert (
        json.loads(json.dumps(proofs.ensure_proof(within(db_session), registry()["rsi2"]), allow_nan=False))["outcome"]
        == PASSED
    )
