"""`smarttrader screen` as one types it, on the small market."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app.cli import app
from app.database import Market
from app.services.platform import Platform
from app.settings import get_settings

pytestmark = pytest.mark.integration
Run = Callable[..., Result]


@pytest.fixture
def run(shared_sample: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The command on the home and the database of the small market."""
    settings = shared_sample.app.state.settings  # type: ignore[attr-defined]
    get_settings.cache_clear()
    monkeypatch.setenv("SMARTTRADER_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    yield lambda *words: CliRunner().invoke(app, ["screen", *words])
    get_settings.cache_clear()
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("TRUNCATE saved_screens, screen_versions, screen_events, push_messages, watchlist"))


def test_the_command_answers_what_the_interface_answers(run: Run, shared_sample: TestClient) -> None:
    asked = {"q": "rsi(2) < 60", "sort_by": "rsi_2", "sort_order": "desc", "columns": "close, rsi(2)", "limit": 500}
    page = shared_sample.get("/api/screener/", params=asked).json()
    words = ("rsi(2) < 60", "--columns", "close, rsi(2)", "--sort", "-rsi_2")
    found = json.loads(run(*words, "--json").stdout)
    assert len(page["data"]) > 2
    assert [row["symbol"] for row in found["data"]] == [row["symbol"] for row in page["data"]]
    assert [row["rsi(close, 2)"] for row in found["data"]] == [row["values"]["rsi(close, 2)"] for row in page["data"]]
    assert found["meta"]["digest"] == page["meta"]["digest"] and found["meta"]["point_in_time"] is True

    rows = list(csv.DictReader(io.StringIO(run(*words, "--csv").stdout)))
    assert [row["symbol"] for row in rows] == [row["symbol"] for row in page["data"]]
    assert list(rows[0]) == ["symbol", "name", "sector", "close", "rsi(close, 2)"]
    text_out = run(*words).stdout
    assert f"{len(rows)} match" in text_out and "POINT-IN-TIME" in text_out


def test_a_day_of_the_past_a_universe_and_a_preset(run: Run, shared_sample: TestClient) -> None:
    index = shared_sample.get("/api/screener/indices").json()["indices"][0]["id"]
    asked = {"filter_type": "OVERSOLD", "index": index, "asof": "2024-06-28", "limit": 500}
    page = shared_sample.get("/api/screener/", params=asked).json()
    found = json.loads(run("--preset", "oversold", "--universe", index, "--asof", "2024-06-28", "--json").stdout)
    assert found["meta"]["asof"] == page["meta"]["asof"] == "2024-06-28"
    assert [row["symbol"] for row in found["data"]] == [row["symbol"] for row in page["data"]]


def test_a_screen_is_saved_and_asked_again_by_its_name(run: Run) -> None:
    words = ("close > 100", "--columns", "close, rsi(2)", "--sort", "-close")
    first = run(*words, "--save", "Dear", "--json")
    assert first.exit_code == 0 and "Saved Dear, version 1" in first.stderr
    again = run("--saved", "dear", "--json")
    assert json.loads(again.stdout)["data"] == json.loads(first.stdout)["data"]
    other = run("close > 120", "--save", "Dear", "--json")
    assert "Saved Dear, version 2" in other.stderr
    assert json.loads(run("--saved", "Dear", "--json").stdout)["meta"]["expression"] == "close > 120"
    missing = run("--saved", "Cheap")
    assert missing.exit_code == 1 and "no saved screen Cheap; there are: Dear" in missing.stderr
    history = run("--saved", "Dear", "--history")
    assert history.exit_code == 0 and "close > 120" in history.stdout and "screens tried" in history.stdout
    assert re.search(r"20\d\d-\d\d-\d\d: \d+ matched, \d+ came, \d+ left, not known of 0\n", history.stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say what to look for"),
        (("close > 1", "--json", "--csv"), "Choose --json or --csv"),
        (("close > 1", "--saved", "A"), "A saved screen has its own expression"),
        (("close > 1", "--asof", "yesterday"), "expected a date like 2024-05-31"),
        (("close > 1", "--asof", "2130-01-01"), "--asof is 2130-01-01, which lies ahead"),
        (("close > 1", "--history", "--to", "2130-01-01"), "--to is 2130-01-01, which lies ahead"),
        (("log(-1) > 0",), "This compares constants"),
        (("change_pct > 2%",), "change_pct is in percent: write 2"),
        (("close > 1", "--universe", "NIFTY9999"), "There is no index"),
        (("--preset", "VOLUME_SHOKER"), "did you mean VOLUME_SHOCKER"),
        (("close > 1", "--sort", "cloze"), "Cannot sort by cloze"),
    ],
)
def test_what_is_wrong_with_the_words_is_told(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert said in done.stderr and "Traceback" not in done.output


def test_a_wrong_expression_is_shown_with_the_place_marked(run: Run) -> None:
    done = run("close > 1 and cloze > 3")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-2:] == ["  close > 1 and cloze > 3", "                ^^^^^"]


def test_the_same_from_python(run: Run, shared_sample: TestClient, tmp_path: Path) -> None:
    from app.services.screens.table import screen

    frame = screen("close > 100", columns="close", sort_by="close", order="desc")
    page = shared_sample.get("/api/screener/", params={"q": "close > 100", "sort_by": "close", "sort_order": "desc"})
    assert frame["symbol"].to_list() == [row["symbol"] for row in page.json()["data"]]
    assert frame.columns == ["symbol", "name", "sector", "close"]
