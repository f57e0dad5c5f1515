"""How a report writes numbers and draws curves."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.reports import words
from app.services.reports.charts import Line, Panel, kept, round_ticks, svg


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1642118, 0, "16,42,118"),
        (999, 0, "999"),
        (1000, 0, "1,000"),
        (-123456.789, 2, "−1,23,456.79"),
        (-0.001, 2, "0.00"),
        (0.0, 0, "0"),
        (123456789012, 0, "1,23,45,67,89,012"),
    ],
)
def test_digits_stand_in_indian_groups_with_a_true_minus(value, digits, text):
    assert words.grouped(value, digits) == text


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        # as the pages write them: frontend/__tests__/lib/told.test.ts
        ("HALTED on 2021-03-04: no entry", "HALTED on 4 Mar 2021: no entry"),
        ("(TCS at 2023-02-01T09:20:00)", "(TCS at 1 Feb 2023, 09:20)"),
        ("up to 123456.78 rupees (1.20% of", "up to ₹1,23,457 (1.20% of"),
        ("HDFC 123456.70 (last traded 2023-07-12)", "HDFC ₹1,23,457 (last traded 12 Jul 2023)"),
        ("HDFC -60517.00 (last traded 2023-07-12)", "HDFC −₹60,517.00 (last traded 12 Jul 2023)"),
        ("1230911.00 rupees (9.37 % of it), up to 25 % of", "₹12,30,911 (9.37% of it), up to 25% of"),
        ("is sized at a fixed sum (1.5e+06).", "is sized at a fixed sum (15,00,000)."),
        ("is sized at a fixed sum (150000).", "is sized at a fixed sum (1,50,000)."),
        ("1642 orders refused: no free position.", "1,642 orders refused: no free position."),
        ("Held over (2048 bars) in 2048", "Held over (2,048 bars) in 2048"),
        ("1250 of 2480 sessions of the exchange", "1,250 of 2,480 sessions of the exchange"),
        ("TCS 2020-01-01 ×0.5, 0.12345 times", "TCS 1 Jan 2020 ×0.5, 0.12345 times"),
        # what is no number of ours
        ("of engine 1.06aa350e81c4 and data 7.abc1234567", "of engine 1.06aa350e81c4 and data 7.abc1234567"),
        ("read from /data/2021-01-01/123456.csv", "read from /data/2021-01-01/123456.csv"),
        ("the day 2021-13-45 is none", "the day 2021-13-45 is none"),
    ],
)
def test_a_sentence_of_the_engine_is_written_as_on_the_pages(stored: str, read: str) -> None:
    assert words.plain(stored) == read


def test_rupees_percents_and_dates_are_written_as_on_the_pages():
    assert [words.rupees(v) for v in (707.29, 4861904.4, -12.5, None)] == ["₹707.29", "₹48,61,904", "−₹12.50", "–"]
    assert [words.signed_rupees(v) for v in (5.0, -5.0, 0.001)] == ["+₹5.00", "−₹5.00", "₹0.00"]
    assert [words.signed_percent(v) for v in (0.126, -0.126, 0.0001)] == ["+12.6", "−12.6", "0.0"]
    assert (words.percent(-0.187), words.percent(None)) == ("−18.7%", "–")
    assert (words.day("2026-11-20"), words.day("2026-01-02T09:15:00"), words.day(None)) == (
        "20 Nov 2026",
        "2 Jan 2026",
        "–",
    )


def test_the_engines_words_become_ordinary_ones():
    assert words.plain("2 orders refused: LOCKED_UPPER.") == "2 orders refused: locked upper."
    assert words.plain("the equity would be 1228954.40 rupees, of 55357.24 rupees.") == (
        "the equity would be ₹12,28,954, of ₹55,357.24."
    )
    assert words.plain("INFERRED for TCS; POINT-IN-TIME") == "INFERRED for TCS; POINT-IN-TIME"


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_ticks_are_inside_their_bounds_and_few(low, span):
    high = low + span
    ticks = round_ticks(low, high)
    assert len(ticks) <= 7
    assert all(low - 1e-6 * span <= tick <= high + 1e-6 * span for tick in ticks)
    assert ticks == sorted(ticks)


def test_fewer_points_keep_the_ends_and_every_extreme_of_a_stretch():
    values = np.sin(np.arange(20_000) / 300)
    values[12_345], values[777] = 50.0, -50.0
    found = kept(values, 400)
    assert len(found) <= 402
    assert {0, 777, 12_345, 19_999} <= set(found.tolist())
    np.testing.assert_array_equal(kept(values[:300], 400), np.arange(300))


def test_a_chart_is_whole_xml_and_its_texts_cannot_break_out():
    days = [f"20{year}-01-01" for year in range(10, 20)]
    line = Line("run", np.array([1.0, 2.0, np.nan, 4.0, 3.0, 5.0, 6.0, 5.0, 7.0, 8.0]))
    text = svg(days, [Panel(0, 100, [line], [(0.0, '<b>"&')])], 'a "title" & <script>')
    root = ElementTree.fromstring(text)
    assert root.attrib["aria-label"] == 'a "title" & <script>'
    points = root.find("polyline").attrib["points"].split()  # type: ignore[union-attr]
    assert len(points) == 9  # the unknown one is left out
    # the scale goes from the tick at 0, at the bottom, to the highest value, at the top
    assert points[-1].endswith(",0.0") and points[0].endswith(",87.5")


def test_a_probability_is_never_certain_by_rounding() -> None:
    written = [words.probability(value) for value in (0.0, 0.004, 0.5, 0.996, 1.0, None)]
    assert written == ["0.00", "< 0.01", "0.50", "> 0.99", "1.00", "–"]
