"""`smarttrader walkforward --bars`: each choice and each test is the run of it on the file, and nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app

DAYS = np.datetime64("2023-01-02") + np.arange(300)
WALK = ("walkforward", "sma_cross", "--grid", "fast=3,8", "--grid", "slow=10:20:10", "--train", "100", "--test", "60")


@pytest.fixture
def bars(tmp_path: Path) -> str:
    """Three hundred days of one stock."""
    chance = np.random.default_rng(9)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0.0005, 0.02, 300))), 2)
    rows = [f"{d},{c},{c + 1},{c - 1},{c},{n % 7 * 1000}" for n, (d, c) in enumerate(zip(DAYS, close, strict=True))]
    file = tmp_path / "stock.csv"
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    return str(file)


def called(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize(
    "terms",
    [
        (),
        ("--fractional", "--costs", "bps:25", "--slippage-bps", "5"),
        ("--anchored", "--purge", "3", "--embargo", "2", "--metric", "total_return", "--costs", "zerodha"),
        ("--from", "2023-02-11", "--volume-cap", "0.1", "--unfilled", "carry", "--fill-at", "this_close"),
    ],
)
def test_every_choice_and_every_test_is_the_run_of_it_on_the_file(bars: str, terms: tuple[str, ...]) -> None:
    """Each test begins with what the one before ended with; each choice has the best run of its training."""
    found = called(*WALK, "--bars", bars, *terms)
    walk = {"--anchored", "--purge", "--embargo", "--metric", "3", "2", "total_return", "--from", "2023-02-11"}
    of_runs = [word for word in terms if word not in walk]

    def run(params: dict[str, Any], first: str, last: str, capital: float) -> dict[str, Any]:
        words = [word for name, value in params.items() for word in ("--param", f"{name}={value}")]
        span = ("--from", first, "--to", last, "--capital", repr(capital))
        return called("backtest", "sma_cross", *words, "--bars", bars, *span, *of_runs)

    metric, capital = found["metric"], 1_000_000.0
    assert found["universe"] == "stock" and len(found["windows"]) >= 3
    first = found["windows"][0]
    for fast in (3, 8):
        for slow in (10, 20):
            one = run({"fast": fast, "slow": slow}, first["train_start"], first["train_end"], 1_000_000.0)
            chosen = first["params"] == {"fast": fast, "slow": slow}
            assert (one["metrics"][metric] == pytest.approx(first["trained"], rel=1e-9)) == chosen
            assert one["metrics"][metric] <= first["trained"] * (1 + 1e-9) or first["trained"] < 0.0
    at = 0
    for row in found["windows"]:
        one = run(row["params"], row["test_start"], row["test_end"], capital)
        value = one["metrics"][metric]
        assert row["tested"] == (None if value is None else pytest.approx(value, rel=1e-9))
        assert found["equity"][at + row["sessions"] - 1] == pytest.approx(one["metrics"]["final_equity"], rel=1e-12)
        capital, at = one["metrics"]["final_equity"], at + row["sessions"]
    assert at == len(found["equity"])
    # every point in each training, a run in each test, every point over all tests
    windows = len(found["windows"])
    assert found["significance"]["trials"] == 4 * windows + windows + 4
    assert found["benchmarks"][0]["equity"] is None  # which index a file belongs to is not known
    assert any("is not kept, and what it tried is in no ledger" in note for note in found["notes"])
    assert called(*WALK, "--bars", bars, *terms)["digest"] == found["digest"]


def test_it_is_printed_with_what_it_rests_on(bars: str) -> None:
    result = CliRunner().invoke(app, [*WALK, "--bars", bars])
    assert result.exit_code == 0, result.output
    assert (
        "The bars are those of stock.csv" in result.stdout and "A walk-forward of a file is not kept" in result.stdout
    )
    assert "The choice changed" in result.stdout and "Each test begins in cash" in result.stdout


def test_a_file_of_half_hours_walks_by_sessions(tmp_path: Path) -> None:
    """Sixty days of three bars: trained on 30, tested on 20; the last ten are a shorter test."""
    chance = np.random.default_rng(2)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0.0, 0.01, 180))), 2)
    times = [f"{day}T{hour}:00" for day in DAYS[:60] for hour in ("09:15", "09:45", "10:15")]
    file = tmp_path / "half.csv"
    rows = [f"{at},{c},{c + 1},{c - 1},{c},1000" for at, c in zip(times, close, strict=True)]
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    call = ("walkforward", "sma_cross", "--grid", "fast=2,3", "--param", "slow=5", "--train", "30", "--test", "20")
    found = called(*call, "--bars", str(file), "--timeframe", "30m")
    assert [row["sessions"] for row in found["windows"]] == [20, 10]
    assert found["sessions"] == [str(day) for day in DAYS[30:60]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--symbols", "INFY"), "--universe and --symbols go with stored bars"),
        (("--universe", "NIFTY50"), "--universe and --symbols go with stored bars"),
        (("--market", "nse"), "--market nse goes with stored bars"),
        (("--benchmark", "NIFTY 50"), "--benchmark goes with stored bars"),
        (("--strict-actions",), "--strict-actions goes with stored bars"),
        (("--grid", "quick=3"), "grid.quick: sma_cross has no such parameter"),
        (("--param", "speed=3"), "sma_cross has no such parameter"),
        (("--from", "2030-01-01"), "no bar from 2030-01-01 on; it has"),
        (("--train", "4000"), "train: 4000 sessions of training and 0 left out need 4005 sessions or more, the period"),
        (("--test", "2"), "test: expected 5 sessions or more, got 2"),
        (("--embargo", "-1"), "embargo: expected 0 sessions or more, got -1"),
        (("--metric", "volatility"), "metric: expected one of sharpe"),
        (("--fractional", "--costs", "zerodha"), "fractional: expected whole shares"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_be_asked_is_told(bars: str, arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(app, [*WALK, "--bars", bars, *arguments])
    assert result.exit_code == 1 and told in result.stderr, result.output
    assert "Traceback" not in result.output


def test_shares_divide_on_a_file_alone() -> None:
    result = CliRunner().invoke(app, [*WALK, "--fractional"])
    assert result.exit_code == 1 and "--fractional goes with --bars" in result.stderr
