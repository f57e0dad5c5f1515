"""Series and expected values of the golden files, and what an uncovered one does."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def array(*values: float | None) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], float)


def equity_of(returns: np.ndarray) -> np.ndarray:
    return np.cumprod(1.0 + returns[~np.isnan(returns)])


def read_json(evidence: Path, name: str) -> Any:
    return json.loads((evidence / "golden" / name).read_text())


def column(path: Path, name: str) -> np.ndarray:
    with path.open(newline="") as file:
        return array(*(float(row[name]) for row in csv.DictReader(file)))


def all_equal(expected: Mapping[str, float], ours: Mapping[str, float | None], not_ours: Mapping[str, str]) -> None:
    """Every expected number is one of ours to 1e-9, or named, with the reason, as not ours."""
    assert set(ours) | set(not_ours) == set(expected)
    assert not set(ours) & set(not_ours)
    for name, value in ours.items():
        assert value == pytest.approx(expected[name], rel=1e-9, abs=1e-15), name
