"""How much of its limit a strategy keeps that moves with the others.

The strategy's own daily net returns on common dates, at most 126 sessions of them and at least 60; correlations are
shrunk towards zero by Ledoit & Wolf (2004, "A well-conditioned estimator for large-dimensional covariance matrices",
Journal of Multivariate Analysis 88). With the mean correlation r of a strategy with the others it keeps
(1 - max(0, r)) to the power of the penalty. A session in which a strategy neither held nor traded is no common date:
a zero there would hide how alike they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

WINDOW: Final = 126  # sessions
LEAST: Final = 60  # of them on which all books were active


@kernel(arrays=True)
def shares_kept(returns: F2, penalty: float, out: F1) -> int:
    """Write to `out` [B] what each book keeps of its limit, by the returns [sessions, B]; the sessions it rests on.

    NaN = the book was not active. Fewer than 60 common sessions, or a book whose returns do not vary: all keep all.
    """
    books = returns.shape[1]
    out[:] = 1.0
    x = np.empty((returns.shape[0], books))
    n = 0
    for s in range(returns.shape[0]):
        common = True
        for b in range(books):
            if np.isnan(returns[s, b]):
                common = False
        if common:
            x[n] = returns[s]
            n += 1
    if n < LEAST or books < 2 or penalty == 0.0:
        return n
    for b in range(books):
        mean = 0.0
        for s in range(n):
            mean += x[s, b]
        mean /= n
        square = 0.0
        for s in range(n):
            x[s, b] -= mean
            square += x[s, b] * x[s, b]
        deviation = np.sqrt(square / n)
        if deviation < 1e-12:
            return n
        for s in range(n):
            x[s, b] /= deviation
    r = np.zeros((books, books))
    for s in range(n):
        for a in range(books):
            for b in range(books):
                r[a, b] += x[s, a] * x[s, b] / n
    spread = 0.0  # squared distance of the sample from the identity
    for a in range(books):
        for b in range(books):
            spread += (r[a, b] - (1.0 if a == b else 0.0)) ** 2
    error = 0.0  # what of it sampling explains
    for s in range(n):
        for a in range(books):
            for b in range(books):
                error += (x[s, a] * x[s, b] - r[a, b]) ** 2
    error /= n * n
    shrink = min(error, spread) / spread if spread > 0.0 else 1.0
    for a in range(books):
        mean = 0.0
        for b in range(books):
            if a != b:
                mean += (1.0 - shrink) * r[a, b]
        mean /= books - 1
        out[a] = (1.0 - min(max(mean, 0.0), 1.0)) ** penalty
    return n
