"""`smarttrader backtest` on a file of bars: the documented golden lists, and what bad input is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app

COLUMNS = {"run_id", "metrics", "trades", "open_positions", "equity"}


def answered(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["backtest", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["backtest", *arguments])
    assert result.exit_code == 1
    return result.stderr


def written(folder: Path, *rows: str, header: str = "date,open,high,low,close,volume") -> str:
    file = folder / "bars.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return str(file)


def test_the_run_of_a_file_equals_the_golden_list(evidence):
    golden = json.loads((evidence / "golden" / "trades" / "index.json").read_text())
    case = next(row for row in golden if row["file"].endswith("goog_sma_cross_50_200.csv"))
    bars = evidence / "golden" / "data" / "goog.csv"
    answer = answered(
        "sma_cross", "--bars", str(bars), "--param", "fast=50", "--param", "slow=200",
        "--capital", str(case["start_cash"]), "--costs", "bps:10",
    )  # fmt: skip
    assert set(answer) > COLUMNS
    assert len(answer["trades"]) == case["closed_trades"]
    assert answer["metrics"]["final_equity"] == pytest.approx(case["final_equity"], abs=1e-5)
    assert answer["open_positions"][0]["entry_price"] == case["open_trade_at_end"]["entry_price"]
    assert answer["equity"][-1]["equity"] == answer["metrics"]["final_equity"]
    causes = answer["naive_twin"]["causes"]
    assert [cause["cause"] for cause in causes] == ["charges"]
    total = round(answer["naive_twin"]["final_equity"] + sum(cause["difference"] for cause in causes), 2)
    assert total == round(answer["metrics"]["final_equity"], 2)


def test_the_same_file_gives_the_same_run_and_other_costs_another(tmp_path):
    random = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, 120))), 2)
    days = np.datetime64("2024-01-01") + np.arange(120)
    file = written(tmp_path, *(f"{day},{c},{c + 1},{c - 1},{c},1000" for day, c in zip(days, close, strict=True)))
    question = ("sma_cross", "--bars", file, "--param", "fast=3", "--param", "slow=9")
    one, other, broker = answered(*question), answered(*question), answered(*question, "--costs", "zerodha")
    assert one == other
    assert one["run_id"] != broker["run_id"]
    assert any("zerodha" in sentence for sentence in broker["assumptions"])
    paid = [trade["costs"] for trade in broker["trades"]]
    assert paid == pytest.approx([round(cost, 2) for cost in paid], abs=1e-9)  # to the paisa


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["2024-01-01,10,11,9,ten,5"], "bars.csv, row 1: close 'ten' is no number"),
        (["2024-01-01,10,11,9,10,5", "2024-13-01,10,11,9,10,5"], "bars.csv, row 2: '2024-13-01' is no date or time"),
        (["2024-01-01,10,11,9,-1,5"], "bars.csv, row 1: close is -1.0, expected above 0"),
        (["2024-01-01,10,9,8,10,5"], "bars.csv, row 1: open or close lies outside low to high"),
        (["2024-01-01,,11,9,10,5"], "bars.csv, row 1: some prices are missing"),
        (["2024-01-01,10,11,9,10,5"] * 2, "bars.csv, row 2: a second bar of bars at 2024-01-01"),
    ],
)
def test_a_bad_row_is_named(tmp_path, rows, told):
    assert told in refused("sma_cross", "--bars", written(tmp_path, *rows))


def test_what_cannot_be_is_told(tmp_path):
    file = written(tmp_path, "2024-01-01,10,11,9,10,5", "2024-01-02,10,11,9,10,5")
    assert "no column close" in refused("sma_cross", "--bars", written(tmp_path, "1,2", header="date,open,high,low"))
    file = written(tmp_path, "2024-01-01,10,11,9,10,5", "2024-01-02,10,11,9,10,5")
    assert "There is no strategy nosuch" in refused("nosuch", "--bars", file)
    assert "--param fast: expected NAME=VALUE" in refused("sma_cross", "--bars", file, "--param", "fast")
    assert "sma_cross has no such parameter" in refused("sma_cross", "--bars", file, "--param", "speed=3")
    assert "costs.plan: expected one of" in refused("sma_cross", "--bars", file, "--costs", "a broker")
    assert "expected a number after bps" in refused("sma_cross", "--bars", file, "--costs", "bps")
    assert "initial_capital: expected rupees above 0 and up to" in refused(
        "sma_cross", "--bars", file, "--capital", "1e300"
    )
    assert "--symbols is empty" in refused("sma_cross", "--symbols", " , ")
    assert "--universe is empty" in refused("sma_cross", "--universe", "")
    assert "no bar between" in refused("sma_cross", "--bars", file, "--from", "2030-01-01")
    assert "Give one of" in refused("sma_cross", "--bars", file, "--symbols", "INFY")
    assert "cannot be read as a table" in refused("sma_cross", "--bars", str(tmp_path / "none.csv"))


def test_a_policy_is_written_down_and_a_run_put_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
    call = CliRunner().invoke
    made = call(app, ["policy", "new", "Careful", "--cash-reserve", "50", "--max-position", "10", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["notes"][0].startswith("A cash reserve of 50 % leaves 50 %")
    refused = call(app, ["policy", "new", "Wrong", "--daily-stop", "2"])
    assert refused.exit_code == 1 and "negative number" in refused.output
    assert [row["name"] for row in json.loads(call(app, ["policy", "list", "--json"]).output)] == ["Careful"]
    bars = tmp_path / "bars.csv"
    closes = [100 + 5 * (t // 7 % 2) + t % 7 for t in range(120)]
    days = [str(day) for day in np.arange("2024-01-01", "2024-04-30", dtype="datetime64[D]")]
    rows = [f"{d},{c},{c + 1},{c - 1},{c},1000" for d, c in zip(days, closes, strict=True)]
    bars.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    asked = ["backtest", "sma_cross", "--bars", str(bars), "--param", "fast=2", "--param", "slow=5", "--json"]
    run = json.loads(call(app, [*asked, "--policy", "Careful"]).output)
    assert {row["rule"] for row in run["decisions"] if row["outcome"] == "TRIM"} == {"INSTRUMENT"}
    nobody = call(app, [*asked, "--policy", "Nobody"])
    assert nobody.exit_code == 1 and "There is no policy Nobody; there are: Careful" in nobody.output
