"""Query parameters as a route declares them: an unknown one is named, and a date is an ISO date."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.exceptions import ValidationError

_KNOWN: dict[Callable[..., Any], Mapping[str, bool]] = {}
_ISO_DATE = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}")


def known_parameters(request: Request) -> None:
    """A dependency of every route: refuse what a typing error in the address would silently leave out.

    Raises
    ------
    ValidationError : a parameter the route does not have, or a date that is not written YYYY-MM-DD, of 1900 to 2199.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    declared = _declared(route)
    for name, value in request.query_params.multi_items():
        if name not in declared:
            takes = ", ".join(sorted(declared)) or "none"
            raise ValidationError(
                f"{name[:60]}: not a parameter of {route.path}; it takes: {takes}", name[:60], details={"in": "query"}
            )
        if declared[name] and _is_far(value):
            raise ValidationError(
                f"{name}: {value[:40]} lies outside the dates that are known, 1900-01-01 to 2199-12-31",
                name,
                details={"in": "query", **whole(value)},
            )
        if declared[name] and value and not _ISO_DATE.fullmatch(value):
            raise ValidationError(
                f"{name}: {value[:40]!r} is not a date; write it as 2024-07-01",
                name,
                details={"in": "query", **whole(value)},
            )


def whole(value: str) -> dict[str, int]:
    """The position of a value that is wrong as a whole, in its own text, as `ValidationError` has it."""
    return {"line": 1, "column": 1, "length": max(len(value), 1)}


def _is_far(value: str) -> bool:
    """Whether it is a date, of another century."""
    try:
        return not 1900 <= date.fromisoformat(value).year <= 2199
    except ValueError:
        return False


def _declared(route: APIRoute) -> Mapping[str, bool]:
    """The query parameters of a route, and whether each is a date; worked out once for each handler."""
    found = _KNOWN.get(route.endpoint)
    if found is None:
        fields = [field for one in _all(route.dependant) for field in one.query_params]
        found = _KNOWN[route.endpoint] = {field.alias: _is_date(field.field_info.annotation) for field in fields}
    return found


def _all(dependant: Dependant) -> Iterator[Dependant]:
    """What a route depends on, itself included."""
    yield dependant
    for further in dependant.dependencies:
        yield from _all(further)


def _is_date(annotation: Any) -> bool:
    return annotation is date or any(_is_date(one) for one in get_args(annotation))
