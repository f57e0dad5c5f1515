"""Health on the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel


class Check(BaseModel):
    """One part of the platform."""

    ok: bool
    message: str


class DataSummary(BaseModel):
    """The data behind what is shown."""

    first_session: date
    last_session: date
    instruments: int
    snapshot: str


class Health(BaseModel):
    """READY: all works; DEGRADED: it answers, but something named in `checks` does not; DOWN: no database."""

    status: Literal["READY", "DEGRADED", "DOWN"]
    version: str
    market: Literal["real", "sample"] | None
    data: DataSummary | None
    checks: dict[str, Check]
