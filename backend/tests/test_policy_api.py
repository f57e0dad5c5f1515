"""Risk policies over HTTP: written down, refused where they contradict themselves, and runs under them."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL as BACKTEST
from tests.test_backtest_api import question

pytestmark = pytest.mark.integration

URL = "/api/portfolio/strategies/policy"
NUMBERS = itertools.count(1)


def created(client: TestClient, **values: Any) -> dict[str, Any]:
    answer = client.post(URL, json={"name": f"House rules {next(NUMBERS)}", **values})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{URL}/{answer.json()['id']}"
    return answer.json()  # type: ignore[no-any-return]


def test_a_policy_is_written_down_with_its_defaults_and_listed(shared_sample: TestClient) -> None:
    policy = created(shared_sample)
    assert {name: policy[name] for name in policy if name.endswith("_percent")} == {
        "cash_reserve_percent": 20.0, "max_equity_exposure_percent": 80.0, "daily_stop_loss_percent": -2.0,
        "max_strategy_allocation_percent": 25.0, "max_position_percent": None, "max_sector_percent": None,
        "max_turnover_percent": None, "max_drawdown_percent": None,
    }  # fmt: skip
    assert policy["allocation_sensitivity"] == "MEDIUM" and policy["correlation_penalty"] == "MODERATE"
    assert policy in shared_sample.get(URL).json()
    assert shared_sample.get(f"{URL}/{policy['id']}").json() == policy
    assert shared_sample.get(f"{URL}/999999").status_code == 404
    beyond = shared_sample.get(f"{URL}/99999999999999")
    assert beyond.status_code == 422 and "out of range" in beyond.json()["error"]["message"]


def test_saving_says_which_of_two_rules_is_the_tighter_one(shared_sample: TestClient) -> None:
    policy = created(shared_sample, cash_reserve_percent=30, max_equity_exposure_percent=90)
    assert policy["notes"][0].startswith("A cash reserve of 30 % leaves 70 % to invest: tighter")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"daily_stop_loss_percent": 2}, "daily_stop_loss_percent", "negative number"),
        ({"daily_stop_loss_percent": 0}, "daily_stop_loss_percent", "negative number"),
        ({"cash_reserve_percent": 101}, "cash_reserve_percent", "100"),
        ({"max_equity_exposure_percent": 20}, "max_strategy_allocation_percent", "one strategy may hold 25 %"),
        ({"allocation_sensitivity": "SOME"}, "allocation_sensitivity", "LOW"),
        ({"max_drawdown": 20}, "max_drawdown", ""),
        ({"name": " "}, "name", "name"),
        ({"name": "None"}, "name", "no policy applies"),
        ({"name": "12"}, "name", "could be the id of a policy"),
        ({"name": "१२"}, "name", "could be the id of a policy"),
        ({"name": "a\u0000b"}, "name", "a name of letters"),
        ({"name": "\u200b"}, "name", "a name of letters"),
        ({"name": "x" * 201}, "name", "200"),
        ({"daily_stop_loss_percent": -1e-5}, "daily_stop_loss_percent", "4 decimals"),
        ({"max_position_percent": 1e-9}, "max_position_percent", "4 decimals"),
    ],
)
def test_what_cannot_be_kept_answers_422_and_names_the_field(
    shared_sample: TestClient, values: dict[str, Any], field: str, words: str
) -> None:
    before = shared_sample.get(URL).json()
    answer = shared_sample.post(URL, json={"name": "X", **values})
    assert answer.status_code == 422
    text = answer.text
    assert field in text and words in text
    assert shared_sample.get(URL).json() == before


def test_a_run_under_a_policy_says_what_it_decided_and_what_became_of_it(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    policy = created(shared_sample, max_sector_percent=20)
    free = shared_sample.post(BACKTEST, json=question(sample_data)).json()
    run = shared_sample.post(BACKTEST, json=question(sample_data, policy_id=policy["id"])).json()
    assert run["run_id"] != free["run_id"] and free["decisions"] == []
    assert {row["state"] for row in free["daily_chart"]} == {"UNCONSTRAINED"}
    assert {row["state"] for row in run["daily_chart"]} <= {"NORMAL", "CAUTIOUS", "DEFENSIVE", "HALTED"}
    assert max(row["exposure"] for row in run["daily_chart"]) < max(row["exposure"] for row in free["daily_chart"])
    outcomes = {row["outcome"] for row in run["decisions"]}
    assert outcomes <= {"ALLOW", "TRIM", "REJECT", "NOTICE"} and outcomes & {"TRIM", "REJECT"}
    assert any(row["would_have_made"] is not None for row in run["decisions"] if row["outcome"] in ("TRIM", "REJECT"))
    assert run["spec"]["policy"]["max_sector_percent"] == 20.0 and run["spec"]["sectors"] != "none"
    assert [cause["cause"] for cause in run["naive_twin"]["causes"]][-1] == "policy"
    assert any(said.startswith("A risk policy applies: 20 %") for said in run["assumptions"])
    verified = shared_sample.post(f"/api/portfolio/strategies/runs/{run['run_id']}/verify").json()
    assert verified["outcome"] == "identical"


def test_the_same_rules_under_another_name_are_the_same_run(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    one, two = created(shared_sample, name="One"), created(shared_sample, name="Two")
    runs = [shared_sample.post(BACKTEST, json=question(sample_data, policy_id=p["id"])).json() for p in (one, two)]
    assert runs[0]["run_id"] == runs[1]["run_id"]


def test_a_name_is_taken_once_for_it_is_how_a_run_asks_for_its_policy(shared_sample: TestClient) -> None:
    first = created(shared_sample, name="Careful  hands")
    assert first["name"] == "Careful hands"
    for again in ("Careful hands", "careful HANDS", "  Careful hands "):
        answer = shared_sample.post(URL, json={"name": again, "cash_reserve_percent": 50})
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert error["code"] == "CONFLICT" and error["details"] == {"field": "name", "id": first["id"]}
        assert "There is a policy Careful hands already" in error["message"]
    named = [row for row in shared_sample.get(URL).json() if row["name"] == "Careful hands"]
    assert named == [first]


def test_of_many_that_take_a_name_at_once_one_has_it(shared_sample: TestClient) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: shared_sample.post(URL, json={"name": "Rush"}).status_code, range(6)))
    assert sorted(answers) == [201] + [409] * 5


def test_a_policy_that_is_not_there_answers_404(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    answer = shared_sample.post(BACKTEST, json=question(sample_data, policy_id=999_999))
    assert answer.status_code == 404 and "There is no policy 999999" in answer.json()["error"]["message"]


def test_a_rotation_under_a_policy_is_scaled_at_each_rebalance_and_says_so(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    """Ten stocks at a tenth each under a limit of a quarter: 2.5 % each at the most, at every rebalance."""
    asked = question(
        sample_data, strategy_ids=["momentum_12_1"], policy_id=created(shared_sample)["id"],
        params={"momentum_12_1": {"lookback": 40, "skip": 5, "names": 10}},
    )  # fmt: skip
    run = shared_sample.post(BACKTEST, json=asked).json()
    scaled = [row for row in run["decisions"] if row["outcome"] == "SCALE" and row["rule"] == "STRATEGY"]
    assert len(scaled) >= 6
    for row in scaled:
        assert row["granted"] == pytest.approx(0.25 * row["equity"]) == pytest.approx(row["limit"])
        assert row["wanted"] == pytest.approx(row["equity"], rel=1e-6)
        assert (row["book"], row["symbol"], row["side"], row["price"]) == ("momentum_12_1", None, None, None)
    first = [row for row in run["decisions"] if row["outcome"] in ("ALLOW", "TRIM", "REJECT")][:10]
    assert {row["outcome"] for row in first} <= {"ALLOW", "TRIM"}, "all ten are bought, not the first two"
    assert any(said.startswith("The policy scaled down the target weights of") for said in run["warnings"])
    table = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/export?table=decisions")
    assert table.status_code == 200 and "SCALE" in table.text
    verified = shared_sample.post(f"/api/portfolio/strategies/runs/{run['run_id']}/verify").json()
    assert verified["outcome"] == "identical"
