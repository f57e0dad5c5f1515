"""A stored run in parts: its head and its long tables are the run, whatever is kept of it; and a trade's own fills."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet
from sqlalchemy import inspect, text

from app.database import Market
from app.repositories.strategies import RunRepository
from app.routers.strategies import COLUMNS
from app.services.backtests.shown import LONG_TABLES, closed
from app.services.backtests.stored import StoredRuns
from app.services.backtests.trade_fills import fills_of
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration

RUNS = "/api/portfolio/strategies/runs"
SLOTS = {"sizing": "equity_per_position", "max_positions": 2, "slippage_bps": 5, "costs": "zerodha"}


@pytest.fixture(scope="module", params=["plain", "slots", "policy"])
def run_id(request: pytest.FixtureRequest, shared_sample: TestClient, sample_data: SampleSummary) -> str:
    changes: dict[str, Any] = {"plain": {}, "slots": SLOTS, "policy": SLOTS}[request.param]
    if request.param == "policy":
        policy = shared_sample.post("/api/portfolio/strategies/policy", json={"name": "Parts of a run"})
        assert policy.status_code == 201, policy.text
        changes = changes | {"policy_id": policy.json()["id"]}
    answer = shared_sample.post(URL, json=question(sample_data, **changes))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (request.param == "plain" or found["rejections"]) and (request.param != "policy" or found["decisions"])
    return str(found["run_id"])


def got(client: TestClient, path: str, accept: str = "application/json") -> dict[str, Any]:
    answer = client.get(f"{RUNS}/{path}", headers={"accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == accept
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("accept", ["application/json", COLUMNS])
def test_the_head_and_the_tables_are_the_whole_run(shared_sample: TestClient, run_id: str, accept: str) -> None:
    whole = got(shared_sample, run_id, accept)
    head, tables = (got(shared_sample, f"{run_id}/{part}", accept) for part in ("head", "tables"))
    assert set(tables) == set(LONG_TABLES) and not set(head) & set(tables)
    assert head | tables == whole


def test_what_is_kept_is_what_would_be_made_again_and_of_another_shape_is_not_read(
    shared_sample: TestClient, run_id: str
) -> None:
    platform = shared_sample.app.state.platform  # type: ignore[attr-defined]

    def change(statement: str) -> None:
        with platform.database.transaction(Market.REAL) as session:
            assert session.execute(text(statement), {"run": run_id}).rowcount == 1

    kept = got(shared_sample, f"{run_id}/head")
    change("DELETE FROM run_heads WHERE run_id = :run")
    assert got(shared_sample, f"{run_id}/head") == kept  # made of the whole, and kept again
    change("UPDATE run_heads SET shape = 'of yesterday', body = 'not to be read' WHERE run_id = :run")
    assert got(shared_sample, f"{run_id}/head") == kept
    change("DELETE FROM run_heads WHERE run_id = :run")
    got(shared_sample, run_id)  # whoever reads the whole keeps the head of it
    change("UPDATE run_heads SET shape = shape WHERE run_id = :run")
    assert got(shared_sample, f"{run_id}/head") == kept


def test_the_head_and_the_doubt_are_told_without_reading_the_whole(
    shared_sample: TestClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, doubt = (got(shared_sample, f"{run_id}/{part}") for part in ("head", "significance"))

    def refused(*_: Any) -> None:
        raise AssertionError("the whole run was read")

    monkeypatch.setattr(StoredRuns, "result", refused)
    assert got(shared_sample, f"{run_id}/head") == head
    assert got(shared_sample, f"{run_id}/significance") == doubt


def test_tables_that_the_asker_has_are_not_sent_again(shared_sample: TestClient, run_id: str) -> None:
    path = f"{RUNS}/{run_id}/tables"
    first = shared_sample.get(path)
    tag = first.headers["etag"]
    again = shared_sample.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    columns = shared_sample.get(path, headers={"if-none-match": tag, "accept": COLUMNS})
    assert columns.status_code == 200 and columns.headers["etag"] != tag
    assert shared_sample.get(path, headers={"if-none-match": '"another"'}).content == first.content


@pytest.mark.parametrize("part", ["head", "tables", "significance", "trades/0/fills"])
def test_a_part_of_no_run_is_not_found(shared_sample: TestClient, part: str) -> None:
    answer = shared_sample.get(f"{RUNS}/{'0' * 64}/{part}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "DATA_NOT_FOUND")


def test_a_list_of_runs_leaves_their_results_in_the_database(shared_sample: TestClient, run_id: str) -> None:
    platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        rows, _ = RunRepository(session).page(page=1, limit=50, strategy_id=None)
        assert run_id in {run.run_id for run, _ in rows}
        assert all("result" in inspect(run).unloaded for run, _ in rows)


def test_closed_trades_are_summed_by_their_sign_and_open_ones_are_not() -> None:
    # won 10 + 2.5, lost 4; one is even, one has no value, and the last is still open
    pnl, still = [10.0, -4.0, 0.0, None, 2.5, 99.0], [False, False, False, False, False, True]
    assert closed({"pnl": pnl, "open": still}) == {"count": 4, "won": 12.5, "lost": 4.0}
    assert closed({"pnl": [], "open": []}) == {"count": 0, "won": 0.0, "lost": 0.0}


def test_the_summary_of_the_tables_is_that_of_their_rows(shared_sample: TestClient, run_id: str) -> None:
    whole = got(shared_sample, run_id)
    made = [trade["pnl"] for trade in whole["trades"] if not trade["open"] and trade["pnl"] is not None]
    assert whole["closed_trades"]["count"] == len(made) == whole["metrics"]["trades"]
    assert whole["closed_trades"]["won"] - whole["closed_trades"]["lost"] == pytest.approx(sum(made))
    reasons = [row["reason"] for row in whole["rejections"]]
    assert whole["refused"] == {reason: reasons.count(reason) for reason in reasons}


def test_each_fill_belongs_to_one_trade_and_they_add_up_to_it(shared_sample: TestClient, run_id: str) -> None:
    whole = got(shared_sample, run_id)
    file = shared_sample.get(f"{RUNS}/{run_id}/export", params={"table": "fills", "format": "parquet"})
    fills = parquet.read_table(io.BytesIO(file.content)).num_rows
    seen = 0
    for number, trade in enumerate(whole["trades"]):
        answer = shared_sample.get(f"{RUNS}/{run_id}/trades/{number}/fills").json()
        seen += len(answer)
        assert sum(fill["cost"] for fill in answer) == pytest.approx(trade["costs"])
        for fill in answer:
            assert sum(fill["components"].values()) == pytest.approx(fill["cost"])
        entered = [fill for fill in answer if fill["side"] == "BUY"]
        shares = sum(fill["quantity"] for fill in entered)
        assert shares == pytest.approx(trade["quantity"])
        assert sum(f["quantity"] * f["price"] for f in entered) / shares == pytest.approx(trade["entry_price"])
        assert entered[0]["filled_at"] == trade["entry_at"]
        left = [fill for fill in answer if fill["side"] == "SELL"]
        assert (
            left[-1]["filled_at"] == trade["exit_at"]
            if not trade["open"]
            else sum(fill["quantity"] for fill in left) < shares
        )
    assert seen == fills > 0
    beyond = shared_sample.get(f"{RUNS}/{run_id}/trades/{len(whole['trades'])}/fills")
    assert beyond.status_code == 404 and f"no trade {len(whole['trades'])}" in beyond.json()["error"]["message"]


def test_fills_of_one_trade_end_where_the_next_of_its_stock_begins() -> None:
    # book b buys A in two parts (a1), sells it (a2), buys it again (a3) and holds it; between them it trades B
    same = {"book": ["b"] * 6, "product": ["CNC"] * 6}
    fills = same | {
        "key": ["A", "A", "B", "A", "A", "B"],
        "symbol": ["A", "A", "B", "A", "A", "B"],
        "intent": ["a1", "a1", "b1", "a2", "a3", "b2"],
        "side": ["BUY", "BUY", "BUY", "SELL", "BUY", "SELL"],
        "quantity": [6.0, 4.0, 5.0, 10.0, 7.0, 5.0],
        **{name: [0.0] * 6 for name in ("reference_price", "price")},
        **{name: [""] * 6 for name in ("reason", "decided_at", "filled_at")},
        "cost": [1.5, 1.0, 0.0, 3.0, 2.0, 0.0],
        "cost_stt": [1.0, 1.0, 0.0, 2.0, 2.0, 0.0],
        "cost_gst": [0.5, 0.0, 0.0, 1.0, 0.0, 0.0],
    }
    trades = {
        "book": ["b"] * 3, "product": ["CNC"] * 3, "key": ["A", "B", "A"], "symbol": ["A", "B", "A"],
        "entry_intent": ["a1", "b1", "a3"],
    }  # fmt: skip
    result = {"run_id": "r", "trades": trades, "fills": fills}
    assert [fill["quantity"] for fill in fills_of(result, 0)] == [6.0, 4.0, 10.0]
    assert [fill["components"] for fill in fills_of(result, 0)] == [
        {"stt": 1.0, "gst": 0.5}, {"stt": 1.0}, {"stt": 2.0, "gst": 1.0},
    ]  # fmt: skip
    assert [fill["quantity"] for fill in fills_of(result, 1)] == [5.0, 5.0]
    assert [fill["quantity"] for fill in fills_of(result, 2)] == [7.0]
    assert fills_of(result | {"fills": {}}, 0) == []  # of an engine that kept none
