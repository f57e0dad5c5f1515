"""How much of a sweep's best point is the search: overfitting by cross-validation, and all points against nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.anatomy import bins
from app.engines.evidence.overfitting import probability_of_overfitting
from app.engines.evidence.reality_check import reality_check

F2 = NDArray[np.float64]

BLOCKS: Final = 16


def doubt(returns: F2, numbers: Sequence[int], points: int, *, blocks: int = BLOCKS, seed: int = 0) -> dict[str, Any]:
    """What the returns of a base's points say of choosing the best of them, as plain values.

    Parameters
    ----------
    returns : shape [N, T], of the points `numbers`; rows of NaN (an account that was lost, a point that failed) are
        left out
    points : of the base; N of them were kept
    """
    known = ~np.isnan(returns).any(axis=1) if returns.size else np.zeros(len(numbers), np.bool_)
    kept = np.ascontiguousarray(returns[known].T)
    told: dict[str, Any] = {
        "points": points,
        "configurations": int(known.sum()),
        "left_out": int((~known).sum()),
        "sessions": int(returns.shape[1]),
    }
    if kept.shape[1] < 2 or kept.shape[0] < 2 * blocks:
        short = kept.shape[0] < 2 * blocks
        why = f"fewer than {2 * blocks} returns" if short else "fewer than two points with returns"
        return told | {"pbo": None, "spa": None, "reason": why}
    found, check = probability_of_overfitting(kept, blocks), reality_check(kept, seed=seed)
    logits = bins(found.logits)
    who = np.array(numbers)[known].tolist()
    return told | {
        "reason": None,
        "pbo": {
            **{name: value for name, value in found._asdict().items() if name != "logits"},
            "blocks": blocks,
            "logit_bins": {"edges": logits.edges.tolist(), "counts": logits.counts.tolist()},
        },
        "spa": {**check._asdict(), "best": None if check.best is None else who[check.best]},
    }
