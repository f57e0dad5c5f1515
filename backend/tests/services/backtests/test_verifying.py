"""`verify` on runs of today's engine, of an older one, and of data that went."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import insert

from app.database import Market
from app.engines.backtest import engine_version
from app.engines.backtest.spec import canonical_json
from app.models import BacktestRun
from app.services.backtests.slices import SCHEME
from app.services.platform import Platform
from tests.services.backtests.asking import answered, asked, verified

OLD = "1.000000000000"


@pytest.fixture(scope="module")
def run(banks: Platform) -> Any:
    spec, _ = answered(banks, asked("sma_cross", ["ITC"], "2015-01-01", "2016-12-30", params={"fast": 5, "slow": 20}))
    with banks.database.transaction(Market.REAL) as session:
        found = banks.runs.find(session, spec.run_id)
        assert found.result  # it is read where it is asked for, and the session ends here
        return found


def stored_as(banks: Platform, run: BacktestRun, spec: dict[str, Any], **columns: Any) -> str:
    """A row like that of a run, with another spec; its id."""
    run_id = hashlib.sha256(canonical_json(spec)).hexdigest()
    names = [column.name for column in BacktestRun.__table__.columns if column.name not in ("created_at", "owner_id")]
    values = {name: getattr(run, name) for name in names} | {"run_id": run_id, "spec": spec} | columns
    with banks.database.transaction(Market.REAL) as session:
        session.execute(insert(BacktestRun).values(**values))
    return run_id


def test_the_same_inputs_are_computed_again_and_compared(banks: Platform, run: Any) -> None:
    assert verified(banks, run.run_id) == {
        "run_id": run.run_id, "outcome": "identical", "changed": [], "note": None, "digest": run.digest,
    }  # fmt: skip


def test_no_connection_is_held_while_a_run_is_computed_again(
    banks: Platform, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed, held = banks.backtests._carried_out, []

    def watched(*given: Any) -> Any:
        held.append(banks.database.engine(Market.REAL).pool.checkedout())  # type: ignore[attr-defined]
        return computed(*given)

    monkeypatch.setattr(banks.backtests, "_carried_out", watched)
    assert verified(banks, run.run_id)["outcome"] == "identical"
    assert held == [0]


def test_another_stored_result_of_the_same_inputs_differs(banks: Platform, run: Any) -> None:
    # the id stands for the same spec, its stored bytes are others: as if somebody had tampered with the result
    run_id = stored_as(banks, run, run.spec, run_id="f" * 64, digest="0" * 64)
    assert run_id == run.run_id  # of the spec
    found = verified(banks, "f" * 64)
    assert (found["outcome"], found["changed"], found["digest"]) == ("differs", [], run.digest)


def test_an_older_engine_never_loses_its_result_and_what_else_changed_is_told(banks: Platform, run: Any) -> None:
    old = stored_as(banks, run, run.spec | {"engine_version": OLD}, engine_version=OLD)
    found = verified(banks, old)
    assert (found["outcome"], found["changed"], found["note"]) == ("inputs_changed", ["engine_version"], None)
    other = run.spec | {"engine_version": OLD, "data_root": f"{SCHEME}." + "0" * 64, "market_rules": "nse@old.old"}
    assert verified(banks, stored_as(banks, run, other))["changed"] == ["engine_version", "data", "market_rules"]
    # asked again, the run is one of today's engine, beside the old one, which is as it was
    spec, _ = answered(banks, asked("sma_cross", ["ITC"], "2015-01-01", "2016-12-30", params={"fast": 5, "slow": 20}))
    assert spec.run_id == run.run_id and spec.engine_version == engine_version()
    with banks.database.transaction(Market.REAL) as session:
        assert banks.runs.find(session, old).result == run.result
        assert banks.runs.find(session, run.run_id).result == run.result


def test_a_field_that_an_older_engine_did_not_have_takes_its_default(banks: Platform, run: Any) -> None:
    books = [{name: value for name, value in book.items() if name != "product"} for book in run.spec["books"]]
    old = {name: value for name, value in run.spec.items() if name != "cash_rates"}
    old |= {"engine_version": OLD, "books": books}
    found = verified(banks, stored_as(banks, run, old))
    assert (found["outcome"], found["changed"], found["note"]) == ("inputs_changed", ["engine_version"], None)


def test_a_spec_that_cannot_be_read_any_more_says_so(banks: Platform, run: Any) -> None:
    found = verified(banks, stored_as(banks, run, run.spec | {"engine_version": OLD, "leverage": 5}))
    assert (found["outcome"], found["changed"]) == ("inputs_changed", ["engine_version"])
    assert found["note"].startswith(f"the spec of engine {OLD} cannot be read by this one: spec: expected exactly")


def test_roots_of_another_kind_are_not_compared(banks: Platform, run: Any) -> None:
    old = run.spec | {"engine_version": OLD, "data_root": "a" * 64, "adjustment": "forward_anchored"}
    found = verified(banks, stored_as(banks, run, old))
    assert found["changed"] == ["engine_version"]
    assert found["note"] == "the identity of its data is written another way now: they cannot be compared"


def test_data_that_went_are_told_and_no_error(banks: Platform, run: Any) -> None:
    gone = run.spec | {"universe": run.spec["universe"] | {"symbols": ["NOSUCH"]}}
    found = verified(banks, stored_as(banks, run, gone))
    assert (found["outcome"], found["changed"]) == ("inputs_changed", ["data"])
    assert found["note"] == "Unknown symbols: NOSUCH"
    edited = run.spec["books"][0] | {"source_hash": "0" * 64}
    assert verified(banks, stored_as(banks, run, run.spec | {"books": [edited]}))["changed"] == ["strategy sma_cross"]
