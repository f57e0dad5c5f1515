"""What came after a signal: the return to the close some sessions on, for every row at once."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.screener.restate import price_now

F1 = NDArray[np.float64]
I4 = NDArray[np.int32]


@njit(cache=True, nogil=True)
def forward(
    open_: F1,
    close: F1,
    factor: F1,
    columns: I4,
    days: I4,
    segments: I4,
    closed_from: I4,
    sessions: int,
    ahead: int,
    out: F1,
    left: I4,
) -> None:
    """Bought at the open of the instrument's next bar, sold at its last close up to `ahead` sessions after the signal.

    open_, close : [R], raw, with their adjustment factor; columns, days : [R]; segments : [R], the first row of each
    row's segment;
    closed_from : [N], the session from which an instrument's prices cannot be trusted; out : [R], NaN where there is no
    next bar in time, where the time is not over yet, where history is missing on the way or prices cannot be trusted;
    left : [R], the session of the sale, -1 where there is none.
    """
    count = days.shape[0]
    j = 0
    for i in range(count):
        out[i], left[i] = np.nan, -1
        target = days[i] + ahead
        if i + 1 >= count or columns[i + 1] != columns[i] or target >= sessions or days[i + 1] > target:
            continue
        j = max(j, i + 1)
        while j + 1 < count and columns[j + 1] == columns[i] and days[j + 1] <= target:
            j += 1
        if segments[j] != segments[i] or days[j] >= closed_from[columns[i]] or not open_[i + 1] > 0.0:
            continue
        out[i], left[i] = price_now(close[j], factor[j], factor[i + 1]) / open_[i + 1] - 1.0, days[j]
