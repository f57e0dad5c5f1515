"""How the engine's kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def kernel(*, arrays: bool = False, alone: bool = False, **options: Any) -> Callable[[F], F]:
    """Compile without Python, keep the code on disk, let other threads run meanwhile.

    `alone` True lets no other thread run: for a few microseconds, where getting the interpreter back costs more.

    A kernel does not count references: counting some sixty arrays at every call of the core cost more than all the
    rest, and made each fill ten times as slow. It can make no array therefore; what it needs to work in is handed to
    it, and whoever calls from Python owns it all. `arrays` True is for those that make some; they count.

    The caller must not keep a view that a kernel returned of an array it was given.
    """
    decorator: Callable[[F], F] = njit(cache=True, nogil=not alone, _nrt=arrays, **options)  # type: ignore[call-overload]
    return decorator


def inlined(function: F) -> F:
    """The same kernel, compiled into its one caller here instead of called.

    A call of the core hands over some four hundred words, which costs more than a fill does. Its code is kept with its
    caller's.
    """
    variant: F = njit(nogil=True, _nrt=False, forceinline=True)(function.py_func)  # type: ignore[call-overload,attr-defined]
    return variant
