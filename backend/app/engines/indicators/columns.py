"""How every indicator walks a panel: columns in small blocks, each packed to the bars that traded.

A panel is [T, N], time first, so that one column is strewn over memory. Blocks of eight columns (one cache line of
float64) are therefore copied into rows of a scratch buffer, and written back the same way. Inside a block a column is
*packed*: its bars that did not trade (NaN) are dropped, and the places where history is missing (`gap`) cut it into
segments. An indicator proper then runs on one dense segment at a time and needs to know neither NaN nor gaps.

Numba caches compiled code by the file of the caller, not of what it calls: after a change in this file the caches of
the other indicator files must be thrown away (`find -name '*.nbi' -delete`).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]
Scalar = TypeVar("Scalar", np.float64, np.bool_)

BLOCK = 8  # columns a block: eight float64 are one cache line


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A view of the array, rows in one piece, that cannot be written to.

    Numba compiles anew for each memory order and for read-only memory, some seconds each. Handed this view alone, a
    kernel is compiled once, for a memory-mapped panel as for a fresh array.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


_NO_GAP: B2 = read_only(np.zeros((0, 0), dtype=np.bool_))


def panel(x: ArrayLike, name: str = "x") -> F2:
    """`x` as a read-only [T, N] array of float64.

    Raises
    ------
    ValueError : it has not two axes.
    """
    array = np.asarray(x, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{name} must be a panel [T, N], got {array.ndim} axes")
    return read_only(array)


def panels(**fields: ArrayLike) -> tuple[F2, ...]:
    """Several panels of one shape.

    Raises
    ------
    ValueError : one has not two axes, or their shapes differ.
    """
    arrays = {name: panel(field, name) for name, field in fields.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"panels must have one shape, got {shapes}")
    return tuple(arrays.values())


def gap_of(gap: B2 | None, shape: tuple[int, ...]) -> B2:
    """The gap mask for a kernel: an empty one stands for "no gaps".

    Raises
    ------
    ValueError : its shape is not that of the panel.
    """
    if gap is None:
        return _NO_GAP
    if gap.shape != shape:
        raise ValueError(f"gap has shape {gap.shape}, the panel {shape}")
    return read_only(gap.astype(np.bool_, copy=False))


def at_least(name: str, value: int, least: int) -> int:
    """`value`, an integer of at least `least`.

    Raises
    ------
    ValueError : it is smaller.
    """
    if value != int(value) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value}")
    return int(value)


@njit(cache=True, nogil=True)
def load_block(x: F2, n0: int, width: int, rows: F2) -> None:
    """Copy columns n0 … n0 + width − 1 of `x` into the first rows of `rows`."""
    for t in range(x.shape[0]):
        for j in range(width):
            rows[j, t] = x[t, n0 + j]


@njit(cache=True, nogil=True)
def store_block(rows: F2, n0: int, width: int, out: F2) -> None:
    """Copy the first rows of `rows` into columns n0 … n0 + width − 1 of `out`."""
    for t in range(out.shape[0]):
        for j in range(width):
            out[t, n0 + j] = rows[j, t]


@njit(cache=True, nogil=True)
def cut(gap: B2, n: int, at: I1, count: int, starts: I1) -> int:
    """Cut `count` packed bars of column n, found at the times `at`, into segments.

    A gap at a bar that did not trade counts for the next bar that did. Writes the first packed position of each
    segment into `starts`, and `count` after the last; returns the number of segments.
    """
    if count == 0:
        return 0
    starts[0] = 0
    segments = 1
    if gap.shape[0] > 0:
        for i in range(1, count):
            for t in range(at[i - 1] + 1, at[i] + 1):
                if gap[t, n]:
                    starts[segments] = i
                    segments += 1
                    break
    starts[segments] = count
    return segments


@njit(cache=True, nogil=True)
def pack(row: F1, at: I1, dense: F1) -> int:
    """Drop what is not finite from `row`; returns how many bars are left."""
    count = 0
    for t in range(row.shape[0]):
        if np.isfinite(row[t]):
            dense[count] = row[t]
            at[count] = t
            count += 1
    return count


@njit(cache=True, nogil=True)
def pack3(a: F1, b: F1, c: F1, at: I1, dense_a: F1, dense_b: F1, dense_c: F1) -> int:
    """Drop the bars at which any of three rows is not finite; returns how many are left."""
    count = 0
    for t in range(a.shape[0]):
        if np.isfinite(a[t]) and np.isfinite(b[t]) and np.isfinite(c[t]):
            dense_a[count] = a[t]
            dense_b[count] = b[t]
            dense_c[count] = c[t]
            at[count] = t
            count += 1
    return count


@njit(cache=True, nogil=True)
def unpack(dense: F1, at: I1, count: int, row: F1) -> None:
    """Put packed values back at their times; NaN where the bar did not trade."""
    row[:] = np.nan
    for i in range(count):
        row[at[i]] = dense[i]
