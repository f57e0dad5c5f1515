"""`smarttrader sweep`: the same sweep that the API makes, and what bad options are told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.database import Market
from app.exceptions import BacktestError
from app.services.backtests.service import BacktestService
from app.services.sample_market import SampleSummary
from app.settings import get_settings

from .conftest import copied_database, served_application

pytestmark = pytest.mark.integration

CALL = ("sweep", "sma_cross", "--grid", "fast=3,5,8", "--grid", "slow=5:20:5", "--from", "2024-03-01")


@pytest.fixture
def home(postgres: str, sample_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with the small market as its real one."""
    with copied_database(postgres, sample_template) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
        get_settings.cache_clear()
        yield tmp_path


def called(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_sweep_is_worked_out_printed_and_not_worked_out_again(home: Path, sample_data: SampleSummary) -> None:
    answer = called(*CALL, "--universe", sample_data.indices[0])
    assert answer["state"] == "FINISHED" and answer["done"] == 10 and answer["refused"] == 2
    sharpes = [point["metrics"]["sharpe"] for point in answer["top"]]
    assert len(sharpes) == 10 and sharpes == sorted(sharpes, reverse=True)
    assert answer["overfitting"]["bases"][0]["best"]["significance"]["trials"] == 10
    again = called("sweep", "--resume", answer["sweep_id"])
    assert again == answer
    text = CliRunner().invoke(app, ["sweep", "--resume", answer["sweep_id"]])
    assert text.exit_code == 0 and "probability of overfitting" in text.stdout
    assert "after 10 trials" in text.stdout


def test_a_sweep_of_another_engine_is_told_to_be_asked_for_again(
    home: Path, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr("app.services.backtests.changes.engine_version", lambda: "of tomorrow")
        for _ in range(2):
            refused = CliRunner().invoke(app, [*CALL, "--universe", sample_data.indices[0]])
            assert refused.exit_code == 1 and refused.stderr.endswith("this is of tomorrow: ask for it again\n")
    answer = called(*CALL, "--universe", sample_data.indices[0])
    assert (answer["state"], answer["reason"], answer["done"]) == ("FINISHED", None, 10)


def test_verify_looks_at_the_other_runs_where_one_stops(
    home: Path, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("backtest", "sma_cross", "--universe", sample_data.indices[0], "--from", "2024-09-01")
    ids = [called(*call, "--seed", str(seed))["run_id"] for seed in (1, 2)]
    computed = BacktestService.verify

    def stops(self: BacktestService, market: Market, run_id: str) -> dict[str, Any]:
        if run_id == ids[0]:
            raise BacktestError("The run stopped: it took longer than a strategy may")
        return computed(self, market, run_id)

    monkeypatch.setattr(BacktestService, "verify", stops)
    result = CliRunner().invoke(app, ["verify", "--all", "--json"])
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert (first["outcome"], first["note"]) == ("stopped", "The run stopped: it took longer than a strategy may")
    assert (second["run_id"], second["outcome"]) == (ids[1], "identical")
    assert CliRunner().invoke(app, ["verify", ids[0]]).stderr == f"{first['note']}\n"


def test_the_json_of_both_commands_is_what_the_api_answers(
    home: Path, postgres: str, sample_data: SampleSummary
) -> None:
    """Every member, each measured point, the doubt and the trials; of the walk-forward all of it."""
    asked = ("--universe", sample_data.indices[0], "--costs", "zerodha", "--slippage-bps", "5", "--max-positions", "4")
    swept = called(*CALL, *asked)
    walked = called("walk-forward", "sma_cross", "--grid", "fast=3,5", "--grid", "slow=10,15", "--train", "60",
                    "--test", "40", "--from", "2024-03-01", *asked)  # fmt: skip
    swept = called("sweep", "--resume", swept["sweep_id"])  # the walk-forward has added to the trials
    with served_application(os.environ["DATABASE_URL"], home / "home", home) as client:
        url = f"/api/portfolio/strategies/sweeps/{swept['sweep_id']}"
        shown = client.get(url).json()
        top = client.get(f"{url}/points?limit=10").json()["data"]
        assert swept == {**shown, "top": top, "overfitting": client.get(f"{url}/overfitting").json()}
        assert walked == client.get(f"/api/portfolio/strategies/walk-forwards/{walked['walk_forward_id']}").json()
        # and it is the same question there: nothing is worked out again
        run = {
            "strategy_ids": ["sma_cross"], "universe": sample_data.indices[0], "start_date": "2024-03-01",
            "end_date": shown["end_date"], "costs": "zerodha", "slippage_bps": 5, "max_positions": 4,
        }  # fmt: skip
        again = client.post("/api/portfolio/strategies/sweeps", json={
            "run": run, "grid": {"fast": [3, 5, 8], "slow": {"start": 5, "stop": 20, "step": 5}}})  # fmt: skip
        assert again.status_code == 200 and again.json()["sweep"]["sweep_id"] == swept["sweep_id"]
        again = client.post("/api/portfolio/strategies/walk-forwards", json={
            "run": run, "grid": {"fast": [3, 5], "slow": [10, 15]}, "train": 60, "test": 40})  # fmt: skip
        assert again.status_code == 200 and again.json()["walk_forward_id"] == walked["walk_forward_id"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name a strategy to search"),
        (("sma_cross",), "--grid is missing"),
        (("sma_cross", "--grid", "fast=3", "--grid", "fast=5"), "--grid fast: given twice"),
        (("sma_cross", "--grid", "fast"), "--grid fast: expected NAME=START:STOP:STEP or NAME=A,B,C"),
        (("sma_cross", "--grid", "fast=3:5"), "--grid fast=3:5: expected START:STOP:STEP, got 2 parts"),
        (("sma_cross", "--grid", "fast=x"), "--grid fast x: expected a number"),
        (("sma_cross", "--grid", "quick=3"), "grid.quick: sma_cross has no such parameter"),
        (("sma_cross", "--grid", "fast=nan"), "grid.fast: expected a number, got nan"),
        (("sma_cross", "--grid", "fast=3,inf"), "grid.fast: expected a number, got inf"),
        (("sma_cross", "--grid", "fast="), "--grid fast=: expected NAME=START:STOP:STEP or NAME=A,B,C"),
        (("sma_cross", "--grid", "fast=3,,5"), "--grid fast : expected a number"),
        (("sma_cross", "--grid", "fast=3.5"), "grid.fast: expected a whole number from"),
        (("sma_cross", "--grid", "fast=9:3:1"), "grid.fast: expected a step above 0 and a stop not below the start"),
        (("sma_cross", "--grid", "fast=2:9:0"), "grid.fast: expected a step above 0 and a stop not below the start"),
        (("sma_cross", "--grid", "fast=2:1e9:1"), "grid.fast: expected at most 100,000 values, got 999,999,999"),
        (("sma_cross", "--grid", "fast=2:3:1e-320"), "grid.fast: expected at most 100,000 values"),
        (("rsi2", "--grid", "trend=2:500:1", "--grid", "exit=2:100:1", "--grid", "threshold=1:50:1"),
         "grid: expected at most 1,000,000 points, got 2,470,050"),
        (("sma_cross", "--grid", "fast=3", "--param", "fast=4"), "grid.fast: it is given a value of its own"),
        (("sma_cross", "--grid", "fast=3", "--param", "slow=9", "--param", "slow=8"), "--param slow=8: slow was given"),
        (("sma_cross", "--grid", "fast=3", "--from", "2024-05-01", "--to", "2024-04-01"), "--to 2024-04-01 lies"),
        (("sma_cross", "--grid", "fast=3", "--period", "2024-05-01:2024-04-01"), "periods: 2024-04-01 lies before"),
        (("sma_cross", "--grid", "fast=3", "--period", "2024-01-01:2024-04-01", "--period", "2024-01-01:2024-04-01"),
         "periods.1: it is periods.0 again; expected each once"),
        (("sma_cross", "--grid", "fast=3", "--random", "0"), "random: expected 1 to 1 draws"),
        (("sma_cross", "--grid", "fast=3", "--universe", "NIFTY50@now"), "expected @point-in-time or @today"),
        (("sma_cross", "--grid", "fast=3", "--universe", "A", "--universe", "B@today"), "for all of them alike"),
        (("sma_cross", "--grid", "fast=3", "--run-seed", "-1"), "seed: expected a whole number from 0 to 4294967295"),
        (("sma_cross", "--grid", "fast=3", "--period", "2024-01-01"), "--period 2024-01-01: expected"),
        (("--resume", "0" * 64), "does not exist"),
        (("sma_cross", "--resume", "0" * 64), "Name a strategy to search, or --resume"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(home: Path, sample_data: SampleSummary, arguments: tuple[str, ...], told: str) -> None:
    if "--universe" not in arguments and "--resume" not in arguments:
        arguments = (*arguments, "--universe", sample_data.indices[0]) if arguments else ()
    result = CliRunner().invoke(app, ["sweep", *arguments])
    assert result.exit_code == 1 and told in result.stderr
