"""How many points are worked out and kept together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.engines.strategies.registry import registry
from app.engines.sweeps.evaluate import Chunk, Evaluator, Inputs
from app.engines.sweeps.stretches import stretch_of
from app.engines.sweeps.walk_forward import WalkForwardSpec, walk_forward

from .market import bars_of, base_of, walk


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
    """100 sessions of training and 10 of warm-up are 110 cells: 3 of 400. 80 of both tests and 10 are 90: 4."""
    monkeypatch.setattr("app.engines.sweeps.stretches.CELLS", 400)
    bars, sma, asked = bars_of(walk(190, 2), start=10), registry()["sma_cross"], list[list[int]]()
    base = base_of(bars, "sma_cross", {"fast": 2, "slow": 10})

    def chunks(work: Sequence[tuple[Evaluator, int, int]]) -> list[Chunk]:
        asked.append([after - first for _, first, after in work])
        return [each.chunk(first, after) for each, first, after in work]

    grid: dict[str, tuple[Any, ...]] = {"fast": (2, 3, 4, 5, 6, 7, 8)}
    result = walk_forward(WalkForwardSpec(base, grid, 100, 40), sma, Inputs(bars), chunks=chunks).values
    assert len(result["windows"]) == 2 and result["variants"]["configurations"] == 7
    assert asked == [[3, 3, 1], [3, 3, 1], [4, 3]]
