"""Deciding about moves and factors over HTTP, and what screens, runs and charts then do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app.database import Market
from app.models import Dividend
from app.repositories import files
from app.services import actions_view
from app.services.importing import derive
from app.services.importing.run import import_paths
from app.services.market import _markers
from tests.conftest import copied_database, served_application
from tests.services.importing.samples import Quote, legacy, legacy_name

pytestmark = pytest.mark.integration

DAYS = [day for n in range(70) if (day := date(2024, 1, 1) + timedelta(days=n)).weekday() < 5][:45]
JUMP = DAYS[30]
RENAME = DAYS[10]


def quotes(n: int) -> list[Quote]:
    """MOVER loses 40 % on day 30 for no reason on file; STEADY, renamed on day 10, splits 1:2 on day 20; GONE goes."""
    mover = (100.0 if n < 30 else 60.0) + n % 5
    before = mover if n == 0 else (100.0 if n - 1 < 30 else 60.0) + (n - 1) % 5
    steady = (200.0 if n < 20 else 100.0) + n % 3
    steady_before = steady if n == 0 else (200.0 if n - 1 < 20 else 100.0) + (n - 1) % 3
    name = "OLDSTEADY" if n < 10 else "STEADY"
    gone: list[Quote] = [("GONE", "EQ", 20.0, 21.0, 19.0, 20.0, 20.0, 500)] if n < 5 else []
    return [
        *gone,
        ("MOVER", "EQ", mover, mover + 1, mover - 1, mover, before, 1000 + n),
        (name, "EQ", steady, steady + 1, steady - 1, steady, steady_before, 2000),
        ("PLAIN", "EQ", 50.0 + n % 7, 58.0, 49.0, 50.0 + n % 7, 50.0 + (n - 1) % 7, 3000),
    ]


def write(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for n in numbers:
        (folder / legacy_name(DAYS[n])).write_bytes(legacy(DAYS[n], quotes(n)))
    (folder / "actions.csv").write_text(f"Symbol,Date,Multiplier\nSTEADY,{DAYS[20]:%Y%m%d},2\n")
    (folder / "purposes.csv").write_text(
        "Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier\n"
        f"STEADY,EQ,10,Rights 1:20 @ Premium Rs 40/-,01-Jan-20,{DAYS[30]:%d-%b-%y},1.02\n"
    )
    members = "".join(f"{name} Limited,Power,{name},EQ,\n" for name in ("MOVER", "STEADY", "PLAIN", "GONE"))
    (folder / "2024-02").mkdir(exist_ok=True)
    listed = folder / "2024-02" / "ind_niftytest4list.csv"
    listed.write_text(f"Company Name,Industry,Symbol,Series,ISIN Code\n{members}")
    (folder / "symbolchange.csv").write_text(f"Steady Limited,OLDSTEADY,STEADY,{RENAME:%d-%b-%Y}\n".upper())


@pytest.fixture(scope="module")
def served(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("actions")
    with copied_database(postgres, template) as url, served_application(url, home / "home", home) as client:
        write(home / "files", range(44))
        load(client, home / "files")
        yield client


def platform_of(client: TestClient) -> Any:
    return client.app.state.platform  # type: ignore[attr-defined]


def load(client: TestClient, folder: Path) -> None:
    platform = platform_of(client)
    engine = platform.database.engine(Market.REAL)
    summary = import_paths(engine, [folder], progress=lambda _f, _m: None, cancelled=lambda: False, strict_paths=True)
    assert summary.exit_code == 0, summary.lines()
    platform.panels.refresh(Market.REAL)


def entries(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    response = client.get("/api/data/actions", params=params)
    assert response.status_code == 200, response.text
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def decide(client: TestClient, decision: str, symbol: str = "MOVER", session: date = JUMP, **more: Any) -> Any:
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    body = {"symbol": symbol, "session": session.isoformat(), "decision": decision, **more}
    return client.post("/api/data/actions/decisions", json=body, headers=headers)


@pytest.fixture
def undone(served: TestClient) -> Iterator[TestClient]:
    """The client; whatever a test decided is taken back."""
    yield served
    for row in served.get("/api/data/actions/decisions", params={"limit": 500}).json()["data"]:
        if row["undone_at"] is None:
            assert served.post(f"/api/data/actions/decisions/{row['id']}/undo").status_code == 200


def screened(client: TestClient, asof: date | None = None) -> tuple[set[str], list[dict[str, Any]]]:
    params = {} if asof is None else {"asof": asof.isoformat()}
    page = client.get("/api/screener/", params={"instrument_type": "ALL", **params}).json()
    return {row["symbol"] for row in page["data"]}, page["meta"]["quarantined"]


def run(client: TestClient, **more: Any) -> dict[str, Any]:
    question = {
        "strategy_ids": ["sma_cross"],
        "params": {"sma_cross": {"fast": 2, "slow": 3}},
        "universe": ["MOVER", "PLAIN"],
        "start_date": DAYS[0].isoformat(),
        "end_date": DAYS[43].isoformat(),
        **more,
    }
    response = client.post("/api/portfolio/strategies/backtest", json=question)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_open_move_and_the_listed_split_are_told_with_their_evidence(served: TestClient) -> None:
    (move,) = entries(served, status="QUARANTINED")
    assert (move["symbol"], move["session"], move["decision"]) == ("MOVER", JUMP.isoformat(), None)
    assert move["ratio"] == pytest.approx(60 / 104)
    (split,) = entries(served, symbol="OLDSTEADY")
    assert (split["symbol"], split["symbol_then"], split["status"], split["factor"]) == (
        "STEADY",
        "STEADY",
        "LISTED",
        2.0,
    )
    assert split["evidence"]["sources"]


def test_a_screen_leaves_the_stock_out_from_the_move_on_and_says_so(served: TestClient) -> None:
    shown, quarantined = screened(served)
    assert "MOVER" not in shown and "STEADY" in shown
    assert quarantined == [{"symbol": "MOVER", "since": JUMP.isoformat()}]
    shown, quarantined = screened(served, DAYS[29])
    assert "MOVER" in shown and quarantined == []


def test_the_members_of_an_index_are_shown_or_held_back_or_without_a_price(served: TestClient) -> None:
    meta = served.get("/api/screener/", params={"index": "NIFTYTEST4", "asof": DAYS[43].isoformat()}).json()["meta"]
    assert meta["universe"] == {
        "members": 4,
        "shown": 2,
        "held_back": 1,
        "without_prices": 1,
        "symbols_without_prices": ["GONE"],
    }
    assert [row["symbol"] for row in meta["quarantined"]] == ["MOVER"]
    everyone = served.get("/api/screener/").json()["meta"]["universe"]
    assert (everyone["members"], everyone["shown"], everyone["without_prices"]) == (3, 2, 0)


def test_a_run_buys_nothing_after_the_move_and_marks_what_it_holds_at_the_last_price(undone: TestClient) -> None:
    closed = run(undone)
    assert any("QUARANTINED" in line and f"MOVER from {JUMP}" in line for line in closed["warnings"])
    mover = [trade for trade in closed["trades"] if trade["symbol"] == "MOVER"]
    assert mover and all(trade["entry_at"] < JUMP.isoformat() for trade in mover)
    assert all(trade["exit_at"] is None or trade["exit_at"] < JUMP.isoformat() for trade in mover)
    assert decide(undone, "DISMISS").status_code == 201
    opened = run(undone)
    assert opened["run_id"] != closed["run_id"]
    assert not any("QUARANTINED" in line for line in opened["warnings"])
    late = [t for t in opened["trades"] if t["symbol"] == "MOVER" and (t["exit_at"] or "9999") >= JUMP.isoformat()]
    assert late


def test_a_position_held_over_the_move_keeps_its_price_before(undone: TestClient) -> None:
    alone = run(undone, universe=["MOVER"], params={"sma_cross": {"fast": 2, "slow": 3}})
    held = [trade for trade in alone["trades"] if trade["open"]]
    points = [point for point in alone["daily_chart"] if point["date"] >= DAYS[29].isoformat()]
    if held:
        assert len({point["equity"] for point in points}) == 1
    else:
        assert all(point["exposure"] == 0.0 for point in points)
    assert min(point["daily_return"] or 0.0 for point in points) > -0.1  # the fall of 40 % is not in the curve


def test_accepting_adjusts_the_chart_and_undoing_brings_all_back(undone: TestClient) -> None:
    before_run, before = run(undone), undone.get("/api/market/bars/MOVER").json()
    response = decide(undone, "ACCEPT", factor=5 / 3, reason="notice seen")
    assert response.status_code == 201, response.text
    made = response.json()
    assert made["previous"]["jump"]["ratio"] == pytest.approx(60 / 104)
    (entry,) = entries(undone, symbol="MOVER")
    assert (entry["status"], entry["factor"], entry["decision"]["id"]) == ("ACCEPTED", 5 / 3, made["id"])
    assert entry["evidence"]["reason"] == "notice seen" and entry["evidence"]["decided_by"]
    bars = undone.get("/api/market/bars/MOVER").json()
    assert bars["c"][-1] == before["c"][-1] and bars["c"][29] == pytest.approx(before["c"][29] * 0.6)
    assert bars["v"][29] == pytest.approx(before["v"][29] / 0.6)
    assert [(mark["kind"], mark["tier"]) for mark in bars["actions"]] == [("UNKNOWN", "ACCEPTED")]
    assert bars["jumps"] == []
    # the prices are the same, what is beside them is not
    assert bars["snapshot"] == before["snapshot"] and bars["adjustments"] != before["adjustments"]
    assert "MOVER" in screened(undone)[0]
    assert any("ACCEPTED corporate actions" in line for line in run(undone)["warnings"])
    assert undone.post(f"/api/data/actions/decisions/{made['id']}/undo").json()["undone_at"]
    assert undone.get("/api/market/bars/MOVER").json() == before
    assert run(undone)["run_id"] == before_run["run_id"]
    assert entries(undone, symbol="MOVER")[0]["status"] == "QUARANTINED"


@pytest.mark.parametrize(("kind", "shown"), [("DEMERGER", "DEMERGER"), ("bonus", "BONUS"), (None, "UNKNOWN")])
def test_an_accepted_action_is_what_the_person_said_it_is(undone: TestClient, kind: str | None, shown: str) -> None:
    made = decide(undone, "ACCEPT", factor=2.0, **({} if kind is None else {"kind": kind}))
    assert made.status_code == 201 and made.json()["kind"] == (None if kind is None else shown)
    bars = undone.get("/api/market/bars/MOVER").json()
    assert [(mark["kind"], mark["factor"]) for mark in bars["actions"]] == [(shown, 2.0)]


def test_listed_rights_are_marked_and_told_though_nothing_is_adjusted(served: TestClient) -> None:
    bars = served.get("/api/market/bars/STEADY").json()
    mark = bars["actions"][-1]
    assert (mark["ex_date"], mark["kind"], mark["factor"], mark["tier"]) == (JUMP.isoformat(), "RIGHTS", None, "LISTED")
    assert mark["purpose"] == "Rights 1:20 @ Premium Rs 40/-"
    told = [line for line in run(served, universe=["STEADY", "PLAIN"])["warnings"] if line.startswith("NOT ADJUSTED")]
    assert len(told) == 1 and f"STEADY {JUMP} (Rights 1:20" in told[0]
    assert not any("NOT ADJUSTED" in line for line in run(served)["warnings"])


def test_a_listed_factor_can_be_corrected_and_dismissed(undone: TestClient) -> None:
    made = decide(undone, "CORRECT", "STEADY", DAYS[20], factor=4.0).json()
    (entry,) = entries(undone, symbol="STEADY")
    assert (entry["factor"], entry["evidence"]["previous"]["factor"]["factor"]) == (4.0, 2.0)
    undone.post(f"/api/data/actions/decisions/{made['id']}/undo")
    assert [e["status"] for e in entries(undone, symbol="STEADY")] == ["LISTED"]
    assert decide(undone, "DISMISS", "STEADY", DAYS[20]).status_code == 201
    assert [e["status"] for e in entries(undone, symbol="STEADY")] == ["DISMISSED"]
    told = [line for line in run(undone, universe=["STEADY", "PLAIN"])["warnings"] if line.startswith("DISMISSED")]
    assert len(told) == 1 and f"decided by a person: STEADY {DAYS[20]}." in told[0]


def test_a_second_decision_conflicts_and_the_same_key_answers_the_first(undone: TestClient) -> None:
    first = decide(undone, "DISMISS", key="k1")
    again = decide(undone, "DISMISS", key="k1")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert decide(undone, "DISMISS", reason="other", key="k1").status_code == 409
    assert decide(undone, "ACCEPT", factor=2.0).status_code == 409
    url = f"/api/data/actions/decisions/{first.json()['id']}/undo"
    assert [undone.post(url).status_code for _ in range(2)] == [200, 409]
    assert undone.post("/api/data/actions/decisions/999999/undo").status_code == 404


def test_the_same_request_at_the_same_time_is_one_decision_and_one_answer(undone: TestClient) -> None:
    with ThreadPoolExecutor(6) as pool:
        ready = Barrier(6)

        def ask(_: int) -> Any:
            ready.wait()
            return decide(undone, "DISMISS", reason="at once", key="together")

        answers = list(pool.map(ask, range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    rows = undone.get("/api/data/actions/decisions", params={"symbol": "MOVER"}).json()["data"]
    assert [row["reason"] for row in rows if row["undone_at"] is None] == ["at once"]


def test_of_different_decisions_at_the_same_time_one_stands_and_the_others_name_it(undone: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        ready = Barrier(4)

        def ask(n: int) -> Any:
            ready.wait()
            return decide(undone, "CORRECT", factor=2.0 + n, key=f"own {n}")

        answers = sorted(pool.map(ask, range(4)), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [201, 409, 409, 409]
    standing = answers[0].json()["id"]
    for refused in answers[1:]:
        assert refused.json()["error"]["message"].startswith(f"Decision {standing} (CORRECT) stands on MOVER")
    url = f"/api/data/actions/decisions/{standing}/undo"
    with ThreadPoolExecutor(2) as pool:
        codes = sorted(answer.status_code for answer in pool.map(lambda _: undone.post(url), range(2)))
    assert codes == [200, 409]


def test_a_decision_waits_for_a_short_import_and_names_a_long_one(
    undone: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_view, "_IMPORT_WAIT_SECONDS", 0.3)
    engine = platform_of(undone).database.engine(Market.REAL)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as importing:
        assert files.try_import_lock(importing)
        refused = decide(undone, "DISMISS")
        assert refused.status_code == 409
        told = refused.json()["error"]["message"]
        assert re.fullmatch(r"An import is at work on this database since \d\d:\d\d:\d\d IST; decide when it .*", told)
        monkeypatch.setattr(actions_view, "_IMPORT_WAIT_SECONDS", 30.0)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(decide, undone, "DISMISS")
            assert not waiting.done()
            files.release_import_lock(importing)
            assert waiting.result().status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"decision": "ACCEPT"}, 422, "factor"),  # nothing is proposed
        ({"decision": "CORRECT", "factor": 1.0}, 422, "factor"),
        ({"decision": "CORRECT", "factor": 1e9}, 422, "factor"),
        ({"decision": "CORRECT", "factor": -2.0}, 422, "factor"),
        ({"decision": "DISMISS", "factor": 2.0}, 422, "factor"),
        ({"decision": "DISMISS", "kind": "SPLIT"}, 422, "kind"),
        ({"decision": "ACCEPT", "factor": 2.0, "kind": "MERGER"}, 422, "kind"),
        ({"decision": "DISMISS", "session": DAYS[5].isoformat()}, 404, "no factor and no open move"),
        ({"decision": "DISMISS", "session": "2024-01-06"}, 404, "did not trade"),
        ({"decision": "DISMISS", "symbol": "NOBODY"}, 404, "NOBODY"),
        ({"decision": "DISMISS", "instrument_key": "abc"}, 422, "symbol or instrument_key"),
    ],
)
def test_what_cannot_be_decided_is_refused_by_name(
    served: TestClient, changes: dict[str, Any], status: int, named: str
) -> None:
    body = {"symbol": "MOVER", "session": JUMP.isoformat(), **changes}
    response = served.post("/api/data/actions/decisions", json=body)
    assert response.status_code == status and named in response.text


def test_decisions_survive_another_import_and_being_worked_out_again(undone: TestClient, tmp_path: Path) -> None:
    assert decide(undone, "ACCEPT", factor=5 / 3).status_code == 201
    assert decide(undone, "DISMISS", "STEADY", DAYS[20]).status_code == 201
    kept = [(e["symbol"], e["status"], e["factor"]) for e in entries(undone)]
    derive.everything(platform_of(undone).database.engine(Market.REAL))
    assert [(e["symbol"], e["status"], e["factor"]) for e in entries(undone)] == kept
    write(tmp_path / "more", range(40, 45))
    load(undone, tmp_path / "more")
    assert [(e["symbol"], e["status"], e["factor"]) for e in entries(undone)] == kept
    assert "MOVER" in screened(undone)[0]


def test_decisions_are_kept_for_good(undone: TestClient) -> None:
    made = decide(undone, "DISMISS").json()
    engine = platform_of(undone).database.engine(Market.REAL)
    for statement in ("DELETE FROM action_decisions", "UPDATE action_decisions SET reason = 'x'"):
        with pytest.raises(DBAPIError, match="is refused"), engine.begin() as connection:
            connection.execute(text(f"{statement} WHERE id = {made['id']}"))


def test_all_of_a_renamed_stock_is_told_by_any_of_its_names(served: TestClient) -> None:
    one, two = (served.get(f"/api/data/actions/stocks/{name}").json() for name in ("OLDSTEADY", "STEADY"))
    assert one == two
    assert [name["symbol"] for name in one["names"]] == ["OLDSTEADY", "STEADY"]
    assert [entry["factor"] for entry in one["actions"]] == [2.0] and one["sources"][0]["file"] == "actions.csv"
    bars = served.get("/api/market/bars/OLDSTEADY", params={"adjust": "price"}).json()
    raw = served.get("/api/market/bars/STEADY", params={"adjust": "none"}).json()
    assert bars["t"] == raw["t"] and bars["former_symbols"] == ["OLDSTEADY"]
    np.testing.assert_allclose(bars["c"][:20], np.array(raw["c"][:20]) / 2)
    np.testing.assert_allclose(bars["v"][:20], np.array(raw["v"][:20]) * 2)
    assert bars["c"][20:] == raw["c"][20:] and bars["actions"][0]["kind"] == "SPLIT"


def test_dividends_stay_in_the_total_return_view_alone(served: TestClient) -> None:
    platform = platform_of(served)
    with platform.database.transaction(Market.REAL) as session:
        session.execute(
            text(
                "INSERT INTO dividends (instrument_id, ex_date, amount, source, disagrees, evidence) "
                "SELECT id, :day, 5.0, 'actions_purpose', false, CAST(:told AS jsonb) FROM instruments "
                "WHERE symbol = 'PLAIN' ON CONFLICT DO NOTHING"
            ),
            {"day": DAYS[7], "told": '[{"source": "actions_purpose", "amount": 5.0, "purpose": "Dividend Rs 5"}]'},
        )
        session.execute(text("UPDATE data_versions SET version = version + 1 WHERE scope = 'actions'"))
    platform.panels.refresh(Market.REAL)
    total = served.get("/api/market/bars/PLAIN", params={"adjust": "total"}).json()
    raw = served.get("/api/market/bars/PLAIN", params={"adjust": "none"}).json()
    np.testing.assert_allclose(total["c"][:7], np.array(raw["c"][:7]) * (1 - 5 / raw["c"][6]))
    assert total["c"][7:] == raw["c"][7:] and total["v"] == raw["v"]
    (mark,) = total["actions"]
    assert (mark["kind"], mark["amount"], mark["factor"], mark["tier"]) == ("DIVIDEND", 5.0, None, "LISTED")


def test_a_vendors_restated_dividend_is_shown_in_the_rupees_it_came_to() -> None:
    told = {"source": "actions_yahoo", "purpose": "dividend 2.724178, restated by the vendor for later splits"}
    paid = Dividend(ex_date=DAYS[7], amount=11.0, evidence=[told])
    (mark,) = _markers([], [paid], [], DAYS[0], DAYS[-1])
    assert (mark["amount"], mark["purpose"]) == (11.0, "Dividend Rs 11, from a vendor's restated figure")


def test_the_command_line_does_the_same(undone: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.cli import app
    from app.settings import get_settings

    settings = platform_of(undone).settings
    monkeypatch.setenv("SMARTTRADER_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    get_settings.cache_clear()
    runner = CliRunner()

    def told(*arguments: str) -> str:
        result = runner.invoke(app, ["data", *arguments])
        assert result.exit_code == 0, result.output + str(result.exception)
        return result.output

    assert "QUARANTINED" in told("actions", "MOVER")
    assert '"statuses"' in told("actions", "--status", "quarantined", "--json")
    made = told("decide", "MOVER", JUMP.isoformat(), "correct", "--factor", "2", "--reason", "tried")
    number = made.split()[1]
    assert "CORRECT MOVER" in made and "ACCEPTED" in told("actions", "MOVER")
    assert '"undone_at": null' not in told("undo", number, "--json")
    lines = told("bars", "OLDSTEADY", "--csv", "--adjust", "none").splitlines()
    assert lines[0].startswith("date,open") and len(lines) >= 45 and lines[1].startswith("2024-01-01,200.0")
    assert '"adjust":"price"' in told("bars", "STEADY", "--json")
    assert runner.invoke(app, ["data", "bars", "STEADY", "--timeframe", "5m"]).exit_code == 1
    get_settings.cache_clear()
