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

    assert below(e.SmartTraderException) - {e.SmartTraderException} == set(CODES)


def test_a_missing_resource_is_named_in_the_details() -> None:
    error = e.DataNotFoundError(message="Portfolio 7 not found", resource_type="portfolio", resource_id="7")
    assert error.envelope("abc") == {
        "error": {
            "code": "DATA_NOT_FOUND",
            "message": "Portfolio 7 not found",
            "details": {"resource_type": "portfolio", "resource_id": "7"},
            "request_id": "abc",
        }
    }


def test_too_little_data_says_how_much_there_is_and_how_much_it_takes() -> None:
    error = e.InsufficientDataError("too short", required=252, available=0)
    assert error.details == {"required": 252, "available": 0}
