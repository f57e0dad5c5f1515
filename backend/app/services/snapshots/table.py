"""A field table: symbols by fields at one session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FieldTable:
    """Every instrument that traded in a session.

    Attributes
    ----------
    session : the session
    keys, symbols : N instrument keys, ascending, and the symbols of that day
    columns : field → shape [N], float64, NaN where unknown
    """

    session: date
    keys: tuple[str, ...]
    symbols: tuple[str, ...]
    columns: Mapping[str, NDArray[np.float64]]
