"""The order of names."""

from __future__ import annotations

from app.services.order import by_name


def test_numbers_in_names_count_as_numbers_and_capitals_as_small_letters() -> None:
    names = ["Gap fade", "NIFTY200", "252-day high", "NIFTY 50", "50/200 crossover", "ATR breakout", "nifty20", "Low"]
    assert sorted(names, key=by_name) == [
        "50/200 crossover", "252-day high", "ATR breakout", "Gap fade", "Low", "nifty20", "NIFTY 50", "NIFTY200",
    ]  # fmt: skip


def test_digits_of_other_scripts_and_superscripts_are_letters_or_numbers_but_no_error() -> None:
    assert sorted(["a²", "a٣", "a1", ""], key=by_name)[:2] == ["", "a1"]


def test_more_digits_than_python_reads_as_a_number_are_no_error() -> None:
    assert sorted(["9" * 5_000, "a", "10"], key=by_name) == ["10", "9" * 5_000, "a"]
