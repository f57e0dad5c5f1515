"""The snapshot: a tree of hashes over the prices, so that one id says exactly what was stored.

    root            SHA-256 over (year, year node), years ascending
      year node     SHA-256 over (instrument key, leaf), keys ascending
        leaf        SHA-256 over an instrument's rows of one year: its key, the days it traded, and every field's bits

The rows are those that count after the merge, each field from the best source that has it. Serial numbers, names of
files and instants enter no hash, so the same evidence gives the same root in whatever order it came in. A new day
re-hashes one year; the other nodes are taken over as they stand.

What changes without any price changing is no part of the tree. It has a hash of its own beside it: adjustments
(factors with their tier, quarantined moves, dividends), index membership, and the version of these rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

RULES_VERSION = "1"  # moves with the merge rule, the choice of series and the layout of a leaf


def year_node(leaves: Iterable[tuple[str, str]]) -> str:
    """The node of a year from (instrument key, leaf) by ascending key."""
    return hashlib.sha256("".join(f"{key}{leaf}" for key, leaf in leaves).encode()).hexdigest()


def combined(years: Iterable[tuple[int, str]]) -> str:
    """The root from (year, node) by ascending year."""
    return hashlib.sha256("".join(f"{year}{node}" for year, node in years).encode()).hexdigest()


@dataclass(frozen=True)
class TreeChange:
    """What differs between two trees: the years, and how many instruments have another leaf in any of them."""

    years: tuple[int, ...]
    instruments: int


def changed(
    before: Mapping[int, Mapping[str, str]], after: Mapping[int, Mapping[str, str]], years: Sequence[int]
) -> TreeChange:
    """Compare leaves (by year, by instrument key) over the years whose nodes differ."""
    keys: set[str] = set()
    for year in years:
        old, new = before.get(year, {}), after.get(year, {})
        keys |= {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    return TreeChange(tuple(years), len(keys))
