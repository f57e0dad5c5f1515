"""Walk-forwards over HTTP and from the terminal: stored once, verified, told in words."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from typer.testing import CliRunner

from app.cli import app
from app.database import Market
from app.engines.sweeps.evaluate import Evaluator
from app.engines.sweeps.walk_forward import WalkForwardSpec
from app.exceptions import BacktestError
from app.models import Job
from app.repositories.strategies import RunRepository
from app.repositories.sweeps import WalkForwardRepository
from app.services.backtests.changes import InputsChanged
from app.services.backtests.question import BacktestQuestion
from app.services.sample_market import SampleSummary
from app.services.sweeps import walking_parts, walking_work
from app.services.sweeps.question import SweepQuestion
from app.services.sweeps.walking import WalkForwardQuestion, WalkForwards
from app.services.sweeps.walking_work import track_record
from app.settings import get_settings

from .conftest import copied_database

pytestmark = pytest.mark.integration

URL = "/api/portfolio/strategies/walk-forwards"


def asked(sample: SampleSummary, **changes: Any) -> dict[str, Any]:
    run = {
        "strategy_ids": ["sma_cross"], "universe": sample.indices[0], "start_date": "2024-03-01",
        "end_date": "2024-12-31",
    } | changes.pop("run", {})  # fmt: skip
    return {"run": run, "grid": {"fast": [3, 5], "slow": [10, 15]}, "train": 60, "test": 40} | changes


def stored(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(URL, json=body)
    assert response.status_code in (200, 202), response.text
    if response.status_code == 202:
        job = response.json()["job"]["id"]
        for _ in range(1200):
            found = client.get(f"/api/jobs/{job}").json()
            if found["state"] not in ("QUEUED", "RUNNING"):
                assert found["state"] == "SUCCEEDED", found
                break
            time.sleep(0.1)
    answer = client.get(f"{URL}/{response.json()['walk_forward_id']}")
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def test_a_walk_forward_is_stored_once_counted_verified_and_cannot_be_changed(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    found = stored(sample_client, asked(sample_data))
    assert len(found["sessions"]) == len(found["equity"]) == sum(row["sessions"] for row in found["windows"])
    assert found["windows"][0]["train_start"] == "2024-03-01"
    assert found["metrics"]["total_return"] == pytest.approx(found["equity"][-1] / 1_000_000 - 1.0)
    assert [row["factor"] for row in found["stress"]] == [1, 2, 3]
    assert found["track_record"].split()[0] in ("Needs", "Long", "No")
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        counted = sum(group.number for group in RunRepository(session).trials(["sma_cross"])["sma_cross"])
    windows = len(found["windows"])
    # four points in each training, one run in each test, four over all tests
    assert counted == windows * 5 + 4 == found["significance"]["trials"]
    again = sample_client.post(URL, json=asked(sample_data))
    assert again.status_code == 200 and again.json()["job"] is None
    assert sample_client.get(URL).json()["meta"]["total"] == 1
    verified = sample_client.post(f"{URL}/{found['walk_forward_id']}/verify").json()
    assert verified["outcome"] == "identical" and verified["digest"] == found["digest"]
    for change in ("UPDATE walk_forwards SET digest = 'x'", "DELETE FROM walk_forwards", "TRUNCATE walk_forwards"):
        with pytest.raises(DBAPIError), platform.database.transaction(Market.REAL) as session:
            session.execute(text(change))


def test_windows_count_as_trials_and_do_not_widen_the_spread_that_deflates_a_whole_record(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    """Sixty sessions spread a Sharpe by about 1/60 a session whatever they are of: the spread that deflates a longer
    record is told by the points over all tested sessions alone."""
    found = stored(sample_client, asked(sample_data))
    left = found["significance"]
    sweep = sample_client.post(
        "/api/portfolio/strategies/sweeps",
        json={
            "run": {
                "strategy_ids": ["sma_cross"], "universe": sample_data.indices[0],
                "start_date": found["windows"][0]["test_start"], "end_date": found["windows"][-1]["test_end"],
            },
            "grid": {"fast": [3, 5], "slow": [10, 15]},
        },
    ).json()["sweep"]["sweep_id"]  # fmt: skip
    url = f"/api/portfolio/strategies/sweeps/{sweep}"
    for _ in range(600):
        if sample_client.get(url).json()["state"] == "FINISHED":
            break
        time.sleep(0.1)
    points = sample_client.get(f"{url}/points").json()["data"]
    sharpes = [point["metrics"]["sharpe"] / 252**0.5 for point in points]
    assert len(sharpes) == 4
    assert left["trials"] == len(found["windows"]) * 5 + 4
    assert left["trial_sharpe_variance"] == pytest.approx(statistics.variance(sharpes), rel=1e-9)
    assert (left["trials_compared"], left["trials_unknown"]) == (4, 0)
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        groups = RunRepository(session).trials(["sma_cross"])["sma_cross"]
    # each choice's points and each test keep their Sharpe with the record that it is of
    trained = [group for group in groups if group.record is not None and group.record[2] == 59]
    assert [group.number for group in trained] == [4] * len(found["windows"])
    assert all(group.known == 4 for group in trained)
    # the same four are no new trials
    again = sample_client.get(f"{url}/overfitting").json()["bases"][0]["best"]["significance"]
    assert again["trials"] == left["trials"]
    assert again["trial_sharpe_variance"] == pytest.approx(left["trial_sharpe_variance"])


def test_verifying_is_a_job_that_tells_its_outcome_and_can_be_cancelled(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored(sample_client, asked(sample_data))
    run = sample_client.post("/api/portfolio/strategies/backtest", json=asked(sample_data)["run"]).json()
    places = {
        f"{URL}/{found['walk_forward_id']}/verify": found["digest"],
        f"/api/portfolio/strategies/runs/{run['run_id']}/verify": run["digest"],
    }

    def ended(job_id: str) -> dict[str, Any]:
        for _ in range(600):
            job: dict[str, Any] = sample_client.get(f"/api/jobs/{job_id}").json()
            if job["state"] not in ("QUEUED", "RUNNING"):
                return job
            time.sleep(0.05)
        raise AssertionError(job)

    for url, digest in places.items():
        accepted = sample_client.post(f"{url}?wait=0")
        assert accepted.status_code == 202, accepted.text
        job = ended(accepted.json()["job"]["id"])
        assert job["state"] == "SUCCEEDED" and job["result"]["outcome"] == "identical"
        assert job["result"]["digest"] == digest
        assert sample_client.post(f"{url}?wait=60").json() == job["result"]
    chunk = Evaluator.chunk

    def slow(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        time.sleep(0.6)
        return chunk(self, first, after, **more)

    monkeypatch.setattr(Evaluator, "chunk", slow)
    first, second = (sample_client.post(f"{next(iter(places))}?wait=0").json()["job"]["id"] for _ in range(2))
    assert first == second  # the one at work
    for _ in range(200):
        if sample_client.get(f"/api/jobs/{first}").json()["progress"] > 0.0:
            break
        time.sleep(0.05)
    assert sample_client.post(f"/api/jobs/{first}/cancel").status_code == 200
    assert ended(first)["state"] == "CANCELLED"
    monkeypatch.undo()
    assert sample_client.post(f"{next(iter(places))}?wait=60").json()["outcome"] == "identical"


class Killed(BaseException):
    """What no handler of errors catches."""


def test_a_walk_forward_killed_at_every_point_goes_on_without_working_out_or_counting_anything_twice(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    # two stretches in each window
    monkeypatch.setattr("app.engines.sweeps.walk_forward.stretch_of", lambda _strategy, _inputs: 3)
    walks: WalkForwards = sample_client.app.state.platform.walk_forwards  # type: ignore[attr-defined]
    database = sample_client.app.state.platform.database  # type: ignore[attr-defined]
    worked: list[object] = []
    chunk, plain, keep = Evaluator.chunk, walking_work._test_run, walking_parts.Parts._keep

    def counted(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        worked.append((self.points.spec.bases[0].start, self.points.spec.bases[0].end, first))
        return chunk(self, first, after, **more)

    def counting(catalogue: Any, strategy: Any) -> Any:
        run = plain(catalogue, strategy)

        def tested(spec: Any, inputs: Any, factor: int) -> Any:
            worked.append((spec.start, factor))
            return run(spec, inputs, factor)

        return tested

    def dies_after(self: Any, number: int, body: bytes, tried: Any) -> None:
        keep(self, number, body, tried)
        raise Killed

    def ledger() -> int:
        with database.transaction(Market.REAL) as session:
            return sum(group.number for group in RunRepository(session).trials(["sma_cross"]).get("sma_cross", []))

    monkeypatch.setattr(Evaluator, "chunk", counted)
    monkeypatch.setattr(walking_work, "_test_run", counting)
    monkeypatch.setattr(walking_parts.Parts, "_keep", dies_after)
    question = WalkForwardQuestion(
        SweepQuestion(
            BacktestQuestion(
                strategy_ids=("sma_cross",), params={}, universe=sample_data.indices[0],
                start=date(2024, 3, 1), end=date(2024, 8, 31),
            ),
            {"fast": [3, 5], "slow": [10, 15]},
        ), 60, 30,
    )  # fmt: skip
    spec = walks.prepare(Market.REAL, question)
    deaths, before = 0, 0
    while True:
        try:
            walks.execute(Market.REAL, spec, progress=lambda *_: None)
            break
        except Killed:
            deaths += 1
            assert ledger() >= before
            before = ledger()
            assert deaths < 100
    windows = len(walks_of(sample_client, spec.walk_forward_id)["windows"])
    # two stretches in each training, each test at three levels of costs, two stretches over all tests, two in each test
    assert windows >= 2 and len(worked) == len(set(worked)) == 2 * windows + 3 * windows + 2 + 2 * windows
    assert deaths >= windows + 3 * windows + 2  # stretches that are worked out together may die together
    assert ledger() == windows * 5 + 4  # what was tried over all tests is no new trial in each
    with database.transaction(Market.REAL) as session:
        assert session.scalar(text("SELECT count(*) FROM walk_forward_parts")) == 0
    # as if it had never been killed
    verified = sample_client.post(f"{URL}/{spec.walk_forward_id}/verify").json()
    assert verified["outcome"] == "identical", verified


def walks_of(client: TestClient, walk_forward_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{URL}/{walk_forward_id}").json()
    return found


def test_a_cancelled_walk_forward_leaves_nothing_but_what_was_counted(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    chunk = Evaluator.chunk

    def slow(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        time.sleep(0.6)
        return chunk(self, first, after, **more)

    def parts() -> int:
        with platform.database.transaction(Market.REAL) as session:
            return int(session.scalar(text("SELECT count(*) FROM walk_forward_parts")) or 0)

    monkeypatch.setattr(Evaluator, "chunk", slow)
    first = sample_client.post(URL, json=asked(sample_data)).json()
    again = sample_client.post(URL, json=asked(sample_data)).json()
    assert again["job"]["id"] == first["job"]["id"]  # the one at work, not a second one
    for _ in range(400):
        if parts():
            break
        time.sleep(0.02)
    assert parts() > 0
    sample_client.post(f"/api/jobs/{first['job']['id']}/cancel")
    for _ in range(400):
        job = sample_client.get(f"/api/jobs/{first['job']['id']}").json()
        if job["state"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.05)
    assert job["state"] == "CANCELLED"
    assert parts() == 0 and sample_client.get(URL).json()["meta"]["total"] == 0
    with platform.database.transaction(Market.REAL) as session:
        groups = RunRepository(session).trials(["sma_cross"])["sma_cross"]
        assert sum(group.number for group in groups) >= 4  # what was tried was tried
    with platform.database.transaction(Market.REAL) as session:
        # one that waits again after its server died, with parts kept; in the table alone, so that no worker takes it
        waiting = Job(id=uuid.uuid4(), kind="walk_forward", market="real", arguments={"walk_forward_id": "0" * 64})
        session.add(waiting)
        WalkForwardRepository(session).add_part("0" * 64, 0, "1", b"")
        job_id = waiting.id
    assert sample_client.post(f"/api/jobs/{job_id}/cancel").json()["state"] == "CANCELLED"
    assert parts() == 0


def test_what_a_killed_walk_forward_left_goes_after_thirty_days_unless_a_job_will_go_on_with_it(
    sample_client: TestClient,
) -> None:
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    walks: WalkForwards = platform.walk_forwards
    waits, forgotten, going_on, recent = (digit * 64 for digit in "abcd")
    ages = {waits: [40], forgotten: [40, 31], going_on: [40, 29], recent: [1]}  # days, of each part
    with platform.database.transaction(Market.REAL) as session:
        session.add(Job(id=uuid.uuid4(), kind="walk_forward", market="real", arguments={"walk_forward_id": waits}))
        for name, days in ages.items():
            for number, age in enumerate(days):
                WalkForwardRepository(session).add_part(name, number, "1", b"")
                session.execute(
                    text("UPDATE walk_forward_parts SET kept_at = now() - :age WHERE walk_forward_id = :name "
                         "AND number = :number"),
                    {"age": timedelta(days=age), "name": name, "number": number},
                )  # fmt: skip
    assert walks.purge(Market.REAL, datetime.now(UTC)) == 2
    platform.queue_nightly()  # asks for the same, and finds nothing more
    with platform.database.transaction(Market.REAL) as session:
        left = session.scalars(text("SELECT DISTINCT walk_forward_id FROM walk_forward_parts ORDER BY 1")).all()
        assert left == [waits, going_on, recent]
        session.execute(text("UPDATE walk_forward_parts SET kept_at = now() - interval '31 days'"))
        session.execute(text("UPDATE jobs SET state = 'FAILED' WHERE kind = 'walk_forward'"))
    platform.queue_nightly()
    with platform.database.transaction(Market.REAL) as session:
        assert session.scalar(text("SELECT count(*) FROM walk_forward_parts")) == 0


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"train": 400}, 422, "train"),
        ({"test": 2}, 422, "test"),
        ({"metric": "volatility"}, 422, None),
        ({"mode": "sliding"}, 422, None),
        ({"grid": {"quick": [3]}}, 422, "grid.quick"),
        ({"grid": {}}, 422, "grid"),
    ],
)
def test_a_bad_question_is_refused_by_its_field(
    shared_sample: TestClient, sample_data: SampleSummary, changes: dict[str, Any], status: int, field: str | None
) -> None:
    response = shared_sample.post(URL, json=asked(sample_data, **changes))
    assert response.status_code == status, response.text
    if field is not None:
        assert response.json()["error"]["details"]["field"] == field


def test_what_is_not_there_is_said(shared_sample: TestClient) -> None:
    assert shared_sample.get(f"{URL}/{'0' * 64}").status_code == 404
    assert shared_sample.post(f"{URL}/{'0' * 64}/verify").status_code == 404


def test_the_track_record_in_words() -> None:
    # 1,533 sessions needed, 500 there: 1,033 / 252 = 4.1 years more
    told = {"min_track_record_sessions": 1533, "reasons": {}}
    assert track_record(told, 500, 252) == (
        "Needs 4.1 more years: a Sharpe like this is above zero with 95 % confidence after 6.1, and 2.0 were tested."
    )
    assert track_record(told, 1600, 252).startswith("Long enough: 6.3 years tested, 6.1 are needed")
    why = {"min_track_record_sessions": None, "reasons": {"min_track_record_sessions": "the Sharpe is not above"}}
    assert track_record(why, 500, 252) == "No length can be told: the Sharpe is not above."


def test_the_terminal_walks_the_same_way(
    postgres: str, sample_template: str, sample_data: SampleSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied_database(postgres, sample_template) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
        get_settings.cache_clear()
        call = ["walkforward", "sma_cross", "--grid", "fast=3,5", "--grid", "slow=10,15", "--train", "60",
                "--test", "40", "--universe", sample_data.indices[0], "--from", "2024-03-01"]  # fmt: skip
        result = CliRunner().invoke(app, [*call, "--json"])
        assert result.exit_code == 0, result.output
        answer = json.loads(result.stdout)
        assert len(answer["windows"]) == 4 and answer["mode"] == "rolling"
        shown = CliRunner().invoke(app, call)
        assert shown.exit_code == 0 and "The choice changed" in shown.stdout
        assert answer["track_record"] in shown.stdout
        refused = CliRunner().invoke(app, [*call, "--train", "4000"])
        assert refused.exit_code == 1 and "train: 4000 sessions of training" in refused.stderr


def test_a_search_of_another_version_is_not_worked_out_by_this_one(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    """A job may wait while the product is brought up to date; its result would stand under the old one's name."""
    found = stored(sample_client, asked(sample_data))
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    spec = WalkForwardSpec.from_dict(found["spec"])
    for old, changed in (
        (replace(spec, method="0" * 12), "method"),
        (replace(spec, base=replace(spec.base, engine_version="0" * 12)), "engine_version"),
    ):
        with pytest.raises(InputsChanged, match="ask for it again") as refused:
            platform.walk_forwards.execute(Market.REAL, old, progress=lambda _fraction, _message: None)
        assert refused.value.details == {"changed": [changed]}
        with platform.database.transaction(Market.REAL) as session:
            assert WalkForwardRepository(session).get(old.walk_forward_id) is None
    with pytest.raises(InputsChanged):
        platform.walk_forwards._work.strategy(old.sweep(old.base))  # which is where a sweep begins, too


def test_what_stops_a_verification_is_not_told_as_changed_inputs(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored(sample_client, asked(sample_data))
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(walking_work, "walk_forward", away)
    with pytest.raises(OperationalError):
        platform.walk_forwards.verify(Market.REAL, found["walk_forward_id"])
    monkeypatch.setattr(walking_work, "walk_forward", lambda *_, **__: 1 / 0)
    with pytest.raises(BacktestError, match="stopped"):
        platform.walk_forwards.verify(Market.REAL, found["walk_forward_id"])
