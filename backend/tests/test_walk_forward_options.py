"""Each option of a run reaches a walk-forward: another id, another outcome, and it stands in the stored question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli import app
from app.engines.backtest import RunSpec
from app.schemas.strategies import BacktestRequest
from app.services.sample_market import SampleSummary

from .conftest import copied_database, served_application
from .test_walk_forward_api import asked, stored

pytestmark = pytest.mark.integration

TIGHT = {
    "name": "tight", "max_equity_exposure_percent": 20.0, "max_position_percent": 10.0,
    "max_strategy_allocation_percent": 20.0, "daily_stop_loss_percent": -50.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("options")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home / "inbox") as client:
        yield client


@pytest.fixture(scope="module")
def plain(client: TestClient, sample_data: SampleSummary) -> dict[str, Any]:
    """The walk-forward that each option is held against: small orders fill, and money is short at times."""
    return stored(client, asked(sample_data))


def outcome(walk: dict[str, Any]) -> dict[str, Any]:
    """What came of it, without its names."""
    names = ("equity", "metrics", "windows", "benchmarks", "luck", "stress", "variants")
    return {name: walk[name] for name in names}


# the field, its value, where the stored spec has it, and what of the outcome it must change
OPTIONS: list[tuple[str, Any, str, str]] = [
    ("initial_capital", 250_000.0, "initial_capital", "equity"),
    ("sizing", "quantity", "sizing.kind", "equity"),
    ("sizing", "value", "sizing.kind", "equity"),
    ("sizing", "equity_per_position", "sizing.kind", "equity"),
    ("max_positions", 1, "max_positions", "equity"),
    ("allocations", {"sma_cross": 0.5}, "books.0.allocation", "equity"),
    ("costs", "zerodha", "costs.plan", "equity"),
    ("costs", {"plan": "custom", "flat": 500}, "costs.flat", "equity"),
    ("slippage_bps", 25, "slippage_bps", "equity"),
    ("impact_bps", 500, "impact_bps", "equity"),
    ("volume_cap", 0.0005, "volume_cap", "equity"),
    ("unfilled", "carry", "unfilled", "equity"),
    ("settle_next_session", True, "settle_next_session", "equity"),
    ("market", "none", "market_rules", "equity"),
    ("fill_at", "this_close", "fill_at", "equity"),
    ("benchmark", "none", "benchmark", "benchmarks"),
    ("cash_rates", [{"start": "2024-01-01", "percent": 7}], "cash_rates", "benchmarks"),
    ("policy_id", "tight", "policy", "equity"),
    ("seed", 5, "seed", "luck"),
    ("asof_members", False, "universe", "spec"),
    ("strict_actions", True, "adjustment", "spec"),
    ("product", "MIS", "books.0.product", "equity"),
    ("params", {"sma_cross": {}}, "", ""),
]
# what makes an option tell: shares that the cap leaves, money that a sale has not brought yet
BESIDE: dict[str, dict[str, Any]] = {
    "unfilled": {"volume_cap": 0.0005},
    "settle_next_session": {"sizing": "value", "sizing_value": 400_000},
    "sizing": {"sizing_value": 50},
    "market": {"slippage_bps": 7},  # prices are rounded to the tick
}


@pytest.mark.parametrize(("name", "value", "where", "what"), OPTIONS, ids=lambda value: json.dumps(value)[:30])
def test_each_option_of_a_run_changes_a_walk_forward(
    client: TestClient, sample_data: SampleSummary, plain: dict[str, Any], name: str, value: Any, where: str, what: str
) -> None:
    if name == "policy_id":
        answer = client.post("/api/portfolio/strategies/policy", json=TIGHT)
        assert answer.status_code in (200, 201), answer.text
        value = answer.json()["id"]
    beside = BESIDE.get(name, {}) if value not in ("equity_per_position",) else {"max_positions": 2}
    before = plain if not beside or name == "sizing" else stored(client, asked(sample_data, run=beside))
    found = stored(client, asked(sample_data, run={**beside, name: value}))
    if not where:  # the same question, said with an empty set of parameters
        assert outcome(found) == outcome(plain) and found["walk_forward_id"] == plain["walk_forward_id"]
        return
    assert found["walk_forward_id"] != before["walk_forward_id"]
    was, now = before["spec"]["base"], found["spec"]["base"]
    for part in where.split("."):
        was, now = (side[int(part)] if part.isdigit() else side[part] for side in (was, now))
    assert was != now
    if what != "spec":
        assert outcome(found)[what] != outcome(before)[what]


def test_every_field_of_a_run_is_looked_at_here() -> None:
    """A field that is new to a run must be asked of a walk-forward, too."""
    elsewhere = {"strategy_ids", "universe", "start_date", "end_date", "timeframe", "sizing_value"}
    assert {name for name, *_ in OPTIONS} | elsewhere == set(BacktestRequest.model_fields)


def test_the_command_takes_every_option_and_asks_the_same_question(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two the bases are equal field by field, though the command is told in words."""
    specs: list[dict[str, Any]] = []
    policy = client.post("/api/portfolio/strategies/policy", json={**TIGHT, "name": "loose"}).json()["id"]
    body = asked(
        sample_data,
        run={
            "initial_capital": 500_000, "sizing": "value", "sizing_value": 50_000, "max_positions": 3,
            "costs": {"plan": "custom", "fraction": 0.0003, "cap": 20, "flat": 1, "depository": 15},
            "slippage_bps": 3, "impact_bps": 7, "volume_cap": 0.1, "unfilled": "carry", "settle_next_session": True,
            "market": "nse", "fill_at": "this_close", "benchmark": "none", "policy_id": policy, "seed": 9,
            "cash_rates": [{"start": "2024-01-01", "percent": 7}], "asof_members": False, "strict_actions": True,
            "product": "CNC", "timeframe": "1d", "params": {"sma_cross": {"slow": 15}},
        },
        grid={"fast": [3, 5]}, metric="sortino", mode="anchored", purge=2, embargo=1,
        random={"draws": 2, "seed": 4},
    )  # fmt: skip
    specs.append(stored(client, body)["spec"])
    platform = client.app.state.platform  # type: ignore[attr-defined]
    monkeypatch.setenv("DATABASE_URL", str(platform.settings.database_url))
    monkeypatch.setenv("SMARTTRADER_HOME", str(platform.settings.home))
    called = CliRunner().invoke(
        app,
        ["walkforward", "sma_cross", "--grid", "fast=3,5", "--param", "slow=15", "--train", "60", "--test", "40",
         "--anchored", "--metric", "sortino", "--purge", "2", "--embargo", "1", "--random", "2", "--seed", "4",
         "--universe", f"{sample_data.indices[0]}@today", "--from", "2024-03-01", "--to", "2024-12-31",
         "--capital", "500000", "--sizing", "value:50000", "--max-positions", "3", "--costs", "custom",
         "--brokerage-percent", "0.03", "--brokerage-cap", "20", "--brokerage-flat", "1", "--depository", "15",
         "--slippage-bps", "3", "--impact-bps", "7", "--volume-cap", "0.1", "--unfilled", "carry",
         "--settle-next-session", "--market", "nse", "--fill-at", "this_close", "--benchmark", "none",
         "--policy", "loose", "--run-seed", "9", "--cash-rate", "2024-01-01:7", "--strict-actions",
         "--product", "CNC", "--timeframe", "1d", "--json"],
    )  # fmt: skip
    assert called.exit_code == 0, called.output
    specs.append(json.loads(called.stdout)["spec"])
    assert specs[0] == specs[1]
    defaults = RunSpec.from_dict(stored(client, asked(sample_data))["spec"]["base"])
    given = RunSpec.from_dict(specs[0]["base"])
    same = {name for name in RunSpec.__dataclass_fields__ if getattr(defaults, name) == getattr(given, name)}
    # what is the same with every option given: the period and the data, and what goes with neither
    assert same <= {"start", "end", "data_root", "timeframe", "engine_version", "fractional", "market_rules", "sectors"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--grid", "fast=3", "--grid", "fast=5"), "--grid fast: given twice"),
        ((), "--grid is missing"),
        (("--grid", "fast=3,5", "--market", "bse"), "--market bse: expected nse or none"),
        (("--grid", "fast=3,5", "--costs", "bps"), "--costs bps: expected a number after bps"),
        (("--grid", "fast=3,5", "--costs", "zerodha", "--brokerage-flat", "20"), "goes with --costs custom"),
        (("--grid", "fast=3,5", "--policy", "nobody"), "nobody"),
        (("--grid", "fast=3,5", "--benchmark", "NO INDEX"), "There is no daily series of an index NO INDEX"),
        (("--grid", "fast=3,5", "--volume-cap", "2"), "volume_cap: expected"),
        (("--grid", "fast=3,5", "--unfilled", "wait"), "unfilled: expected"),
        (("--grid", "fast=nan"), "grid.fast: expected a number, got nan"),
        (("--grid", "fast=3,5", "--from", "2024-05-01", "--to", "2024-04-01"), "--to 2024-04-01 lies before"),
        (("--grid", "fast=3,5", "--purge", "-1"), "purge: expected 0 sessions or more, got -1"),
        (("--grid", "fast=3,5", "--metric", "volatility"), "metric: expected one of"),
    ],
)  # fmt: skip
def test_what_a_walk_forward_cannot_be_asked_is_told(
    client: TestClient, sample_data: SampleSummary, arguments: tuple[str, ...], told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    platform = client.app.state.platform  # type: ignore[attr-defined]
    monkeypatch.setenv("DATABASE_URL", str(platform.settings.database_url))
    monkeypatch.setenv("SMARTTRADER_HOME", str(platform.settings.home))
    result = CliRunner().invoke(app, ["walkforward", "sma_cross", "--universe", sample_data.indices[0], *arguments])
    assert result.exit_code == 1 and told in result.stderr, result.output
    assert "Traceback" not in result.output
