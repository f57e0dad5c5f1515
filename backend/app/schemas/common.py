"""Shapes that every router shares."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_ISO_DATE: Final = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}")


def _iso(value: object) -> object:
    """Refuse what pydantic would take for a date besides: 0 and "0" are seconds since 1970 to it."""
    if type(value) is date or value is None or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError(f"{str(value)[:40]!r} is not a date; write it as 2024-07-01")


IsoDate = Annotated[date, BeforeValidator(_iso)]


class Wire(BaseModel):
    """Base of everything on the wire: unknown fields of a request are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(BaseModel):
    """What went wrong: a code to act on, a sentence to read."""

    code: str = Field(examples=["DATA_NOT_FOUND"])
    message: str
    details: dict[str, Any] | None = None
    request_id: str | None = None


class ErrorEnvelope(BaseModel):
    """The body of every failed request."""

    error: ErrorBody


class PageMeta(BaseModel):
    """Where in a list a page lies; `total` counts the whole list."""

    page: int
    limit: int
    total: int
    total_pages: int


def total_pages(total: int, limit: int) -> int:
    """How many pages a list has; an empty one has none."""
    return -(-total // limit)
