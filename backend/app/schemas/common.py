"""Shapes that every router shares."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
