"""Returns that anybody can make again: sines, no random numbers."""

from __future__ import annotations

import numpy as np


def waves(sessions: int = 120, shares: int = 6) -> np.ndarray:
    """Returns [T, N] that move together more or less; the packages named in `test_allocate` were given these."""
    t, n = np.arange(sessions)[:, None], np.arange(shares)[None, :]
    together = np.sin(0.7 * t) * (0.6 + 0.1 * n)
    apart = 0.5 * np.cos(1.3 * t * (n + 1) + 0.2) + 0.4 * np.sin(0.013 * t * t + 2.1 * n) * (1 + 0.2 * n)
    return 0.01 * (together + apart)


def random_returns(seed: int, sessions: int, shares: int) -> np.ndarray:
    """Returns [T, N] with a common part, fat tails and different deviations."""
    stream = np.random.default_rng(seed)
    market = stream.standard_t(4, sessions)[:, None] * 0.008
    own = stream.standard_t(5, (sessions, shares)) * stream.uniform(0.004, 0.02, shares)
    return market * stream.uniform(0.3, 1.6, shares) + own + 0.0003
