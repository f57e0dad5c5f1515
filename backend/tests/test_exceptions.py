"""The error tree: codes, statuses, and the envelope."""

from __future__ import annotations

import pytest

from app import exceptions as e

# the contract with every client, written out by hand
CODES = {
    e.DataNotFoundError: ("DATA_NOT_FOUND", 404),
    e.ValidationError: ("VALIDATION_ERROR", 422),
    e.InsufficientDataError: ("INSUFFICIENT_DATA", 400),
    e.LifecycleTransitionError: ("LIFECYCLE_TRANSITION_ERROR", 409),
    e.RateLimitExceededError: ("RATE_LIMIT_EXCEEDED", 429),
    e.UnauthenticatedError: ("UNAUTHENTICATED", 401),
    e.ForbiddenError: ("FORBIDDEN", 403),
    e.ExternalAPIError: ("EXTERNAL_API_ERROR", 503),
    e.DatabaseError: ("DATABASE_ERROR", 500),
    e.DatabaseUnavailableError: ("DATABASE_ERROR", 503),
    e.BacktestError: ("BACKTEST_ERROR", 500),
    e.MethodNotAllowedError: ("METHOD_NOT_ALLOWED", 405),
    e.ConflictError: ("CONFLICT", 409),
    e.PayloadTooLargeError: ("PAYLOAD_TOO_LARGE", 413),
    e.AddressTooLongError: ("ADDRESS_TOO_LONG", 414),
    e.HeadersTooLargeError: ("HEADERS_TOO_LARGE", 431),
    e.BadRequestError: ("BAD_REQUEST", 400),
    e.UnsupportedMediaTypeError: ("UNSUPPORTED_MEDIA_TYPE", 415),
    e.InternalError: ("INTERNAL_ERROR", 500),
}


@pytest.mark.parametrize(("kind", "expected"), CODES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_each_error_has_its_code_and_status(kind: type[e.SmartTraderException], expected: tuple[str, int]) -> None:
    error = kind("what happened")
    assert (error.code, error.status) == expected
    assert error.envelope() == {"error": {"code": expected[0], "message": "what happened"}}


def test_no_error_class_is_left_out_of_the_contract() -> None:
    def below(kind: type[e.SmartTraderException]) -> set[type[e.SmartTraderException]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    known = below(e.SmartTraderException) - {e.SmartTraderException}
    assert {kind for kind in known if kind.__module__ == e.__name__} == set(CODES)
    for kind in known:  # a service's own kind says more than its parent, but nothing else to a client
        assert CODES[next(parent for parent in kind.__mro__ if parent in CODES)] == (kind.code, kind.status), kind


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_an_error_that_was_kept_is_told_again_as_what_it_was(kind: type[e.SmartTraderException]) -> None:
    error = kind("what happened", details={"field": "end_date"})
    kept = {**error.envelope()["error"], "status": error.status}
    again = e.told_again(kept, {"job_id": "7"})
    assert (again.code, again.status) == CODES[kind]
    assert again.envelope()["error"] == {
        "code": error.code, "message": "what happened", "details": {"field": "end_date", "job_id": "7"},
    }  # fmt: skip
