"""The errors the platform raises on purpose, and the one shape they take on the wire.

SmartTraderException
├── DataNotFoundError            404  DATA_NOT_FOUND               fix the id
├── ValidationError              422  VALIDATION_ERROR             fix the request
├── BadRequestError              400  BAD_REQUEST                  send HTTP
├── InsufficientDataError        400  INSUFFICIENT_DATA            load more history or ask for less
├── LifecycleTransitionError     409  LIFECYCLE_TRANSITION_ERROR   meet the gates named in `details`
├── ConflictError                409  CONFLICT                     read again, then decide
├── UnauthenticatedError         401  UNAUTHENTICATED              log in
├── ForbiddenError               403  FORBIDDEN                    not allowed from here
├── MethodNotAllowedError        405  METHOD_NOT_ALLOWED           use a method of the Allow header
├── PayloadTooLargeError         413  PAYLOAD_TOO_LARGE            send less
├── AddressTooLongError          414  ADDRESS_TOO_LONG             ask for less
├── UnsupportedMediaTypeError    415  UNSUPPORTED_MEDIA_TYPE       send a type the route reads
├── RateLimitExceededError       429  RATE_LIMIT_EXCEEDED          wait, see Retry-After
├── HeadersTooLargeError         431  HEADERS_TOO_LARGE            send fewer headers
├── ExternalAPIError             503  EXTERNAL_API_ERROR           retry later
├── DatabaseError                500  DATABASE_ERROR               tell the operator
├── DatabaseUnavailableError     503  DATABASE_ERROR               retry: the database is away
├── BacktestError                500  BACKTEST_ERROR               see `details`
└── InternalError                500  INTERNAL_ERROR               quote the request id

Engines raise plain exceptions; services turn them into these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class SmartTraderException(Exception):
    """Root of the tree. `details` must be JSON and free of secrets: it goes to the caller."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def envelope(self, request_id: str | None = None) -> dict[str, Any]:
        """The body every failed request answers with."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        if request_id:
            error["request_id"] = request_id
        return {"error": error}


class DataNotFoundError(SmartTraderException):
    """A resource that does not exist."""

    code = "DATA_NOT_FOUND"
    status = 404

    def __init__(
        self,
        message: str,
        resource_type: str | None = None,
        resource_id: str | None = None,
        *,
        details: dict[str, Any] | None = None,
    ) -> None:
        named = {"resource_type": resource_type, "resource_id": resource_id}
        merged = {**{k: v for k, v in named.items() if v is not None}, **(details or {})}
        super().__init__(message, details=merged or None)
        self.resource_type = resource_type
        self.resource_id = resource_id


class ValidationError(SmartTraderException):
    """A request that cannot be carried out as sent; `field` names the part to change.

    Where the wrong characters are known, `details` says which: `line` and `column` of the first, from 1, in the text of
    the field as it was decoded, and `length`. Of a value that is wrong as a whole, such as a day that lies ahead, that
    is the whole value.
    """

    code = "VALIDATION_ERROR"
    status = 422

    def __init__(self, message: str, field: str | None = None, *, details: dict[str, Any] | None = None) -> None:
        merged = {**({"field": field} if field else {}), **(details or {})}
        super().__init__(message, details=merged or None)
        self.field = field


class BadRequestError(SmartTraderException):
    """What came over the wire is no request."""

    code = "BAD_REQUEST"
    status = 400


class InsufficientDataError(SmartTraderException):
    """Too little history for the question; says how much there is and how much it takes."""

    code = "INSUFFICIENT_DATA"
    status = 400

    def __init__(
        self,
        message: str,
        required: int | None = None,
        available: int | None = None,
        *,
        details: dict[str, Any] | None = None,
    ) -> None:
        named = {"required": required, "available": available}
        merged = {**{k: v for k, v in named.items() if v is not None}, **(details or {})}
        super().__init__(message, details=merged or None)
        self.required = required
        self.available = available


class LifecycleTransitionError(SmartTraderException):
    """A strategy may not move there (yet)."""

    code = "LIFECYCLE_TRANSITION_ERROR"
    status = 409


class ConflictError(SmartTraderException):
    """The resource is not in the state the request assumed."""

    code = "CONFLICT"
    status = 409


class UnauthenticatedError(SmartTraderException):
    """Nobody is logged in."""

    code = "UNAUTHENTICATED"
    status = 401


class ForbiddenError(SmartTraderException):
    """Known, but not allowed."""

    code = "FORBIDDEN"
    status = 403


class MethodNotAllowedError(SmartTraderException):
    """The path exists, not with this method."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class PayloadTooLargeError(SmartTraderException):
    """More bytes than the route accepts."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413


class AddressTooLongError(SmartTraderException):
    """An address of more bytes than are read."""

    code = "ADDRESS_TOO_LONG"
    status = 414


class UnsupportedMediaTypeError(SmartTraderException):
    """A body of a type the route does not read."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class RateLimitExceededError(SmartTraderException):
    """Too many requests from this client."""

    code = "RATE_LIMIT_EXCEEDED"
    status = 429


class HeadersTooLargeError(SmartTraderException):
    """Headers of more bytes than are read."""

    code = "HEADERS_TOO_LARGE"
    status = 431


class ExternalAPIError(SmartTraderException):
    """A broker or exchange did not answer as it should."""

    code = "EXTERNAL_API_ERROR"
    status = 503

    def __init__(self, message: str, service: str | None = None, *, details: dict[str, Any] | None = None) -> None:
        merged = {**({"service": service} if service else {}), **(details or {})}
        super().__init__(message, details=merged or None)
        self.service = service


class DatabaseError(SmartTraderException):
    """The database refused or failed."""

    code = "DATABASE_ERROR"
    status = 500


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be reached at the moment."""

    status = 503


class BacktestError(SmartTraderException):
    """A run that stopped: the strategy raised, or its answer has the wrong shape."""

    code = "BACKTEST_ERROR"
    status = 500


class InternalError(SmartTraderException):
    """What nobody foresaw; the cause is in the log under the request id."""


def told_again(error: Mapping[str, Any], details: dict[str, Any]) -> SmartTraderException:
    """The error of an envelope that was kept with its `status`, with more `details`: what a job ended with."""
    kinds: dict[tuple[str, int], type[SmartTraderException]] = {}
    left = [SmartTraderException]
    while left:
        kind = left.pop(0)
        kinds.setdefault((kind.code, kind.status), kind)  # one of a service says no more on the wire than its parent
        left += kind.__subclasses__()
    found = kinds.get((error["code"], error["status"]), InternalError)  # another version may have had others
    return found(error["message"], details={**error.get("details", {}), **details})
