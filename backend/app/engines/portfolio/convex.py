"""Minimise a convex quadratic under linear limits, and name the limits that collide where there is no answer.

A primal-dual interior point: Mehrotra (1992), "On the implementation of a primal-dual interior point method", SIAM
Journal on Optimization 2(4). Dense, for hundreds of variables. No BLAS: it adds in an order that depends on its
threads, and they get in each other's way in problems of this size.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

_STEPS: Final = 100
_PATIENCE: Final = 8  # steps without getting nearer after which nothing will
_TOLERANCE: Final = 1e-12
_GOOD_ENOUGH: Final = 1e-6  # where rounding stops it short of the above
_BACK: Final = 0.995


class NotSolved(ArithmeticError):
    """The iteration did not converge: as a rule there is no feasible point."""


def times(matrix: F2, x: F1) -> F1:
    """Matrix [m, n] times x [n]."""
    found: F1 = np.einsum("mn,n->m", matrix, x)
    return found


def back(matrix: F2, z: F1) -> F1:
    """Its transpose times z [m]."""
    found: F1 = np.einsum("mn,m->n", matrix, z)
    return found


def _step(matrix: F2, weights: F1, quadratic: F2 | None, equal: F2, right: F1, below: F1) -> tuple[F1, F1]:
    """(dx, dy) of (P + G' W G) dx + A' dy = right and A dx = below, W the diagonal of `weights`."""
    n = matrix.shape[1]
    whole = np.zeros((n, n)) if quadratic is None else quadratic.copy()
    _add_gram(matrix, weights, whole)
    return _solve(whole, equal, right, below)


def _solve(symmetric: F2, equal: F2, right: F1, below: F1) -> tuple[F1, F1]:
    """(x, y) of S x + A' y = right and A x = below; S positive definite [n, n], A [p, n]. S is overwritten."""
    n, p = right.size, below.size
    symmetric[np.arange(n), np.arange(n)] += 1e-14 * float(np.trace(symmetric)) / n
    columns = np.empty((n, p + 1))
    columns[:, 0], columns[:, 1:] = right, equal.T
    if not _factor_and_solve(symmetric, columns):
        raise NotSolved("the step cannot be worked out")
    inner = np.einsum("pn,nq->pq", equal, columns[:, 1:])
    y = np.linalg.solve(inner, times(equal, columns[:, 0]) - below)
    return columns[:, 0] - times(columns[:, 1:], y), y


@kernel(error_model="numpy", fastmath={"reassoc", "contract"})
def _add_gram(rows: F2, weights: F1, out: F2) -> None:
    """Add rows' W rows to `out`."""
    for m in range(rows.shape[0]):
        row = rows[m]
        for a in range(row.size):
            scaled = weights[m] * row[a]
            if scaled != 0.0:
                line = out[a]
                for b in range(row.size):
                    line[b] += scaled * row[b]


@kernel(error_model="numpy", fastmath={"reassoc", "contract"})
def _factor_and_solve(a: F2, columns: F2) -> bool:
    """Cholesky's factor of `a` in its lower half, and `columns` solved by it in place; False where it has none."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = a[i, j]
            left, right = a[i, :j], a[j, :j]
            for k in range(j):
                total -= left[k] * right[k]
            if i > j:
                a[i, j] = total / a[j, j]
            elif total > 0.0:
                a[i, i] = np.sqrt(total)
            else:
                return False
    for c in range(columns.shape[1]):
        for i in range(n):
            total = columns[i, c]
            for k in range(i):
                total -= a[i, k] * columns[k, c]
            columns[i, c] = total / a[i, i]
        for i in range(n - 1, -1, -1):
            total = columns[i, c]
            for k in range(i + 1, n):
                total -= a[k, i] * columns[k, c]
            columns[i, c] = total / a[i, i]
    return True


class Optimum(NamedTuple):
    """The point and the price of each inequality there (0 where it does not bind)."""

    x: F1
    prices: F1


def minimise(quadratic: F2 | None, linear: F1, matrix: F2, limits: F1, equal: F2, right: F1) -> Optimum:
    """x of least ½ x' P x + q' x with G x <= h and A x = b.

    Parameters
    ----------
    quadratic : P [n, n], positive semidefinite; None = zero
    linear : q [n]
    matrix, limits : G [m, n] and h [m]
    equal, right : A [p, n] and b [p]

    Raises
    ------
    NotSolved : it does not converge.
    """
    m = limits.size
    x, y = np.zeros(linear.size), np.zeros(right.size)
    s, z = np.maximum(limits - times(matrix, x), 1.0), np.ones(m)
    size = 1.0 + float(np.max(np.abs(np.concatenate([linear, limits, right]))))
    best, found, since = np.inf, None, 0
    for _ in range(_STEPS):
        dual = linear + back(matrix, z) + back(equal, y)
        if quadratic is not None:
            dual += times(quadratic, x)
        primal, slack = times(equal, x) - right, times(matrix, x) + s - limits
        gap = float(np.sum(s * z)) / m
        worst = max(float(np.max(np.abs(dual))), float(np.max(np.abs(primal), initial=0.0)),
                    float(np.max(np.abs(slack))), gap) / size  # fmt: skip
        since += 1
        if worst < best:
            best, found, since = worst, Optimum(x, z), 0
        if worst < _TOLERANCE or since > _PATIENCE or not np.isfinite(worst):
            break
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # on its way to no solution
                x, y, s, z = _advance(quadratic, matrix, equal, (x, y, s, z), (dual, primal, slack), gap)
        except (NotSolved, np.linalg.LinAlgError):
            break
    if found is None or best > _GOOD_ENOUGH:
        raise NotSolved(f"no solution found, the best point is off by {best:.1e}")
    return found


def _advance(
    quadratic: F2 | None, matrix: F2, equal: F2, at: tuple[F1, F1, F1, F1], off: tuple[F1, F1, F1], gap: float
) -> tuple[F1, F1, F1, F1]:
    x, y, s, z = at
    dual, primal, slack = off
    weights = z / s

    def direction(complementary: F1) -> tuple[F1, F1, F1, F1]:
        right = -dual - back(matrix, (z * slack - complementary) / s)
        dx, dy = _step(matrix, weights, quadratic, equal, right, -primal)
        ds = -slack - times(matrix, dx)
        return dx, dy, ds, (-complementary - z * ds) / s

    _, _, ds, dz = direction(s * z)
    reach = min(_longest(s, ds), _longest(z, dz))
    ahead = float(np.sum((s + reach * ds) * (z + reach * dz))) / s.size
    centre = gap * (ahead / gap) ** 3 if gap > 0.0 else 0.0
    dx, dy, ds, dz = direction(s * z + ds * dz - centre)
    reach = min(1.0, _BACK * min(_longest(s, ds), _longest(z, dz)))
    return x + reach * dx, y + reach * dy, s + reach * ds, z + reach * dz


def _longest(values: F1, change: F1) -> float:
    falling = change < 0.0
    return float(min(1.0, np.min(-values[falling] / change[falling]))) if falling.any() else 1.0


def colliding(matrix: F2, limits: F1, equal: F2, right: F1, soft: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of `soft` that cannot hold together with the rest; empty where all can.

    The least total by which the soft rows have to give way is worked out; those with a price at that point are the ones
    that stand against each other.
    """
    n, loose = matrix.shape[1], np.flatnonzero(soft)
    k = loose.size
    give = np.zeros((limits.size, k))
    give[loose, np.arange(k)] = -1.0
    wide = np.block([[matrix, give], [np.zeros((k, n)), -np.eye(k)]])
    found = minimise(
        None,
        np.concatenate([np.zeros(n), np.ones(k)]),
        wide,
        np.concatenate([limits, np.zeros(k)]),
        np.hstack([equal, np.zeros((equal.shape[0], k))]),
        right,
    )
    if float(np.sum(found.x[n:])) < 1e-7:
        return np.empty(0, np.int64)
    return loose[found.prices[loose] > 1e-4]
