"""How long it takes to sell."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

PARTICIPATION: Final = 0.10  # of a session's volume that one may be
SESSIONS: Final = 63  # over which the usual volume is taken


def usual_volume(volume: F2) -> F1:
    """Median shares a session of the last 63, [N], one without a trade counting as none; NaN without a session."""
    recent = np.nan_to_num(volume[-SESSIONS:], nan=0.0)
    return np.median(recent, axis=0) if recent.shape[0] else np.full(volume.shape[1], np.nan)


def days_to_exit(quantity: F1, volume: F1, participation: float = PARTICIPATION) -> F1:
    """Sessions to sell each holding, [N], at a share of the usual volume; NaN where there is none to sell into."""
    with np.errstate(divide="ignore", invalid="ignore"):
        days = quantity / (participation * volume)
    return np.where(volume > 0.0, days, np.nan)


def sold_within(weights: F1, days: F1, sessions: int) -> float:
    """Share of the portfolio's value that is sold after so many sessions, each holding a little every session."""
    part = np.where(np.isnan(days), 0.0, np.minimum(1.0, sessions / np.maximum(days, 1e-12)))
    return float(np.sum(weights * part))
