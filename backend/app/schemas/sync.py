"""What `/api/data/sync` says and takes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas.common import IsoDate, StrictWire


class SyncState(BaseModel):
    """Downloads from the exchange: on or off, how far, and what is in the way."""

    enabled: bool
    enabled_at: datetime | None
    blocked_until: datetime | None = Field(description="The exchange refused this machine; nothing is asked before.")
    terms: str
    downloads: dict[str, int] = Field(description="Files asked for by state: KEPT, NOT_PUBLISHED, REFUSED, FAILED.")
    last_asked: datetime | None
    last_price_day: date | None
    published_until: date = Field(description="The newest session whose files are out.")


class SyncSwitch(StrictWire):
    """Switch downloads on or off."""

    enabled: bool


class SyncRequest(StrictWire):
    """A run: from the day after the newest price, or from a day, to the newest session, or to a day."""

    start: Annotated[IsoDate | None, Field(alias="from")] = None
    end: Annotated[IsoDate | None, Field(alias="to")] = None
