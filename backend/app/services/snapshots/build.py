"""Working out a field table from a panel, and saying what it depends on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import date
from functools import cache

from app.engines.screener import registry_version
from app.services.panel import Panel
from app.services.screens.rows import MarketRows
from app.services.snapshots.store import SnapshotIdentity
from app.services.snapshots.table import FieldTable


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


def build(market: MarketRows, last: int, *, threads: int | None = None) -> FieldTable:
    """The fields of every instrument that traded in session number `last`, from the bars up to it."""
    from app.engines.screener.snapshot import snapshot_of_rows  # brings the compiler, which a start need not wait for

    session: date = market.panel.sessions[last].astype(object)
    found = snapshot_of_rows(market.bare, last, threads=threads or os.cpu_count() or 1)
    symbols = tuple(market.panel.instruments[key].symbol_on(session) for key in found.keys)
    return FieldTable(session, found.keys, symbols, found.columns)


@cache
def _registry() -> str:
    return registry_version()
