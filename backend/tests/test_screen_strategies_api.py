"""From a screen to a strategy that runs, over HTTP on the small market."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.integration
PATH = "/api/screener/strategies"


@pytest.fixture
def folder(shared_sample: TestClient) -> Iterator[Path]:
    """The strategies folder, emptied afterwards."""
    path: Path = shared_sample.app.state.settings.home / "strategies"  # type: ignore[attr-defined]
    yield path
    for file in path.glob("*.py"):
        file.unlink()


def make(client: TestClient, **wish: Any) -> dict[str, Any]:
    response = client.post(PATH, json={"name": "Strong ones", **wish})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def test_a_screen_becomes_a_strategy_that_runs_and_is_proven(shared_sample: TestClient, folder: Path) -> None:
    index = shared_sample.get("/api/screener/indices").json()["indices"][0]["id"]
    made = make(shared_sample, q="close>SMA(20)", index=index, leave="close < sma(50)", rank_by="roc(20)", stop=0.1)
    assert made["strategy_id"] == "strong_ones" and made["expression"] == "close > sma(close, 20)"
    assert made["universe"] == index and made["trials"] >= 1
    assert "entry = 'close > sma(close, 20)'" in (folder / made["file"]).read_text()
    body = {
        "strategy_ids": ["strong_ones"], "universe": index, "start_date": "2024-03-01", "end_date": "2024-12-31",
    }  # fmt: skip
    run = shared_sample.post("/api/portfolio/strategies/backtest", params={"wait": 120}, json=body)
    assert run.status_code == 200, run.text
    answer = run.json()
    assert answer["trades_count"] > 0
    proofs = answer["proofs"]
    assert [one["proof"]["outcome"] for one in proofs] == ["passed"]
    [card] = [
        one
        for one in shared_sample.get("/api/portfolio/strategies/available").json()
        if one["strategy_id"] == "strong_ones"
    ]
    assert card["origin"] == "own" and "had been tried when it was made" in card["description"]
    assert card["parameters"]["properties"]["stop"]["default"] == 0.1


def test_texts_cannot_become_code(shared_sample: TestClient, folder: Path) -> None:
    text = 'x\'\'\'"""\n__import__("os").abort()\n\\'
    made = make(shared_sample, q="close > 1", hypothesis=text)
    source = (folder / made["file"]).read_text()
    scope: dict[str, Any] = {"__name__": __name__}
    exec(compile(source, made["file"], "exec"), scope)  # would abort if the text were code
    assert scope["StrongOnes"].hypothesis == text.strip()


@pytest.mark.parametrize(
    ("wish", "status", "field", "said"),
    [
        ({"q": "close >"}, 422, "q", "ends too early"),
        ({}, 422, "q", "asks nothing of a stock"),
        ({"q": "roe > 15"}, 422, "q", "also reads roe"),
        ({"q": "close > 1", "leave": "cloze > 1"}, 422, "leave", "no field cloze"),
        ({"q": "close > 1", "rank_by": "close > 1"}, 422, "rank_by", "expected a number"),
        ({"q": "close > 1", "name": "1"}, 422, "name", "no id can be made"),
        ({"q": "close > 1", "name": "SMA cross"}, 409, "name", "of the platform"),
        ({"q": "close > 1", "stop": 2}, 422, "stop", ""),
        ({"q": "close > 1", "index": "NIFTY9999"}, 404, None, "no index"),
    ],
)
def test_what_cannot_become_a_strategy_is_told(
    shared_sample: TestClient, folder: Path, wish: dict[str, Any], status: int, field: str | None, said: str
) -> None:
    response = shared_sample.post(PATH, json={"name": "Strong ones", **wish})
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert said in error["message"]
    if field is not None:
        assert error["details"]["field"] == field
    assert not list(folder.glob("*.py"))


def test_a_screen_of_all_stocks_runs_on_the_widest_index(shared_sample: TestClient, folder: Path) -> None:
    indices = shared_sample.get("/api/screener/indices").json()["indices"]  # there is no NIFTY 500 in the small market
    widest = max(indices, key=lambda one: (one["count"], one["id"]))["id"]
    assert make(shared_sample, q="close > 1")["universe"] == widest


def test_a_strategy_is_never_written_over(shared_sample: TestClient, folder: Path) -> None:
    made = make(shared_sample, q="close > 1")
    before = (folder / made["file"]).read_text()
    response = shared_sample.post(PATH, json={"name": "strong-ones", "q": "close > 2"})
    assert response.status_code == 409 and (folder / made["file"]).read_text() == before
