"""`smarttrader sweep`: the same sweep that the API makes, and what bad options are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.services.sample_market import SampleSummary
from app.settings import get_settings

from .conftest import copied_database

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
        (("sma_cross", "--grid", "fast=3", "--period", "2024-01-01"), "--period 2024-01-01: expected"),
        (("--resume", "0" * 64), "does not exist"),
        (("sma_cross", "--resume", "0" * 64), "Name a strategy to search, or --resume"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(home: Path, arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(app, ["sweep", *arguments])
    assert result.exit_code == 1 and told in result.stderr
