"""Corporate actions of a portfolio's shares over HTTP: shown, applied, undone, dismissed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.models import AdjustmentFactor
from app.services.portfolios.actions import _from_factor, as_split
from app.services.sample_market import SampleSummary
from tests.test_portfolio_api import URL, buy, client, created, market_client, refusal

__all__ = ["client", "market_client"]

pytestmark = pytest.mark.integration


def held(client: TestClient, sample: SampleSummary) -> str:
    """A portfolio that held both shares long before their actions."""
    path = f"{URL}/{created(client)['id']}"
    lines = [
        buy(sample.split[0], 10, 1000, "2024-01-15"),
        buy(sample.bonus[0], 7, 200, "2024-01-15"),
        buy(sample.split[0], 3, 900, "2024-01-16", account="other"),
    ]
    assert client.post(f"{path}/transactions", json={"transactions": lines}).status_code == 201
    return path


def of(waiting: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in waiting["actions"] if one["kind"] == kind)


def test_a_split_and_a_bonus_are_shown_applied_and_undone(client: TestClient, sample_data: SampleSummary) -> None:
    path = held(client, sample_data)
    before = client.get(path).json()
    waiting = client.get(f"{path}/actions").json()
    split, bonus = of(waiting, "SPLIT"), of(waiting, "BONUS")
    assert (split["symbol"], split["ex_date"], split["ratio"]) == (*map(str, sample_data.split), "5:1")
    # 13 shares that cost 12700.00 become 65 that cost the same
    assert split["before"] == {"quantity": 13, "cost": "12700.00", "average": "976.9231"}
    assert split["after"] == {"quantity": 65, "cost": "12700.00", "average": "195.3846"}
    assert (bonus["symbol"], bonus["ratio"], bonus["needs"]) == (sample_data.bonus[0], "1:1", [])
    assert (bonus["before"]["quantity"], bonus["after"]["quantity"], bonus["after"]["cost"]) == (7, 14, "1400.00")
    ready = [one for one in waiting["actions"] if not one["needs"]]
    applied = client.post(f"{path}/actions/apply", json={"version": waiting["version"]}).json()
    assert len(applied["transaction_ids"]) == len(ready)
    now = client.get(path).json()
    assert {one["symbol"]: one["quantity"] for one in now["positions"]} == {split["symbol"]: 65, bonus["symbol"]: 14}
    assert now["invested"] == before["invested"]
    day_before = str(sample_data.split[1] - timedelta(days=1))
    earlier = client.get(path, params={"asof": day_before}).json()
    assert next(one["quantity"] for one in earlier["positions"] if one["symbol"] == split["symbol"]) == 13
    assert [one for one in client.get(f"{path}/actions").json()["actions"] if not one["needs"]] == []
    stale = client.post(f"{path}/actions/undo", json={"transaction_ids": applied["transaction_ids"], "version": 1})
    refusal(stale, 409, "CONFLICT")
    assert client.post(f"{path}/actions/undo", json={"transaction_ids": applied["transaction_ids"]}).status_code == 200
    back = client.get(path).json()
    assert back["positions"] == before["positions"]
    assert client.get(f"{path}/actions").json()["actions"] == waiting["actions"]


def test_shares_sold_out_of_a_split_stand_in_the_way_of_undoing_it(
    client: TestClient, sample_data: SampleSummary
) -> None:
    path = held(client, sample_data)
    split = of(client.get(f"{path}/actions").json(), "SPLIT")
    applied = client.post(f"{path}/actions/apply", json={"actions": [{"id": split["id"]}]}).json()
    later = str(date.fromisoformat(split["ex_date"]) + timedelta(days=3))
    sale = {"kind": "SELL", "date": later, "symbol": split["symbol"], "quantity": 30, "price": 210}
    assert client.post(f"{path}/transactions", json={"transactions": [sale]}).status_code == 201
    error = refusal(
        client.post(f"{path}/actions/undo", json={"transaction_ids": applied["transaction_ids"]}),
        422,
        "VALIDATION_ERROR",
    )
    assert "30 shares sold" in error["message"] and error["details"]["held"] == 10
    assert (
        next(one["quantity"] for one in client.get(path).json()["positions"] if one["symbol"] == split["symbol"]) == 35
    )
    bought = client.get(f"{path}/transactions", params={"kind": "BUY"}).json()["data"][0]["id"]
    refusal(client.post(f"{path}/actions/undo", json={"transaction_ids": [bought]}), 422, "VALIDATION_ERROR")


def test_an_action_entered_by_hand_or_bought_after_does_not_wait(
    client: TestClient, sample_data: SampleSummary
) -> None:
    symbol, ex_date = sample_data.split
    path = held(client, sample_data)
    by_hand = {"kind": "SPLIT", "date": str(ex_date + timedelta(days=1)), "symbol": symbol, "ratio": "5:1"}
    client.post(f"{path}/transactions", json={"transactions": [by_hand]})
    assert all(
        one["symbol"] != symbol or one["kind"] != "SPLIT" for one in client.get(f"{path}/actions").json()["actions"]
    )
    other = f"{URL}/{created(client, name='after')['id']}"
    client.post(f"{other}/transactions", json={"transactions": [buy(symbol, 10, 200, str(ex_date))]})
    assert client.get(f"{other}/actions").json()["actions"] == []


def test_a_dismissed_action_is_left_out_until_it_is_wanted(client: TestClient, sample_data: SampleSummary) -> None:
    path = held(client, sample_data)
    split = of(client.get(f"{path}/actions").json(), "SPLIT")
    assert client.post(f"{path}/actions/dismiss", json={"ids": [split["id"]]}).status_code == 200
    waiting = client.get(f"{path}/actions").json()
    assert split in waiting["dismissed"] and split not in waiting["actions"]
    client.post(f"{path}/actions/apply", json={})
    assert (
        next(one["quantity"] for one in client.get(path).json()["positions"] if one["symbol"] == split["symbol"]) == 13
    )
    client.post(f"{path}/actions/dismiss", json={"ids": [split["id"]], "dismissed": False})
    assert split in client.get(f"{path}/actions").json()["actions"]
    refusal(client.post(f"{path}/actions/apply", json={"actions": [{"id": "nothing"}]}), 404, "DATA_NOT_FOUND")


def test_dividends_are_paid_on_what_was_held_into_the_ex_date(client: TestClient, sample_data: SampleSummary) -> None:
    path = held(client, sample_data)
    paid = [one for one in client.get(f"{path}/actions").json()["actions"] if one["kind"] == "DIVIDEND"]
    assert paid
    one = paid[0]
    assert float(one["pays"]) == pytest.approx(float(one["amount"]) * one["before"]["quantity"], abs=0.005)
    client.post(f"{path}/actions/apply", json={"actions": [{"id": one["id"]}]})
    assert client.get(path).json()["income"] == one["pays"]


def test_rights_that_prices_are_adjusted_for_are_asked_about_and_are_no_split() -> None:
    # Reliance 2020, 1 for 15: a factor of 1.00948 on prices says nothing of how many shares its holder took up
    action = AdjustmentFactor(
        ex_date=date(2020, 5, 13),
        factor=1.0094789,
        tier="LISTED",
        purpose="Rights 1:15 @ Premium Rs 1247",
        evidence={"kind": "RIGHTS"},
    )
    (found,) = _from_factor("key", action)
    assert (found.kind, found.ratio, found.needs) == ("RIGHTS", None, ("quantity", "price"))


def test_a_factor_alone_is_asked_about_and_comes_in_with_a_file_as_a_split_that_says_so() -> None:
    # a list of factors calls every bonus a split, and the tax on a bonus differs
    action = AdjustmentFactor(
        instrument_id=1, ex_date=date(2024, 10, 28), factor=2.0, tier="LISTED", purpose="Stock Splits 2.0",
        evidence={"sources": ["actions_yahoo"]},
    )  # fmt: skip
    (found,) = _from_factor("key", action)
    assert (found.kind, found.ratio, found.needs) == ("SPLIT_OR_BONUS", (2, 1), ("kind",))
    guessed = as_split(found)
    assert (guessed.kind, guessed.ratio, guessed.needs) == ("SPLIT", (2, 1), ())
    assert "entered as a split; for a bonus change" in guessed.purpose
    action.evidence = {"sources": ["actions_yahoo", "actions_splits"]}
    assert _from_factor("key", action)[0].kind == "SPLIT"


def test_a_renaming_needs_no_line(client: TestClient, sample_data: SampleSummary) -> None:
    old, new, changed_on = sample_data.renamed
    path = f"{URL}/{created(client)['id']}"
    lines = [buy(old, 10, 100, str(changed_on - timedelta(days=10)))]
    client.post(f"{path}/transactions", json={"transactions": lines})
    assert client.get(f"{path}/actions").json()["renames"] == [
        {"date": str(changed_on), "from_symbol": old, "to_symbol": new}
    ]


def test_what_the_ledger_lacks_is_said_wherever_its_figures_stand(
    client: TestClient, sample_data: SampleSummary
) -> None:
    path = held(client, sample_data)
    symbol, ex_date = sample_data.split
    told = f"{symbol}, {ex_date}, 13 shares: an action that restated its price by 5 is not in the ledger"

    def said() -> list[list[str]]:
        found = [
            client.get(path).json()["notes"],
            client.get(f"{path}/performance").json()["notes"],
            client.get(f"{path}/tax").json()["notes"],
            client.post(f"{path}/analyze", json={"lookback_days": 60}).json()["assumptions"],
        ]
        return [[note for note in notes if note.startswith(told)] for notes in found]

    assert all(len(notes) == 1 for notes in said())
    before = client.get(path, params={"asof": str(ex_date - timedelta(days=1))}).json()
    assert not any(note.startswith(told) for note in before["notes"])
    split = of(client.get(f"{path}/actions").json(), "SPLIT")
    client.post(f"{path}/actions/dismiss", json={"ids": [split["id"]]})
    assert said() == [[], [], [], []]
    client.post(f"{path}/actions/dismiss", json={"ids": [split["id"]], "dismissed": False})
    assert all(len(notes) == 1 for notes in said())
    client.post(f"{path}/actions/apply", json={"actions": [{"id": split["id"]}]})
    assert said() == [[], [], [], []]
