"""How many points of a search are worked out and kept together: fewer, the longer one takes.

Whoever cancels a search waits for those at work, and whoever kills it loses them.
"""

from __future__ import annotations

from typing import Any, Final

from app.engines.strategies.base import Strategy
from app.engines.sweeps.evaluate import CHUNK, Inputs

CELLS: Final = 2_000_000  # bars times instruments, over all points of a stretch
EVENT_WEIGHT: Final = 100  # how much longer a bar takes a strategy that is asked for each in Python


def stretch_of(strategy: Strategy[Any], inputs: Inputs) -> int:
    """Points of a stretch on these bars, 1 to CHUNK."""
    weight = EVENT_WEIGHT if strategy.kind == "event" else 1
    bars, instruments = inputs.bars.shape
    return min(CHUNK, max(1, CELLS // max(1, weight * bars * instruments)))
