"""Which points a sweep has: their order, their number, what is no point and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.strategies.registry import registry
from app.engines.sweeps.spec import Points, SweepSpec, checked_grid, combinations, values_of

from .market import bars_of, base_of, sweep_of, walk

SMA = registry()["sma_cross"]


def test_a_range_holds_both_its_ends_and_no_rounding_of_its_steps() -> None:
    assert values_of("x", {"start": 5, "stop": 20, "step": 5}) == (5, 10, 15, 20)
    assert values_of("x", {"start": 0.1, "stop": 0.5, "step": 0.1}) == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert values_of("x", {"start": 5, "stop": 12, "step": 5}) == (5, 10)


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "grid: expected at least one parameter"),
        ({"fast": []}, "grid.fast: expected at least one value"),
        ({"quick": [5]}, "grid.quick: sma_cross has no such parameter; it has fast, slow"),
        ({"fast": ["5"]}, "grid.fast: expected a number, got '5'"),
        ({"fast": [True]}, "grid.fast: expected a number, got True"),
        ({"fast": "5:50:5"}, "grid.fast: expected a list of numbers"),
        ({"fast": [5.5]}, "grid.fast: expected a whole number from 2 to 250, got 5.5"),
        ({"fast": [1]}, "grid.fast: expected a whole number from 2 to 250, got 1"),
        ({"fast": [float("nan")]}, "grid.fast: expected a number, got nan"),
        ({"fast": {"start": 5, "stop": 9}}, "grid.fast: expected start, stop and step"),
        ({"fast": {"start": 9, "stop": 5, "step": 1}}, "grid.fast: expected a step above 0"),
        ({"fast": {"start": 2, "stop": 3, "step": 1e-7}}, "grid.fast: expected at most 100,000 values, got 10,000,001"),
    ],
)
def test_a_bad_grid_is_refused_by_its_field(grid: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        checked_grid(SMA, grid)
    assert str(refused.value).startswith(message)


def test_more_than_a_million_points_are_refused_and_said() -> None:
    grid = {"trend": tuple(range(2, 502)), "exit": tuple(range(2, 52)), "threshold": tuple(float(i) for i in range(41))}
    with pytest.raises(ValueError, match="grid: expected at most 1,000,000 points, got 1,025,000"):
        combinations(registry()["rsi2"], grid, {})
    assert len(combinations(registry()["rsi2"], grid, {}, 10, 1).taken) == 10  # at random it may be searched


def test_combinations_that_the_strategy_does_not_take_are_listed_with_its_reason() -> None:
    found = combinations(SMA, checked_grid(SMA, {"slow": [5, 10], "fast": [3, 5, 8]}), {})
    # by the parameters' names: fast first
    assert found.taken == [{"fast": 3, "slow": 5}, {"fast": 3, "slow": 10}, {"fast": 5, "slow": 10},
                           {"fast": 8, "slow": 10}]  # fmt: skip
    assert found.refused == 2
    assert found.skipped[0].params == {"fast": 5, "slow": 5}
    assert found.skipped[0].reason == "params.fast: expected a window shorter than slow (5), got 5"


def test_a_grid_without_any_point_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sma_cross takes none of its 1 combinations; of the first: params\.fast"):
        combinations(SMA, {"fast": (50,), "slow": (20,)}, {})


def test_the_reason_is_that_of_the_strategy_itself_for_every_shipped_one() -> None:
    """Checked by parts for speed: the answer must be that of making the parameters as a whole."""
    for strategy in registry().values():
        schema = strategy.params_schema()["properties"]
        grid = {name: [about["minimum"], about["default"], about["maximum"]] for name, about in schema.items()}
        while len(grid) > 5:
            grid.popitem()
        found = combinations(strategy, checked_grid(strategy, grid), {})
        refused = {tuple(s.params.items()): s.reason for s in found.skipped}
        for values in [*found.taken[:50], *(s.params for s in found.skipped[:50])]:
            try:
                strategy.params(values)
            except ValueError as error:
                assert refused[tuple(values.items())] == str(error)
            else:
                assert values in found.taken


@given(draws=st.integers(1, 60), seed=st.integers(0, 1000))
def test_a_random_search_draws_distinct_points_of_the_grid_and_the_same_ones_again(draws: int, seed: int) -> None:
    grid = checked_grid(SMA, {"fast": range(2, 12), "slow": range(12, 18)})
    found = combinations(SMA, grid, {}, draws, seed)
    assert found == combinations(SMA, grid, {}, draws, seed)
    assert len(found.taken) == draws == len({tuple(values.items()) for values in found.taken})
    places = [grid["fast"].index(v["fast"]) * 6 + grid["slow"].index(v["slow"]) for v in found.taken]
    assert places == sorted(places)


def test_the_id_is_of_the_meaning_and_of_nothing_else() -> None:
    bars = bars_of(walk(60, 1), start=20)
    spec = sweep_of(bars, "sma_cross", {"fast": [3, 5], "slow": [10, 20]})
    same = sweep_of(bars, "sma_cross", {"slow": [20.0, 10, 10], "fast": {"start": 3, "stop": 5, "step": 2}})
    assert spec.sweep_id == same.sweep_id == SweepSpec.from_dict(spec.to_dict()).sweep_id
    others = [
        sweep_of(bars, "sma_cross", {"fast": [3, 5], "slow": [10, 21]}),
        sweep_of(bars, "sma_cross", {"fast": [3, 5], "slow": [10, 20]}, draws=3),
        sweep_of(bars, "sma_cross", {"fast": [3, 5], "slow": [10, 20]}, draws=3, draw_seed=1),
        sweep_of(bars, "sma_cross", {"fast": [3, 5], "slow": [10, 20]}, slippage_bps=1.0),
    ]
    assert len({spec.sweep_id, *(other.sweep_id for other in others)}) == 5


def test_points_are_numbered_base_by_base_and_each_is_a_run_with_its_parameters() -> None:
    first, second = bars_of(walk(60, 1), start=20), bars_of(walk(60, 1), start=25)
    bases = tuple(base_of(bars, "sma_cross", {"fast": 3, "slow": 10}) for bars in (first, second))
    spec = SweepSpec(bases, {"fast": (3, 5)})
    points = Points(spec, SMA)
    assert len(points) == 4 and [points.base(i) for i in range(4)] == [0, 0, 1, 1]
    assert points.run_spec(3) == base_of(second, "sma_cross", {"fast": 5, "slow": 10})
    with pytest.raises(ValueError, match="bases: expected each universe and period once"):
        SweepSpec((bases[0], bases[0]), {"fast": (3, 5)})
