"""Days of price files against the exchange calendar."""

from __future__ import annotations

from datetime import date

from app.services.importing.session_findings import session_findings

D = date.fromisoformat


def found(*days: str) -> list[tuple[str, str, str]]:
    return [(row["rule"], row["subject"], row["severity"]) for row in session_findings([D(day) for day in days])]


def test_whole_weeks_with_their_holidays_say_nothing() -> None:
    assert session_findings([]) == []
    # Friday 26 January 2024 was a holiday, Saturday the 20th a session in place of Monday the 22nd
    days = ("2024-01-19", "2024-01-20", "2024-01-23", "2024-01-24", "2024-01-25", "2024-01-29")
    assert found(*days) == []


def test_prices_of_a_holiday_and_a_session_without_prices_are_found_by_year() -> None:
    rows = session_findings([D("2024-08-14"), D("2024-08-15"), D("2024-08-19")])
    assert [(row["rule"], row["severity"]) for row in rows] == [
        ("PRICES_ON_CLOSED_DAY", "warning"), ("SESSION_WITHOUT_PRICES", "note"),
    ]  # fmt: skip
    assert rows[0]["message"].endswith("closed: 2024-08-15")
    assert rows[1]["message"] == "2024: 1 sessions of the exchange have no price file: 2024-08-16"


def test_days_past_the_horizon_are_not_judged_but_said() -> None:
    rows = session_findings([D("2026-12-31"), D("2027-01-02")])
    assert [row["rule"] for row in rows] == ["CALENDAR_ENDED"]
    assert "ends on 2026-12-31" in rows[0]["message"]


def test_a_muhurat_evening_is_a_session() -> None:
    assert found("2024-10-31", "2024-11-01", "2024-11-04") == []
