"""`smarttrader sweep --bars`: each point is the run of it on the same file, and nothing of it is kept."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from app.cli import app


@pytest.fixture
def bars(tmp_path: Path) -> str:
    """Three hundred days of one stock; some volumes are low."""
    chance = np.random.default_rng(9)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0.0005, 0.02, 300))), 2)
    days = np.datetime64("2023-01-02") + np.arange(300)
    rows = [f"{d},{c},{c + 1},{c - 1},{c},{n % 7 * 1000}" for n, (d, c) in enumerate(zip(days, close, strict=True))]
    file = tmp_path / "stock.csv"
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    return str(file)


def called(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize("strategy", ["sma_cross", "ema_cross"])
@pytest.mark.parametrize(
    "terms",
    [
        ("--fractional",),
        ("--from", "2023-05-02", "--to", "2023-10-01", "--costs", "zerodha"),
        ("--from", "2023-05-02", "--fractional", "--costs", "bps:25", "--slippage-bps", "5"),
        ("--volume-cap", "0.1", "--unfilled", "carry", "--impact-bps", "50", "--sizing", "value:50000"),
        ("--fill-at", "this_close", "--costs", "custom", "--brokerage-flat", "20", "--capital", "100000"),
    ],
)
def test_every_point_is_the_run_of_it_on_the_file(bars: str, strategy: str, terms: tuple[str, ...]) -> None:
    asked = ("--bars", bars, *terms)
    found = called("sweep", strategy, "--grid", "fast=3,8", "--grid", "slow=10:20:10", *asked)
    assert found["points"] == 4 and len(found["top"]) == 4 and found["refused"] == 0
    assert found["bases"][0]["universe"] == "stock"
    for point in found["top"]:
        params = [word for name, value in point["params"].items() for word in ("--param", f"{name}={value}")]
        run = called("backtest", strategy, *params, *asked)
        for name, value in point["metrics"].items():
            assert value == pytest.approx(run["metrics"][name], rel=1e-9, abs=1e-12), name
    [doubt] = found["overfitting"]["bases"]
    assert doubt["configurations"] == 4 and doubt["best"]["significance"]["trials"] == 4
    assert any("is not kept, and its points are in no ledger" in note for note in found["notes"])


def test_it_is_printed_with_what_it_rests_on(bars: str) -> None:
    result = CliRunner().invoke(
        app, ["sweep", "sma_cross", "--grid", "fast=3,8,15", "--param", "slow=10", "--bars", bars]
    )
    assert result.exit_code == 0, result.output
    assert "The bars are those of stock.csv" in result.stdout and "1 combinations are no point" in result.stdout
    assert "(of 2 of 2 points)" in result.stdout and "after 2 trials" in result.stdout


def test_every_point_goes_to_a_file_and_says_the_same_in_each_format(bars: str, tmp_path: Path) -> None:
    call = ("sweep", "sma_cross", "--grid", "fast=3:14:1", "--grid", "slow=5,10", "--bars", bars)
    answer = None
    for ending in ("csv", "parquet", "json"):
        file = tmp_path / f"points.{ending}"
        found = called(*call, "--out", str(file))
        assert answer in (None, found)
        answer = found
    # of 12 × 2 combinations those with fast < slow: 2 with 5 (3, 4) and 7 with 10 (3 to 9)
    assert answer["points"] == 9 and len(answer["top"]) == 9
    told = json.loads((tmp_path / "points.json").read_text())
    assert told["sweep_id"] == answer["sweep_id"]
    assert sorted(answer["top"], key=lambda point: point["number"]) == told["points"]
    table = parquet.read_table(tmp_path / "points.parquet")
    assert table.schema.metadata[b"sweep_id"].decode() == answer["sweep_id"]
    rows = table.to_pylist()
    assert [row["number"] for row in rows] == list(range(9)) and {row["universe"] for row in rows} == {"stock"}
    for row, point in zip(rows, told["points"], strict=True):
        assert {name: row[f"param_{name}"] for name in ("fast", "slow")} == point["params"]
        assert {name: row[name] for name in point["metrics"]} == point["metrics"]
        assert row["failed"] is None
    with (tmp_path / "points.csv").open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert [float(row["total_return"]) for row in read] == [row["total_return"] for row in rows]
    assert [row["sharpe"] for row in read] == ["" if row["sharpe"] is None else repr(row["sharpe"]) for row in rows]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("points.xlsx", "expected a name that ends with .csv, .parquet or .json"),
        ("no/points.csv", "there is no folder"),
    ],
)
def test_a_file_that_cannot_be_is_told_before_anything_is_worked_out(bars: str, name: str, told: str) -> None:
    result = CliRunner().invoke(app, ["sweep", "sma_cross", "--grid", "fast=3,5", "--bars", bars, "--out", name])
    assert result.exit_code == 1 and told in result.stderr and result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--symbols", "INFY"), "--universe and --symbols go with stored bars"),
        (("--universe", "NIFTY50"), "--universe and --symbols go with stored bars"),
        (("--period", "2023-01-02:2023-05-01"), "--period goes with stored bars"),
        (("--market", "nse"), "--market nse goes with stored bars"),
        (("--market", "bse"), "--market bse: expected nse or none"),
        (("--strict-actions",), "--strict-actions goes with stored bars"),
        (("--scheduler", "tcp://127.0.0.1:1"), "--scheduler goes with stored bars"),
        (("--grid", "slow=x"), "--grid slow x: expected a number"),
        (("--param", "speed=3"), "sma_cross has no such parameter"),
        (("--from", "2030-01-01"), "no bar from 2030-01-01 on; it has"),
        (("--costs", "bps:1e308"), "costs.bps: expected a number from 0 to 1000"),
        (("--capital", "1e308"), "initial_capital: expected rupees above 0 and up to 1e+13"),
        (("--fractional", "--costs", "zerodha"), "fractional: expected whole shares"),
        (("--sizing", "value:much"), "--sizing much: expected a number"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_be_asked_is_told(bars: str, arguments: tuple[str, ...], told: str) -> None:
    result = CliRunner().invoke(app, ["sweep", "sma_cross", "--grid", "fast=3,5", "--bars", bars, *arguments])
    assert result.exit_code == 1 and told in result.stderr, result.output
    assert "Traceback" not in result.output


def test_shares_divide_on_a_file_alone() -> None:
    result = CliRunner().invoke(app, ["sweep", "sma_cross", "--grid", "fast=3,5", "--fractional"])
    assert result.exit_code == 1 and "--fractional goes with --bars" in result.stderr
