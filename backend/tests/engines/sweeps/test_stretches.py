"""How many points are worked out and kept together, and how many a worker is given at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import Chunk, Evaluator, Inputs
from app.engines.sweeps.spec import Points, SweepSpec
from app.engines.sweeps.stretches import bundles_of, stretch_of, stretches_of
from app.engines.sweeps.walk_forward import WalkForwardSpec, walk_forward

from .market import bars_of, base_of, sweep_of, walk


@pytest.mark.parametrize(
    ("strategy", "bars", "symbols", "points"),
    [
        ("sma_cross", 1000, 1, 500),  # 2,000 by their cells: the most there are
        ("sma_cross", 2000, 4, 250),  # 2,000,000 / 8,000
        ("nr7_breakout", 1000, 1, 20),  # asked bar by bar: a hundred times as long
        ("nr7_breakout", 25000, 4, 1),  # and never none
    ],
)
def test_there_are_the_fewer_the_longer_one_takes(strategy: str, bars: int, symbols: int, points: int) -> None:
    found = Inputs(bars_of(walk(bars, 1), symbols=symbols))
    assert stretch_of(registry()[strategy], found) == points


def test_a_walk_works_as_many_points_out_at_once_as_its_windows_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 sessions of training and 10 of warm-up are 110 cells: 3 of 400.

    80 of both tests and 10 are 90: 4; 40 of one and 10 are 50: 8.
    """
    monkeypatch.setattr("app.engines.sweeps.stretches.CELLS", 400)
    bars, sma, asked = bars_of(walk(190, 2), start=10), registry()["sma_cross"], list[list[int]]()
    base = base_of(bars, "sma_cross", {"fast": 2, "slow": 10})

    def chunks(work: Sequence[tuple[Evaluator, int, int]], **_: bool) -> list[Chunk]:
        asked.append([after - first for _, first, after in work])
        return [each.chunk(first, after) for each, first, after in work]

    grid: dict[str, tuple[Any, ...]] = {"fast": (2, 3, 4, 5, 6, 7, 8)}
    result = walk_forward(WalkForwardSpec(base, grid, 100, 40), sma, Inputs(bars), chunks=chunks).values
    assert len(result["windows"]) == 2 and result["variants"]["configurations"] == 7
    assert asked == [[3, 3, 1], [3, 3, 1], [4, 3], [7, 7]]


def points_of(bases: int, each: int) -> Points:
    """So many points of each of so many bases."""
    one = sweep_of(bars_of(walk(60, 3)), "sma_cross", {"fast": list(range(2, 2 + each)), "slow": [each + 2]})
    spec = SweepSpec(tuple(replace(one.bases[0], initial_capital=1e5 + n) for n in range(bases)), one.grid)
    return Points(spec, registry()["sma_cross"])


@pytest.mark.parametrize(
    ("bases", "each", "size", "workers", "bundles"),
    [
        (8, 5, 10, 1, [2, 2, 2, 2]),  # halves: two of them are a whole one
        (3, 10, 10, 1, [1, 1, 1]),  # whole ones stay alone
        (8, 5, 10, 2, [1] * 8),  # four whole ones in all, four turns for each of two: halves, one a bundle
        (8, 2, 10, 1, [2, 2, 2, 2]),  # 1.6 whole ones in all, a quarter of that in each: two fifths
        (2, 2, 10, 4, [1, 1]),  # never less than one
    ],
)
def test_short_stretches_are_given_to_a_worker_together(
    bases: int, each: int, size: int, workers: int, bundles: list[int]
) -> None:
    points = points_of(bases, each)
    sizes = [size] * bases
    found = bundles_of(points, stretches_of(points, sizes), sizes, workers)
    assert [len(bundle) for bundle in found] == bundles


@given(
    bases=st.integers(1, 6), each=st.integers(1, 7), workers=st.integers(1, 5), data=st.data(),
)  # fmt: skip
def test_every_stretch_left_is_given_once_and_in_order(
    bases: int, each: int, workers: int, data: st.DataObject
) -> None:
    points = points_of(bases, each)
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=bases, max_size=bases))
    whole = stretches_of(points, sizes)
    kept = data.draw(st.sets(st.sampled_from(whole)))
    left = stretches_of(points, sizes, {first: after - first for first, after in kept})
    given_out = bundles_of(points, left, sizes, workers)
    assert list(chain.from_iterable(given_out)) == left
    assert all(given_out)
    numbers = [n for first, after in left for n in range(first, after)]
    assert numbers == [n for n in range(len(points)) if not any(first <= n < after for first, after in kept)]
    for bundle in given_out:
        if len(bundle) > 1:
            assert sum((after - first) / sizes[points.base(first)] for first, after in bundle) <= 1.0 + 1e-6
