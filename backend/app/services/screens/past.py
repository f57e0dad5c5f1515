"""Screens are of days that have been."""

from __future__ import annotations

from datetime import UTC, date, datetime

from app.engines.calendar import IST
from app.exceptions import ValidationError


def past(asof: date | None, field: str = "asof") -> date | None:
    """The day, once it is known not to lie ahead; `field` is the parameter that names it. Raises ValidationError."""
    today = datetime.now(UTC).astimezone(IST).date()
    if asof is not None and asof > today:
        place = {"line": 1, "column": 1, "length": len(asof.isoformat()), "expected": [f"a day up to {today}"]}
        raise ValidationError(
            f"{field} is {asof}, which lies ahead: screens are of days that have been", field, details=place
        )
    return asof
