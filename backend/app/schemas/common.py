"""Shapes that every router shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field

_ISO_DATE: Final = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}")


def _iso(value: object) -> object:
    """Refuse what pydantic would take for a date besides: 0 and "0" are seconds since 1970 to it."""
    if type(value) is date or value is None:
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        with suppress(ValueError):  # the 30th of February
            return date.fromisoformat(value)
    raise ValueError(f"{str(value)[:40]!r} is not a date; write it as 2024-07-01")


def _exact(value: object) -> object:
    """A decimal from a number or from its digits, which a client writes to lose none; a yes is no number."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(InvalidOperation):
            return Decimal(str(value))
    raise ValueError("expected a number, or its digits as text")


Exact: Final = BeforeValidator(_exact)
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]  # as PostgreSQL counts rows
IsoDate = Annotated[date, BeforeValidator(_iso)]


def kept_order(end: date, start: object, name: str) -> date:
    """The end of a period; ValueError where it lies before the start. A start that is wrong itself is told as that."""
    if isinstance(start, date) and end < start:
        raise ValueError(f"{end} lies before {name}, {start}")
    return end


def one_of(expected: str, **kinds: Callable[[object], bool]) -> Discriminator:
    """Which of several shapes a value is meant to have, by their tags in parentheses, each with what tells it.

    A wrong value is then told as wrong in the shape it was meant to have, and one that has none by what was `expected`.
    """

    def tag(value: object) -> str | None:
        return next((f"({name})" for name, is_it in kinds.items() if is_it(value)), None)

    return Discriminator(
        tag,
        custom_error_type="kind",
        custom_error_message="expected {expected}",
        custom_error_context={"expected": expected},
    )


class Wire(BaseModel):
    """Base of everything on the wire: unknown fields of a request are refused, so that a typing error is seen."""

    model_config = ConfigDict(extra="forbid")


class StrictWire(Wire):
    """A request: a number is a number and a yes is a yes, never a text that looks like it. Decimals say so (`Exact`).

    "1e6" may be a typing error in a form, and `true` where rupees belong is one: neither is read as a number.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


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
