"""One shape for every failure: `{"error": {"code", "message", "details"?, "request_id"}}`."""

from __future__ import annotations

import json
import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.embedded_postgres import EmbeddedPostgresError
from app.exceptions import (
    ConflictError,
    DatabaseError,
    DatabaseUnavailableError,
    DataNotFoundError,
    ForbiddenError,
    InternalError,
    MethodNotAllowedError,
    PayloadTooLargeError,
    RateLimitExceededError,
    SmartTraderException,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from app.web.bodies import unreadable

log = logging.getLogger(__name__)

_BY_STATUS: dict[int, type[SmartTraderException]] = {
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: DataNotFoundError,
    405: MethodNotAllowedError,
    409: ConflictError,
    413: PayloadTooLargeError,
    415: UnsupportedMediaTypeError,
    429: RateLimitExceededError,
}
_MAX_PROBLEMS = 20


def request_id_of(request: Request) -> str | None:
    """The id this request has in the log."""
    return getattr(request.state, "request_id", None)


def answer(request: Request, error: SmartTraderException, headers: dict[str, str] | None = None) -> Response:
    """The response for an error."""
    envelope = error.envelope(request_id_of(request))
    try:
        body = orjson.dumps(envelope, default=str)
    except TypeError:  # it quotes half of a surrogate pair, which has no UTF-8; as an escape it can be said
        body = json.dumps(envelope, default=str).encode()
    return Response(body, status_code=error.status, media_type="application/json", headers=headers)


def _of_platform(request: Request, error: Exception) -> Response:
    assert isinstance(error, SmartTraderException)
    if error.status >= 500:
        log.error("%s %s", request_id_of(request), error.message, exc_info=error)
    return answer(request, error)


def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_problem(item) for item in error.errors()[:_MAX_PROBLEMS]]
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    message = f"{first['field']}: {first['message']}{more}"
    place: dict[str, Any] = {name: first[name] for name in ("line", "column", "length") if name in first}
    return answer(request, ValidationError(message, first["field"], details={"problems": problems, **place}))


def _problem(item: dict[str, Any]) -> dict[str, Any]:
    """A problem without the input itself, which may be large or secret."""
    if item["type"] == "json_invalid":
        at = item["loc"][-1]
        why = str((item.get("ctx") or {}).get("error", "")).rstrip(".")
        told = f"is no JSON: {why or item['msg']}, at character {at}"
        return {"field": "body", "in": "body", "message": told, "type": item["type"]}
    place = [text for part in item["loc"] if not (text := str(part)).startswith("(")]  # a tag is no field: `one_of`
    field = ".".join(place[1:]) if place and place[0] in {"query", "path", "body", "header"} else ".".join(place)
    problem = {"field": field or place[0], "in": place[0], "message": _words(item), "type": item["type"]}
    return {**problem, **_place(item)} if place[0] == "query" else problem


def _place(item: dict[str, Any]) -> dict[str, int]:
    """Where in the text of a parameter it is wrong: what is beyond the longest text, else the whole of it."""
    given = item.get("input")
    if not isinstance(given, str):
        return {}
    kept = item["ctx"]["max_length"] if item["type"] == "string_too_long" else 0
    return {
        "line": given.count("\n", 0, kept) + 1,
        "column": kept - given.rfind("\n", 0, kept),
        "length": max(len(given) - kept, 1),
    }


def _words(item: dict[str, Any]) -> str:
    said = str(item["msg"])
    return said.removeprefix("Value error, ") if item["type"] == "value_error" else said


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_json = request.headers.get("content-type", "").lower().startswith("application/json")
    if is_json and isinstance(error.__cause__, ValueError | RecursionError):  # of which the framework says no more
        told = unreadable(await request.body(), error.__cause__)
        if told is not None:
            return answer(request, ValidationError(f"body: {told}", "body", details={"in": "body"}))
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        kind = ValidationError if 400 <= error.status_code < 500 else InternalError
    headers = dict(error.headers or {})
    if error.status_code in {404, 405}:
        allowed = _allowed_methods(request)
        if allowed:
            refused = MethodNotAllowedError(f"{request.url.path} takes {' and '.join(allowed)}")
            return answer(request, refused, {"Allow": ", ".join(allowed)})
        return answer(request, DataNotFoundError(f"There is nothing at {request.url.path}"))
    return answer(request, kind(str(error.detail)), headers)


def _allowed_methods(request: Request) -> list[str]:
    """Every method some route of this path takes: a path of the API that is asked with another is no unknown path."""
    methods: set[str] = set()
    for route in request.app.state.api_routes:
        match, _ = route.matches({**request.scope, "method": "?"})
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)


def _of_database(request: Request, error: Exception) -> Response:
    log.error("%s database", request_id_of(request), exc_info=error)
    away = isinstance(error, OperationalError | InterfaceError | PoolTimeout) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )
    if away:
        return answer(request, DatabaseUnavailableError("The database does not answer; try again in a moment"))
    return answer(request, DatabaseError("The database refused the operation; the log has the cause"))


_OUT_OF_RANGE = "22003"  # PostgreSQL's numeric_value_out_of_range


def _of_text(request: Request, error: Exception) -> Response:
    """A value that PostgreSQL or UTF-8 cannot hold: a NUL, half of a surrogate pair, a number beyond its column's."""
    log.info("%s text", request_id_of(request), exc_info=error)
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _OUT_OF_RANGE:
        return answer(request, ValidationError("A number is out of range: no id is that large"))
    return answer(request, ValidationError("A value holds characters that no name has, such as NUL"))


def _of_embedded(request: Request, error: Exception) -> Response:
    log.error("%s embedded database", request_id_of(request), exc_info=error)
    return answer(request, DatabaseUnavailableError(str(error)))


def _of_anything(request: Request, error: Exception) -> Response:
    log.error("%s unforeseen", request_id_of(request), exc_info=error)
    return answer(request, InternalError("Something unforeseen stopped this request; the log has the cause"))


def install(app: FastAPI) -> None:
    """Handle every kind of failure in one shape."""
    app.add_exception_handler(SmartTraderException, _of_platform)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(DataError, _of_text)
    app.add_exception_handler(UnicodeEncodeError, _of_text)
    app.add_exception_handler(SQLAlchemyError, _of_database)
    app.add_exception_handler(EmbeddedPostgresError, _of_embedded)
    app.add_exception_handler(Exception, _of_anything)
