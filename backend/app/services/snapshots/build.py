"""Working out a field table from a panel, and saying what it depends on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.engines.screener import FIELDS, registry_version
from app.services.panel import Panel
from app.services.snapshots.store import SnapshotIdentity
from app.services.snapshots.table import FieldTable

_BLOCK = 512  # instruments at a time: bounds the memory a snapshot takes


def identity_of(panel: Panel, last: int) -> SnapshotIdentity:
    """What the table of session number `last` depends on.

    Prices of later years, later symbols and later corporate actions have no part in it, nor has what a screen leaves
    out when it is asked.
    """
    session: date = panel.sessions[last].astype(object)
    data = hashlib.sha256("".join(f"{c.year}{c.root}" for c in panel.chunks if c.year <= session.year).encode())
    adjustments = hashlib.sha256()
    for key in panel.keys:
        info = panel.instruments[key]
        known = replace(
            info,
            name=None,
            sector=None,
            symbol=info.symbol_on(session),
            names=(),
            dividends=(),
            jumps=(),
            factors=tuple(factor for factor in info.factors if factor[0] <= session),
        )
        adjustments.update(repr(known).encode())
    return SnapshotIdentity(session, data.hexdigest(), adjustments.hexdigest(), _registry())


def build(panel: Panel, last: int, *, threads: int | None = None) -> FieldTable:
    """The fields of every instrument that traded in session number `last`, from the bars up to it."""
    from app.engines.screener.snapshot import snapshot  # brings the compiler, which a start need not wait for

    session: date = panel.sessions[last].astype(object)
    closes = panel.values(("close",), panel.keys, last, last + 1)["close"][0]
    keys = tuple(key for key, close in zip(panel.keys, closes, strict=True) if not np.isnan(close))
    columns: dict[str, list[NDArray[np.float64]]] = {name: [] for name in FIELDS}
    for begin in range(0, len(keys), _BLOCK):
        block = keys[begin : begin + _BLOCK]
        bars = panel.bars(block, None, session)
        turnover = panel.values(("turnover",), block, last, last + 1)["turnover"][0]
        part = snapshot(bars, turnover, threads=threads or os.cpu_count() or 1)
        for name in FIELDS:
            columns[name].append(part.columns[name])
    return FieldTable(
        session=session,
        keys=keys,
        symbols=tuple(panel.instruments[key].symbol_on(session) for key in keys),
        columns={name: np.concatenate(parts) if parts else np.empty(0) for name, parts in columns.items()},
    )


@cache
def _registry() -> str:
    return registry_version()
