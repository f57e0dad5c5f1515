"""The compiled part of a query: which rows lie between bounds, and the ones of a page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.intp]


@kernel(error_model="numpy")
def page_of(columns: F2, at: I1, least: F1, most: F1, keep: B1, order: I1, skip: int, out: I1) -> int:
    """How many rows of `keep` have all columns `at` between their bounds; those of one page, in order, go to `out`.

    NaN is on neither side of a bound. `keep` [N] is narrowed to the rows that pass.
    """
    for j in range(at.size):
        column, low, high = columns[at[j]], least[j], most[j]
        for n in range(keep.size):
            keep[n] &= (column[n] >= low) & (column[n] <= high)
    total = 0
    for n in range(keep.size):
        total += keep[n]
    count = 0
    for n in order:
        if count >= min(total, skip + out.size):
            break
        if keep[n]:
            if count >= skip:
                out[count - skip] = n
            count += 1
    return total
