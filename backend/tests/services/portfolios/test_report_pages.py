"""How a report's pages are laid out: columns that fit their words, and no line where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest
from reportlab.graphics.shapes import PolyLine

from app.services.portfolios.pdf_pages import _widths
from app.services.portfolios.report_files import _growth

HEAD = ["Share", "Sector", "Shares", "Cost, ₹", "Close, ₹", "Value, ₹", "Gain, ₹", "Weight"]
ROW = ["HINDUNILVR", "Automobile and Auto Components", "20,000", "20,00,000", "14,234.00", "2,60,200", "−17,39,800",
       "10.7 %"]  # fmt: skip
NUMERIC = [False, False, *[True] * 6]


def test_a_holdings_sector_stays_on_one_line_and_the_page_is_filled() -> None:
    widths = _widths([HEAD, ROW], NUMERIC, 490.0)
    assert sum(widths[:2]) + sum(widths[2:]) == pytest.approx(490.0)
    # letters of 7.5 points are on average about half as wide: 30 of them are more than 100 points
    assert widths[1] > 115.0 > widths[0] > 55.0


def test_a_long_text_takes_what_short_ones_leave_and_breaks_only_itself() -> None:
    share, note = _widths([["Share", "Note"], ["HINDUNILVR", "many words " * 40]], [False, False], 300.0)
    assert share + note == pytest.approx(300.0) and 55.0 < share < 65.0


def lines(benchmark: list[float | None]) -> list[PolyLine]:
    analysis: dict[str, Any] = {
        "benchmark": {"reason": None},
        "charts": {"performance": {"portfolio_returns": [0.01] * 6, "benchmark_returns": benchmark}},
    }
    return [shape for shape in _growth(analysis, 400.0).contents if isinstance(shape, PolyLine)]


def test_an_index_has_no_line_where_its_close_is_unknown() -> None:
    assert len(lines([0.01, 0.02, -0.01, 0.0, 0.01, 0.02])) == 2
    index = lines([0.01, None, 0.02, 0.01, None, None])[:-1]  # drawn first, the portfolio over it
    assert [len(one.points) // 2 for one in index] == [2, 2]  # the start and a session; two sessions; none at the end
