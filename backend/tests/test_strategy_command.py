"""`smarttrader strategy list | new`, and runs of what it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.engines.strategies.registry import registry
from app.settings import get_settings
from tests.services.user_files import event, on_bar_after, vectorised, write

FORMS: dict[str, list[str]] = {"vectorised": [], "event": ["--event"], "compiled": ["--compiled"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The strategies folder of a home of the test's own."""
    monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    return tmp_path / "home" / "strategies"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def bars_file(folder: Path) -> str:
    random = np.random.default_rng(3)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0.001, 0.02, 300))), 2)
    days = np.datetime64("2024-01-01") + np.arange(300)
    rows = (f"{day},{c},{c + 1},{c - 1},{c},1000" for day, c in zip(days, close, strict=True))
    return str(write(folder, "bars.csv", "\n".join(["date,open,high,low,close,volume", *rows]) + "\n"))


def test_all_strategies_are_listed_with_what_does_not_load(folder: Path) -> None:
    listed = call("strategy", "list", "--json")
    assert listed.exit_code == 0
    assert {row["strategy_id"] for row in json.loads(listed.stdout)} == set(registry())
    write(folder, "mine.py", vectorised("mine"))
    assert call("strategy", "list").exit_code == 0
    write(folder, "bad.py", "x = (\n")
    listed = call("strategy", "list", "--json")
    assert listed.exit_code == 1
    rows: list[dict[str, Any]] = json.loads(listed.stdout)
    assert [row["strategy_id"] for row in rows if row["origin"] == "own" and row["error"] is None] == ["mine"]
    assert [(row["error"]["file"], row["error"]["line"]) for row in rows if row["error"]] == [("bad.py", 1)]
    told = call("strategy", "list")
    assert told.exit_code == 1 and "bad.py, line 1: it cannot be read as Python" in told.stdout
    assert "mine" in told.stdout and str(folder) in told.stdout


@pytest.mark.parametrize("form", FORMS)
def test_a_beginning_is_written_runs_and_passes_its_proof(folder: Path, tmp_path: Path, form: str) -> None:
    written = call("strategy", "new", "my_break", *FORMS[form], "--json")
    assert written.exit_code == 0, written.output
    path = Path(json.loads(written.stdout)["file"])
    assert path == folder / "my_break.py" and "class MyBreak(" in path.read_text()
    assert not any(word in path.read_text() for word in ("my_strategy", "My strategy", "MyStrategy"))
    [row] = [row for row in json.loads(call("strategy", "list", "--json").stdout) if row["origin"] == "own"]
    assert (row["strategy_id"], row["display_name"], row["kind"]) == ("my_break", "My break", form)
    run = call("backtest", "my_break", "--bars", bars_file(tmp_path), "--json")
    assert run.exit_code == 0, run.output
    answer = json.loads(run.stdout)
    assert answer["metrics"]["trades"] + len(answer["open_positions"]) > 1
    assert not any("LOOK-AHEAD" in line for line in answer["warnings"])  # the search passed
    assert json.loads(call("backtest", "my_break", "--bars", bars_file(tmp_path), "--json").stdout) == answer


def test_names_that_cannot_be_and_files_that_are_there_are_refused(folder: Path) -> None:
    assert call("strategy", "new", "mine").exit_code == 0
    before = (folder / "mine.py").read_text()
    write(folder, "other.py", vectorised("taken"))
    for name, told in (
        ("mine", "is the id of the strategy in"),
        ("taken", "is the id of the strategy in"),
        ("sma_cross", "is the id of a strategy of the platform"),
        ("runs", "is a reserved word"),
        ("Mine", "2 to 63 small letters"),
        ("../mine", "2 to 63 small letters"),
        ("random", "is the name of a module of Python itself"),
        ("numpy", "is the name of an installed module"),
    ):
        refused = call("strategy", "new", name)
        assert refused.exit_code == 1 and told in refused.stderr, (name, refused.output)
    write(folder, "half.py", "x = 1\n")
    assert "is there already" in call("strategy", "new", "half").stderr
    assert call("strategy", "new", "both", "--event", "--compiled").exit_code == 1
    assert (folder / "mine.py").read_text() == before


def test_a_run_that_stops_is_one_sentence_and_exit_code_1(folder: Path, tmp_path: Path) -> None:
    write(folder, "mine.py", event("mine", on_bar_after("if context.t == 7: 1 / 0")))
    run = call("backtest", "mine", "--bars", bars_file(tmp_path))
    assert run.exit_code == 1
    assert "strategy mine stopped at 2024-01-08: ZeroDivisionError: division by zero (mine.py, line " in run.stderr
    write(folder, "mine.py", "id = 3\n")
    assert "There is no strategy mine" in call("backtest", "mine", "--bars", bars_file(tmp_path)).stderr


@pytest.mark.integration
def test_a_proof_is_searched_for_a_strategy_of_ones_own(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    get_settings.cache_clear()
    write(folder, "mine.py", vectorised("mine"))
    proof = call("strategy", "proof", "mine", "--param", "window=4", "--json")
    assert proof.exit_code == 0, proof.output
    assert json.loads(proof.stdout)["params"] == {"window": 4}
    write(folder, "mine.py", vectorised("mine").replace("rises[1:] = ", "rises[:-1] = "))
    proof = call("strategy", "proof", "mine")
    assert proof.exit_code == 1 and "LEAK" in proof.stdout
