"""The probabilities that tests of significance need beyond the normal ones of the standard library."""

from __future__ import annotations

import math


def student_tail(t: float, freedom: int) -> float:
    """Two-sided p-value of a t statistic: P(|T| ≥ |t|) of Student's distribution with `freedom` degrees."""
    if freedom < 1:
        raise ValueError(f"freedom: expected 1 or more degrees, got {freedom}")
    return _beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)


def student_size(p: float, freedom: int) -> float:
    """The t statistic ≥ 0 whose two-sided p-value is `p`, above 0 and at most 1; the inverse of `student_tail`."""
    if not 0.0 < p <= 1.0:
        raise ValueError(f"p: expected above 0 and at most 1, got {p}")
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > p:
        low, high = high, 2.0 * high
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if student_tail(middle, freedom) > p else (low, middle)
    return (low + high) / 2.0


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    c, d, fraction = 1.0, 0.0, 1.0  # Lentz's way
    for k in range(1, 2000):
        m = k // 2
        if k % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _away(1.0 + term * d)
        c = _away(1.0 + term / c)
        fraction *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return front / (a * fraction)


def _away(value: float) -> float:
    return 1e-300 if abs(value) < 1e-300 else value
