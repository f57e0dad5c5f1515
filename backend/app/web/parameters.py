"""Query parameters as a route declares them: an unknown one is named, one given twice too, and a date is an ISO date.

Of a body of JSON, a key that stands twice in one object is named: the reader would take the last without a word.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.exceptions import ValidationError


class _Declared(NamedTuple):
    day: bool
    many: bool  # it may be given more than once


_KNOWN: dict[Callable[..., Any], Mapping[str, _Declared]] = {}
_ISO_DATE = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}")


async def known_parameters(request: Request) -> None:
    """A dependency of every route: refuse what a slip in the address or the body would silently leave out.

    Raises
    ------
    ValidationError : a parameter the route does not have, one of a single value given twice, a date that is not written
        YYYY-MM-DD, of 1900 to 2199, or a key that stands twice in an object of the body.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    declared = _declared(route)
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, value in request.query_params.multi_items():
        if name not in declared:
            takes = ", ".join(sorted(declared)) or "none"
            raise ValidationError(
                f"{name[:60]}: not a parameter of {route.path}; it takes: {takes}", name[:60], details={"in": "query"}
            )
        if given[name] > 1 and not declared[name].many:
            said = "twice" if given[name] == 2 else f"{given[name]} times"
            raise ValidationError(
                f"{name}: given {said}, and takes one value: leave the others out", name, details={"in": "query"}
            )
        if declared[name].day and _is_far(value):
            raise ValidationError(
                f"{name}: {value[:40]} lies outside the dates that are known, 1900-01-01 to 2199-12-31",
                name,
                details={"in": "query", **whole(value)},
            )
        if declared[name].day and value and not _ISO_DATE.fullmatch(value):
            raise ValidationError(
                f"{name}: {value[:40]!r} is not a date; write it as 2024-07-01",
                name,
                details={"in": "query", **whole(value)},
            )
    if route.body_field is not None and request.headers.get("content-type", "").lower().startswith("application/json"):
        body = await request.body()  # as the framework has read it
        if body:
            json.loads(body, object_pairs_hook=_keys_once)


def _keys_once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object of JSON in which a key stands twice; what it holds is of no interest."""
    if len(pairs) < 2 or len({key for key, _ in pairs}) == len(pairs):
        return
    [(name, count)] = Counter(key for key, _ in pairs).most_common(1)
    said = "twice" if count == 2 else f"{count} times"
    raise ValidationError(f"{name[:60]}: stands {said} in one object of the body", name[:60], details={"in": "body"})


def whole(value: str) -> dict[str, int]:
    """The position of a value that is wrong as a whole, in its own text, as `ValidationError` has it."""
    return {"line": 1, "column": 1, "length": max(len(value), 1)}


def _is_far(value: str) -> bool:
    """Whether it is a date, of another century."""
    try:
        return not 1900 <= date.fromisoformat(value).year <= 2199
    except ValueError:
        return False


def _declared(route: APIRoute) -> Mapping[str, _Declared]:
    """The query parameters of a route, and what each takes; worked out once for each handler."""
    found = _KNOWN.get(route.endpoint)
    if found is None:
        fields = [field for one in _all(route.dependant) for field in one.query_params]
        found = _KNOWN[route.endpoint] = {
            field.alias: _Declared(_is_date(field.field_info.annotation), _is_many(field.field_info.annotation))
            for field in fields
        }
    return found


def _all(dependant: Dependant) -> Iterator[Dependant]:
    """What a route depends on, itself included."""
    yield dependant
    for further in dependant.dependencies:
        yield from _all(further)


def _is_date(annotation: Any) -> bool:
    return annotation is date or any(_is_date(one) for one in get_args(annotation))


def _is_many(annotation: Any) -> bool:
    return get_origin(annotation) in {list, tuple, set} or any(_is_many(one) for one in get_args(annotation))
