"""The doubt about a run's Sharpe over HTTP: computed when asked for, with every trial counted once until then."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.engines.backtest import RunSpec, UniverseSpec, book_of
from app.engines.strategies.registry import registry
from app.services.backtests import service
from app.services.backtests.service import trial_hash
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration


def answered(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(URL, json=body)
    assert response.status_code == 200, response.text
    run: dict[str, Any] = response.json()
    return run


def significance(client: TestClient, run: dict[str, Any]) -> dict[str, Any]:
    response = client.get(f"/api/portfolio/strategies/runs/{run['run_id']}/significance")
    assert response.status_code == 200, response.text
    figures: dict[str, Any] = response.json()
    return figures


def variants(sample: SampleSummary, *fast: int) -> list[dict[str, Any]]:
    return [question(sample, params={"sma_cross": {"fast": days, "slow": 20}}) for days in fast]


def test_the_first_trial_has_nothing_to_deflate(sample_client: TestClient, sample_data: SampleSummary) -> None:
    run = answered(sample_client, question(sample_data))
    figures = significance(sample_client, run)
    assert figures["run_id"] == run["run_id"]
    assert figures["sharpe"] == run["metrics"]["sharpe"]
    assert figures["sessions"] == run["metrics"]["returns"] == len(run["daily_chart"]) - 1
    assert (figures["trials"], figures["trial_sharpe_variance"], figures["expected_max_sharpe"]) == (1, None, 0.0)
    assert 0.0 < figures["deflated_sharpe"] == figures["probabilistic_sharpe"] < 1.0
    assert "one trial" in figures["reasons"]["deflated_sharpe"]


def test_a_distinct_question_is_a_trial_and_the_same_one_again_is_not(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    questions = variants(sample_data, 3, 5, 8, 10)
    runs = [answered(sample_client, body) for body in questions]
    first = significance(sample_client, runs[0])
    for body in questions:
        answered(sample_client, body)
        answered(sample_client, body | {"slippage_bps": 0.0, "seed": 0})  # the defaults, written out
    assert significance(sample_client, runs[0]) == first
    assert first["trials"] == 4
    ratios = [run["metrics"]["sharpe"] / math.sqrt(252) for run in runs]
    assert first["trial_sharpe_variance"] == pytest.approx(np.var(ratios, ddof=1))
    # best of four: (1 - γ) Φ⁻¹(3/4) + γ Φ⁻¹(1 - 1/4e) = 0.422784 × 0.674490 + 0.577216 × 1.328722 = 1.052123
    luck = math.sqrt(first["trial_sharpe_variance"] * 252) * 1.052123
    assert first["expected_max_sharpe"] == pytest.approx(luck, rel=1e-6)
    for run in runs:
        figures = significance(sample_client, run)
        assert figures["deflated_sharpe"] < figures["probabilistic_sharpe"]
        assert (figures["probabilistic_sharpe"] > 0.5) == (figures["sharpe"] > 0.0)
        assert "deflated_sharpe" not in figures["reasons"]


def test_the_spread_that_deflates_is_that_of_runs_of_a_like_record_and_every_run_counts(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    """Three runs of ten months and four of five weeks: each kind is deflated by its own, after seven trials."""
    long = [answered(sample_client, body) for body in variants(sample_data, 3, 5, 8)]
    short = [
        answered(sample_client, body | {"start_date": "2024-08-01", "end_date": "2024-09-04"})
        for body in variants(sample_data, 3, 5, 8, 10)
    ]
    for runs in (long, short):
        ratios = [run["metrics"]["sharpe"] / math.sqrt(252) for run in runs if run["metrics"]["sharpe"] is not None]
        assert len(ratios) > 1
        for run in runs:
            figures = significance(sample_client, run)
            assert (figures["trials"], figures["trials_compared"], figures["trials_unknown"]) == (7, len(ratios), 0)
            assert figures["trial_sharpe_variance"] == pytest.approx(np.var(ratios, ddof=1), rel=1e-9)
    assert significance(sample_client, short[0])["trial_sharpe_variance"] > (
        2 * significance(sample_client, long[0])["trial_sharpe_variance"]
    )


def test_later_trials_lower_the_figure_and_leave_the_run_as_it_was(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    runs = [answered(sample_client, body) for body in variants(sample_data, 3, 10)]
    stored = f"/api/portfolio/strategies/runs/{runs[0]['run_id']}"
    before, figures = sample_client.get(stored).content, significance(sample_client, runs[0])
    for body in variants(sample_data, 2, 4, 6, 15):
        answered(sample_client, body)
    after = significance(sample_client, runs[0])
    assert (figures["trials"], after["trials"]) == (2, 6)
    assert after["probabilistic_sharpe"] == figures["probabilistic_sharpe"]
    assert after["deflated_sharpe"] != figures["deflated_sharpe"]
    assert sample_client.get(stored).content == before


def test_of_several_strategies_the_most_tried_one_counts(sample_client: TestClient, sample_data: SampleSummary) -> None:
    for body in variants(sample_data, 3, 5, 8):
        answered(sample_client, body)
    both = answered(sample_client, question(sample_data, strategy_ids=["rsi2", "sma_cross"], params={}))
    alone = answered(sample_client, question(sample_data, strategy_ids=["rsi2"], params={}))
    assert significance(sample_client, both)["trials"] == 4
    assert significance(sample_client, alone)["trials"] == 2


def test_a_run_that_failed_is_a_trial_too(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = answered(sample_client, question(sample_data))

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the core stopped")

    with monkeypatch.context() as patch:
        patch.setattr(service, "carry_out", broken)
        assert sample_client.post(URL, json=question(sample_data, seed=3)).status_code == 500
    figures = significance(sample_client, run)
    assert (figures["trials"], figures["deflated_sharpe"], figures["expected_max_sharpe"]) == (2, None, None)
    assert figures["probabilistic_sharpe"] is not None
    assert "of 2 trials fewer than two have a Sharpe" in figures["reasons"]["deflated_sharpe"]


def test_a_run_without_a_sharpe_has_no_twin_and_says_why(sample_client: TestClient, sample_data: SampleSummary) -> None:
    run = answered(sample_client, question(sample_data, start_date="2024-12-31"))
    figures = significance(sample_client, run)
    for name in ("sharpe", "probabilistic_sharpe", "deflated_sharpe", "min_track_record_sessions", "skewness"):
        assert figures[name] is None
        assert figures["reasons"][name]
    assert figures["reasons"]["sharpe"] == run["metric_reasons"]["sharpe"]
    assert (figures["trials"], figures["sessions"]) == (1, 0)


def test_fresh_data_and_a_new_engine_make_no_new_trial_and_an_edited_source_does() -> None:
    strategy = registry()["sma_cross"]
    spec = RunSpec(
        books=(book_of(strategy, {"fast": 5, "slow": 20}),),
        universe=UniverseSpec(index="NIFTY50"),
        start=date(2024, 3, 1),
        end=date(2024, 12, 31),
        data_root="a" * 64,
    )
    edited = replace(spec.books[0], source_hash="b" * 64)
    spec = replace(
        spec, market_rules="nse@1.a", benchmark="NIFTY50@1", adjustment="forward_anchored@1+1", sectors="1" * 64
    )
    for rerun in (
        replace(spec, market_rules="nse@1.b"),
        replace(spec, benchmark="NIFTY50@2"),
        replace(spec, adjustment="forward_anchored@2+2"),
        replace(spec, sectors="2" * 64),
        replace(spec, data_root="c" * 64),
        replace(spec, engine_version="9.000000000000"),
    ):
        assert rerun.run_id != spec.run_id and trial_hash(rerun) == trial_hash(spec)
    for trial in (
        replace(spec, market_rules="none"),
        replace(spec, benchmark="NIFTY500@1"),
        replace(spec, adjustment="forward_anchored@strict-1+1"),
        replace(spec, sectors="none"),
        replace(spec, seed=1),
        replace(spec, books=(edited,)),
        replace(spec, books=(book_of(strategy, {"fast": 6, "slow": 20}),)),
    ):
        assert trial_hash(trial) != trial_hash(spec)
    # of one of the user's own only what the user wrote counts: a new platform below it is no other idea
    mine = {"sma_cross": "text of mine"}
    assert trial_hash(replace(spec, books=(edited,)), mine) == trial_hash(spec, mine)
    assert trial_hash(spec, {"sma_cross": "edited"}) != trial_hash(spec, mine)


def test_an_unknown_run_has_no_significance(shared_sample: TestClient) -> None:
    response = shared_sample.get("/api/portfolio/strategies/runs/abc/significance")
    assert response.status_code == 404
    error = response.json()["error"]
    assert error["code"] == "DATA_NOT_FOUND" and "abc" in error["message"]
