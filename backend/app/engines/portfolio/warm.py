"""Compile what an analysis needs, so that nobody's first one waits for the compiler."""

from __future__ import annotations

import time

import numpy as np

from app.engines.portfolio.allocate import allocate
from app.engines.portfolio.limits import Limits, region
from app.engines.portfolio.table import figures


def warm_up() -> float:
    """Call every kernel once; seconds it took."""
    began = time.perf_counter()
    returns = np.array([[0.01, -0.02], [0.015, 0.0], [-0.005, 0.01]])
    figures(np.ascontiguousarray(returns.T), returns[:, 0])
    allocate("minimum_variance", returns, region(Limits(), ("A", "B"), ("", ""), np.array([0.5, 0.5])))
    return time.perf_counter() - began
