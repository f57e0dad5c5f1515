"""Saved screens, their events, reasons and the watchlist over HTTP, on the small market."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.database import Market
from app.services.platform import Platform

pytestmark = pytest.mark.integration
PATH = "/api/screener/screens"
QUESTION = {"q": "close > 100", "index": "ALL", "columns": ["close", "rsi_14"], "sort_by": "rsi_14"}


@pytest.fixture(autouse=True)
def _nothing_saved(shared_sample: TestClient) -> Iterator[None]:
    yield
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("TRUNCATE saved_screens, screen_versions, screen_events, push_messages, watchlist"))


def save(client: TestClient, name: str, **question: Any) -> dict[str, Any]:
    response = client.post(PATH, json={"name": name, "question": {**QUESTION, **question}})
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"{PATH}/{response.json()['id']}"
    body: dict[str, Any] = response.json()
    return body


def get(client: TestClient, path: str, **params: Any) -> Any:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_screen_is_saved_listed_changed_and_keeps_its_versions(shared_sample: TestClient) -> None:
    made = save(shared_sample, "  Dear   ones ")
    assert (made["name"], made["version"], made["watching"]) == ("Dear ones", 1, False)
    assert made["question"] == {
        "q": "close > 100", "filter_type": "ALL", "index": "ALL", "instrument_type": "EQUITY", "sector": None,
        "columns": ["close", "rsi_14"], "sort_by": "rsi_14", "sort_order": "desc",
    }  # fmt: skip
    save(shared_sample, "Another")
    assert [one["name"] for one in get(shared_sample, PATH)] == ["Another", "Dear ones"]

    path = f"{PATH}/{made['id']}"
    body = {"name": "Dear ones", "version": 1, "question": {**QUESTION, "q": "close > 200"}}
    changed = shared_sample.put(path, json=body)
    assert changed.status_code == 200 and changed.json()["version"] == 2
    assert changed.json()["digest"] != made["digest"]
    same = shared_sample.put(path, json={**body, "version": 2})
    assert same.json()["version"] == 2  # nothing new was said
    assert [one["question"]["q"] for one in get(shared_sample, f"{path}/versions")] == ["close > 200", "close > 100"]


def test_a_version_that_was_overtaken_is_a_conflict(shared_sample: TestClient) -> None:
    made = save(shared_sample, "Mine")
    path = f"{PATH}/{made['id']}"
    for q in ("close > 200", "close > 300"):
        response = shared_sample.put(path, json={"name": "Mine", "version": 1, "question": {**QUESTION, "q": q}})
    assert response.status_code == 409
    assert response.json()["error"]["details"] == {"field": "version", "version": 2}
    assert get(shared_sample, path)["question"]["q"] == "close > 200"


def test_names_are_unique_whatever_their_case_until_one_is_deleted(shared_sample: TestClient) -> None:
    made = save(shared_sample, "Mine")
    taken = shared_sample.post(PATH, json={"name": "MINE", "question": QUESTION})
    assert taken.status_code == 409 and taken.json()["error"]["details"]["field"] == "name"
    path = f"{PATH}/{made['id']}"
    assert shared_sample.delete(path).status_code == 204
    assert shared_sample.get(path).status_code == 404 and get(shared_sample, PATH) == []
    other = save(shared_sample, "mine")
    assert shared_sample.post(f"{path}/restore").status_code == 409
    shared_sample.delete(f"{PATH}/{other['id']}")
    assert shared_sample.post(f"{path}/restore").json()["name"] == "Mine"
    assert [one["id"] for one in get(shared_sample, PATH)] == [made["id"]]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"q": "cloze > 1"}, 422, "q"),
        ({"filter_type": "NOTHING"}, 422, "filter_type"),
        ({"columns": ["close", "cloze"]}, 422, "columns.1"),
        ({"columns": ["close", "rsi(14)", "close +"]}, 422, "columns.2"),
        ({"columns": ["", "close"]}, 422, "columns.0"),
        ({"sort_by": "close +"}, 422, "sort_by"),
        ({"index": "NIFTY9999"}, 404, None),
        ({"sector": "Nonsense"}, 422, "sector"),
        ({"sector": ""}, 422, "sector"),
        ({"unknown": 1}, 422, "question.unknown"),
    ],
)
def test_what_could_not_be_asked_is_not_saved(
    shared_sample: TestClient, change: dict[str, Any], status: int, field: str | None
) -> None:
    response = shared_sample.post(PATH, json={"name": "Mine", "question": {**QUESTION, **change}})
    assert response.status_code == status, response.text
    if field is not None:
        assert response.json()["error"]["details"]["field"].endswith(field)
    assert get(shared_sample, PATH) == []
    for name in ("", "   ", "x" * 101):
        assert shared_sample.post(PATH, json={"name": name, "question": QUESTION}).status_code == 422


def test_a_sector_or_an_index_that_is_not_there_is_refused_with_the_nearest(shared_sample: TestClient) -> None:
    known = {row["sector"] for row in get(shared_sample, "/api/screener/", limit=500)["data"]}
    sector = max(known, key=len)
    question = {**QUESTION, "sector": sector[:-1] + "x"}
    error = shared_sample.post(PATH, json={"name": "Mine", "question": question}).json()["error"]
    assert error["details"]["field"] == "sector" and f"did you mean {sector}" in error["message"]
    index = max((one["id"] for one in get(shared_sample, "/api/screener/indices")["indices"]), key=len)
    question = {**QUESTION, "index": index + "X"}
    error = shared_sample.post(PATH, json={"name": "Mine", "question": question}).json()["error"]
    assert index in error["details"]["near"] and "did you mean" in error["message"], error
    assert (error["details"]["resource_type"], error["details"]["field"]) == ("index", "index")
    kept = shared_sample.post(PATH, json={"name": "Mine", "question": {**QUESTION, "sector": sector.upper()}})
    assert kept.status_code == 201, kept.text
    shared_sample.delete(f"{PATH}/{kept.json()['id']}")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("My\x07screen", "character 3 is U+0007"),
        ("a\u202eb", "character 2 is U+202E"),
        ("x" * 101, "expected 1 to 100 characters, got 101"),
        (" \n ", "expected 1 to 100 characters, got 0"),
    ],
)
def test_a_name_that_cannot_be_says_what_is_wrong_with_it(shared_sample: TestClient, name: str, told: str) -> None:
    response = shared_sample.post(PATH, json={"name": name, "question": QUESTION})
    assert response.status_code == 422 and told in response.json()["error"]["message"]
    assert response.json()["error"]["details"]["field"] == "name"


def test_a_column_that_is_wrong_is_told_by_its_place_in_the_list_and_in_its_own_text(shared_sample: TestClient) -> None:
    question = {**QUESTION, "columns": ["close", "sma(close, 20) / cloze"]}
    error = shared_sample.post(PATH, json={"name": "Mine", "question": question}).json()["error"]
    told = {"field": "columns.1", "line": 1, "column": 18, "length": 5}
    assert told.items() <= error["details"].items() and error["message"].startswith("There is no field cloze")


@pytest.mark.parametrize(("ids", "field"), [([1, 0], "ids.1"), ([2**31], "ids.0"), ([1, 2, -5], "ids.2")])
def test_an_id_of_an_event_that_is_out_of_range_is_named(shared_sample: TestClient, ids: list[int], field: str) -> None:
    response = shared_sample.post("/api/screener/events/read", json={"ids": ids})
    error = response.json()["error"]
    assert (response.status_code, error["details"]["field"]) == (422, field)


def test_a_screen_that_does_not_exist_is_told(shared_sample: TestClient) -> None:
    for method, path in (("GET", "/9"), ("DELETE", "/9"), ("POST", "/9/restore"), ("GET", "/9/versions")):
        assert shared_sample.request(method, PATH + path).status_code == 404
    assert shared_sample.patch(f"{PATH}/9", json={"watching": True}).status_code == 404
    assert shared_sample.get(f"{PATH}/99999999999").status_code == 422


def test_comings_and_goings_of_a_watched_screen_are_the_differences_between_days(shared_sample: TestClient) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    q = "rsi(2) < 40 and rank(turnover) <= 8"
    made = save(shared_sample, "Watched", q=q)
    unwatched = save(shared_sample, "Unwatched", q=q)
    path = f"{PATH}/{made['id']}"
    assert shared_sample.patch(path, json={"watching": True}).json()["watching"] is True
    assert platform.watch.run(Market.REAL)["events"] == 0  # it begins at the latest session
    days = get(shared_sample, "/api/screener/history", q=q)["days"]["t"][-6:]
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = :day"), {"day": date.fromisoformat(days[0])})
    expected = set()
    before = {row["symbol"] for row in get(shared_sample, "/api/screener/", q=q, asof=days[0], limit=500)["data"]}
    for day in days[1:]:
        traded = {row["symbol"] for row in get(shared_sample, "/api/screener/", asof=day, limit=500)["data"]}
        now = {row["symbol"] for row in get(shared_sample, "/api/screener/", q=q, asof=day, limit=500)["data"]}
        assert before <= traded  # otherwise the difference of two days would not be the event
        expected |= {(day, symbol, "ENTERED") for symbol in now - before}
        expected |= {(day, symbol, "LEFT") for symbol in before - now}
        before = now
    assert len(expected) > 2
    noted = platform.watch.run(Market.REAL)
    assert (noted["screens"], noted["events"], noted["failed"]) == (1, len(expected), {})
    assert platform.watch.run(Market.REAL)["events"] == 0

    page = get(shared_sample, "/api/screener/events", limit=500)
    assert {(one["session"], one["symbol"], one["kind"]) for one in page["data"]} == expected
    assert {one["screen_id"] for one in page["data"]} == {made["id"]} != {unwatched["id"]}
    assert page["meta"]["unread"] == page["meta"]["total"] == len(expected)
    first = page["data"][0]["id"]
    assert shared_sample.post("/api/screener/events/read", json={"ids": [first]}).json() == {
        "read": 1, "unread": len(expected) - 1,
    }  # fmt: skip
    assert get(shared_sample, "/api/screener/events", unread=True)["meta"]["total"] == len(expected) - 1
    assert shared_sample.post("/api/screener/events/read", json={}).json()["unread"] == 0
    shared_sample.delete(path)
    assert get(shared_sample, "/api/screener/events")["meta"]["total"] == 0


SOMETIMES = "1 / max(close - open, 0) > 0"  # true on days that rose; on the others nobody can say


def test_a_stock_whose_match_is_unknown_for_days_has_not_left(shared_sample: TestClient) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    made = save(shared_sample, "Sometimes", q=SOMETIMES)
    shared_sample.patch(f"{PATH}/{made['id']}", json={"watching": True})
    days = get(shared_sample, "/api/screener/history", q=SOMETIMES)["days"]
    assert sum(days["left"]) == 0 and days["unknown"][-1] > 0
    assert days["matched"][-1] + days["unknown"][-1] == days["universe"][-1]
    known, came = set(), 0
    for day in days["t"][:12]:
        rows = get(shared_sample, "/api/screener/", q=SOMETIMES, asof=day, limit=500)["data"]
        came += len({row["symbol"] for row in rows} - known)
        known |= {row["symbol"] for row in rows}
    assert sum(days["entered"][:12]) == came  # each once, on its first day that is known
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = :day"), {"day": date.fromisoformat(days["t"][-6])})
    noted = platform.watch.run(Market.REAL)
    assert (noted["events"], noted["unknown"]) == (0, {"Sometimes": days["unknown"][-1]})
    symbol = get(shared_sample, "/api/screener/")["data"][0]["symbol"]
    [held] = get(shared_sample, f"/api/screener/held/{symbol}", days=20)
    assert held["unknown"] > 0 and held["unknown"] + len(held["sessions"]) == 20


def test_a_watched_screen_that_can_no_longer_be_read_does_not_stop_the_others(shared_sample: TestClient) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    for name in ("Good", "Ill"):
        shared_sample.patch(f"{PATH}/{save(shared_sample, name)['id']}", json={"watching": True})
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = '2024-03-01'"))
        session.execute(
            text(
                'UPDATE screen_versions SET question = question || \'{"q": "gone > 1"}\' '
                "FROM saved_screens s WHERE s.id = screen_id AND s.name = 'Ill'"
            )
        )
    noted = platform.watch.run(Market.REAL)
    assert noted["screens"] == 2 and "no field gone" in noted["failed"]["Ill"]


def test_a_screen_that_breaks_in_a_way_nobody_foresaw_stops_no_other(
    shared_sample: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    for name, q in (("Ill", "close > 2"), ("Well", "close > 1")):
        shared_sample.patch(f"{PATH}/{save(shared_sample, name, q=q)['id']}", json={"watching": True})
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = '2024-03-01'"))
    answered = platform.watch.flags

    def breaks(market: Any, session: Any, panel: Any, question: Any, only: Any = None) -> Any:
        if question.q == "close > 2":
            raise TypeError("no item assignment")
        return answered(market, session, panel, question, only=only)

    monkeypatch.setattr(platform.watch, "flags", breaks)
    noted = platform.watch.run(Market.REAL)
    assert noted["screens"] == 2 and noted["failed"] == {"Ill": "It cannot be evaluated: TypeError"}
    symbol = get(shared_sample, "/api/screener/")["data"][0]["symbol"]
    held = {one["name"]: one for one in get(shared_sample, f"/api/screener/held/{symbol}", days=5)}
    assert held["Ill"]["reason"] == "It cannot be evaluated: TypeError" and len(held["Well"]["sessions"]) == 5


def test_a_screen_that_is_changed_while_it_is_looked_at_gets_no_event_of_what_it_was(
    shared_sample: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    screen = save(shared_sample, "Changing", q="rsi(2) < 40")
    shared_sample.patch(f"{PATH}/{screen['id']}", json={"watching": True})
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = '2024-03-01'"))
    answered = platform.watch.flags

    def changed_meanwhile(*given: Any, **more: Any) -> Any:
        found = answered(*given, **more)
        told = shared_sample.patch(f"{PATH}/{screen['id']}", json={"watching": False})  # does not wait
        assert told.status_code == 200, told.text
        return found

    monkeypatch.setattr(platform.watch, "flags", changed_meanwhile)
    assert platform.watch.run(Market.REAL)["events"] == 0
    assert get(shared_sample, "/api/screener/events")["data"] == []
    monkeypatch.setattr(platform.watch, "flags", answered)
    shared_sample.patch(f"{PATH}/{screen['id']}", json={"watching": True})
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = '2024-03-01'"))
    assert platform.watch.run(Market.REAL)["events"] > 0


def test_a_database_that_fails_is_no_fault_of_a_watched_screen(
    shared_sample: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform: Platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    shared_sample.patch(f"{PATH}/{save(shared_sample, 'Well')['id']}", json={"watching": True})
    with platform.database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = '2024-03-01'"))

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(platform.watch, "flags", away)
    with pytest.raises(OperationalError):
        platform.watch.run(Market.REAL)


def test_the_screens_that_held_a_stock_are_told_by_session(shared_sample: TestClient) -> None:
    questions: dict[str, dict[str, Any]] = {
        "Always": {"q": None},
        "Low": {"q": "rsi(2) < 40"},
        "First": {"q": "rank(turnover) <= 4"},
        "Never": {"q": "close < 0"},
    }
    for name, question in questions.items():
        save(shared_sample, name, **question)
    symbol = get(shared_sample, "/api/screener/", sort_by="turnover", sort_order="desc")["data"][0]["symbol"]
    held = {one["name"]: one for one in get(shared_sample, f"/api/screener/held/{symbol}", days=8)}
    days = get(shared_sample, "/api/screener/history", q="close > 0")["days"]["t"][-8:]
    assert held["Always"]["sessions"] == days and held["Never"]["sessions"] == []
    for name, q in (("Low", "rsi(2) < 40"), ("First", "rank(turnover) <= 4")):
        expected = [
            day
            for day in days
            if symbol
            in {row["symbol"] for row in get(shared_sample, "/api/screener/", q=q, asof=day, limit=500)["data"]}
        ]
        assert held[name]["sessions"] == expected
        assert held[name]["now"] == (days[-1] in expected)
    assert held["First"]["sessions"]


def test_why_a_stock_is_here_or_not_is_told_term_by_term(shared_sample: TestClient) -> None:
    rows = get(shared_sample, "/api/screener/", sort_by="close", sort_order="desc", limit=500)["data"]
    bound = rows[2]["close"]
    q = f"close > {bound} and 0 < rsi(14) < 101 and not nr7"
    told = get(shared_sample, f"/api/screener/why/{rows[3]['symbol'].lower()}", q=q)
    assert told["matches"] is False and told["outside"] is None
    assert [one["text"] for one in told["terms"]] == [
        f"close > {bound:g}" if bound == int(bound) else f"close > {bound!r}",
        "0 < rsi(close, 14)",
        "rsi(close, 14) < 101",
        "not nr7",
    ]
    first = told["terms"][0]
    assert (first["outcome"], first["value"], first["bound"], first["op"]) == ("fails", rows[3]["close"], bound, ">")
    assert (first["left"], first["unit"]) == ("close", "rupees")
    assert told["terms"][1]["value"] == 0 and told["terms"][2]["bound"] == 101
    assert told["terms"][2]["value"] == pytest.approx(rows[3]["rsi_14"])
    assert told["terms"][3]["value"] is None and told["terms"][3]["outcome"] in {"holds", "fails"}
    listed = {row["symbol"] for row in get(shared_sample, "/api/screener/", q=q, limit=500)["data"]}
    for row in rows:
        again = get(shared_sample, f"/api/screener/why/{row['symbol']}", q=q)
        assert again["matches"] == (row["symbol"] in listed)
    assert shared_sample.get("/api/screener/why/NOSUCH", params={"q": q}).status_code == 404


def test_an_or_is_opened_into_its_branches_each_with_its_distance(shared_sample: TestClient) -> None:
    row = get(shared_sample, "/api/screener/", sort_by="close", sort_order="desc", limit=1)["data"][0]
    symbol, close = row["symbol"], row["close"]
    # twice the close is half of itself away, (2 - 1) / 2; four times three quarters; the second branch is both
    two, four = repr(2 * close), repr(4 * close)
    q = f"close > {two} or (volume > 0 and close > {four} and close > {two}) or nr7 and close < 0"
    told = get(shared_sample, f"/api/screener/why/{symbol}", q=q)
    assert told["matches"] is False
    [term] = told["terms"]
    assert term["outcome"] == "fails" and term["gap"] == pytest.approx(0.5)
    assert [one["outcome"] for one in term["branches"]] == ["fails"] * 3
    assert [one["gap"] for one in term["branches"][:2]] == [pytest.approx(0.5), pytest.approx(0.75)]
    inner = term["branches"][1]["terms"]
    assert [one["outcome"] for one in inner] == ["holds", "fails", "fails"] and inner[0]["gap"] is None
    assert [one["gap"] for one in inner[1:]] == [pytest.approx(0.75), pytest.approx(0.5)]
    assert inner[1]["value"] == close and inner[1]["bound"] == 4 * close and inner[1]["branches"] == []
    # beside other terms it is opened as well, and a branch in a branch
    beside = get(
        shared_sample,
        f"/api/screener/why/{symbol}",
        q="volume > 0 and (close < 0 or (nr7 and (1 > close or close > 0)))",
    )
    assert [len(one["branches"]) for one in beside["terms"]] == [0, 2]
    nested = beside["terms"][1]["branches"][1]["terms"][1]
    assert (nested["outcome"], nested["gap"], len(nested["branches"])) == ("holds", None, 2)
    # what is not known has no distance
    unknown = get(shared_sample, f"/api/screener/why/{symbol}", q="close / 0 > 1 or close < 0")["terms"][0]
    assert (unknown["outcome"], unknown["branches"][0]["gap"], unknown["branches"][1]["gap"]) == ("unknown", None, 1.0)


def test_a_stock_that_misses_an_or_by_little_is_among_the_nearest(shared_sample: TestClient) -> None:
    rows = get(shared_sample, "/api/screener/", sort_by="close", sort_order="desc", limit=500)["data"]
    bound = rows[2]["close"]
    found = get(shared_sample, "/api/screener/near-misses", q=f"close > {bound!r} or close < 0", limit=2)
    assert [one["symbol"] for one in found["nearest"]] == [rows[2]["symbol"], rows[3]["symbol"]]
    assert found["nearest"][1]["gap"] == pytest.approx((bound - rows[3]["close"]) / bound)


def test_a_stock_outside_the_universe_says_why(shared_sample: TestClient) -> None:
    indices = get(shared_sample, "/api/screener/indices")["indices"]
    index = indices[0]["id"]
    everyone = {row["symbol"] for row in get(shared_sample, "/api/screener/", limit=500)["data"]}
    members = {row["symbol"] for row in get(shared_sample, "/api/screener/", index=index, limit=500)["data"]}
    stranger = min(everyone - members)
    told = get(shared_sample, f"/api/screener/why/{stranger}", q="close > 0", index=index)
    assert told["matches"] is False and "no member of" in told["outside"]
    assert told["terms"][0]["outcome"] == "holds"
    assert get(shared_sample, f"/api/screener/why/{min(members)}", index=index)["matches"] is True


def test_the_nearest_misses_are_those_that_failed_one_term_by_least(shared_sample: TestClient) -> None:
    rows = get(shared_sample, "/api/screener/", sort_by="close", sort_order="desc", limit=500)["data"]
    # the third highest close is the bound: two pass, all others miss it by one term, the next lower one by least
    bound = rows[2]["close"]
    found = get(shared_sample, "/api/screener/near-misses", q=f"close > {bound} and volume > 0", limit=3)
    assert found["universe"] == len(rows)
    assert [one["symbol"] for one in found["nearest"]] == [row["symbol"] for row in rows[2:5]]
    assert found["nearest"][0]["gap"] == 0.0
    assert found["nearest"][1]["gap"] == pytest.approx((bound - rows[3]["close"]) / bound)
    assert found["missed_by_one"] == len(rows) - 2
    assert [(one["holds"], one["alone_keeps_out"]) for one in found["terms"]] == [(2, len(rows) - 2), (len(rows), 0)]
    assert get(shared_sample, "/api/screener/near-misses")["nearest"] == []
    both = get(shared_sample, "/api/screener/near-misses", q="close < 0 and volume < 0")
    assert both["missed_by_one"] == 0  # all miss two


def test_the_watchlist_keeps_each_once_in_the_order_it_was_put_there(shared_sample: TestClient) -> None:
    path = "/api/market/watchlist"
    rows = get(shared_sample, "/api/screener/", sort_by="turnover", sort_order="desc")["data"]
    first, second = rows[0], rows[1]
    for symbol in (first["symbol"], second["symbol"].lower(), first["symbol"]):
        response = shared_sample.post(path, json={"symbol": symbol})
        assert response.status_code == 201, response.text
    listed = get(shared_sample, path)
    assert [one["symbol"] for one in listed] == [first["symbol"], second["symbol"]]
    assert listed[0]["ltp"] == first["close"] and listed[0]["instrument_type"] == "EQUITY"
    assert listed[0]["change"] == pytest.approx(first["close"] - first["prev_close"])
    assert listed[0]["change_pct"] == pytest.approx(first["change_pct"])
    index = get(shared_sample, "/api/screener/indices")["indices"][0]["id"]
    assert shared_sample.post(path, json={"symbol": index}).json()["instrument_type"] == "INDEX"
    assert shared_sample.post(path, json={"symbol": index, "instrument_type": "EQUITY"}).status_code == 422
    assert shared_sample.post(path, json={"symbol": "NOSUCH"}).status_code == 404
    assert shared_sample.delete(f"{path}/{first['symbol']}").status_code == 204
    assert shared_sample.delete(f"{path}/{first['symbol']}").status_code == 404
    assert [one["symbol"] for one in get(shared_sample, path)] == [second["symbol"], index]


def test_matches_are_counted_by_index(shared_sample: TestClient) -> None:
    counted = get(shared_sample, "/api/screener/", q="rsi(2) < 60", facets=True)["meta"]["indices"]
    for index in get(shared_sample, "/api/screener/indices")["indices"]:
        inside = get(shared_sample, "/api/screener/", q=f'rsi(2) < 60 and in index("{index["id"]}")')["meta"]["total"]
        assert counted.get(index["id"], 0) == inside
    assert any(counted.values())
    assert get(shared_sample, "/api/screener/")["meta"]["indices"] is None


def test_a_row_brings_its_last_closes(shared_sample: TestClient) -> None:
    for row in get(shared_sample, "/api/screener/", spark=20)["data"]:
        bars = get(shared_sample, f"/api/market/bars/{row['symbol']}", limit=20)
        assert len(row["spark"]) <= 20
        assert row["spark"] == pytest.approx(bars["c"][-len(row["spark"]) :])
    assert "spark" not in get(shared_sample, "/api/screener/")["data"][0]
