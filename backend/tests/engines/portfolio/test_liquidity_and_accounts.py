"""Days to sell, and the score of a company's accounts."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.portfolio.fragility import fragility
from app.engines.portfolio.liquidity import days_to_exit, sold_within, usual_volume


def test_days_to_exit_by_hand():
    # 10 % of 1,000 shares a session is 100: 250 shares take 2.5 sessions; nobody trades the second
    found = days_to_exit(np.array([250.0, 10.0]), np.array([1000.0, 0.0]))
    assert found[0] == 2.5
    assert np.isnan(found[1])


def test_a_session_without_a_trade_counts_in_the_usual_volume():
    volume = np.array([[100.0], [np.nan], [np.nan], [300.0], [np.nan]])
    assert usual_volume(volume).tolist() == [0.0]
    assert usual_volume(np.full((200, 1), 500.0)).tolist() == [500.0]


def test_what_is_sold_after_some_sessions():
    # 60 % takes 3 sessions, 30 % takes 10, 10 % cannot be sold: after 5, 60 % and half of the 30 %
    assert sold_within(np.array([0.6, 0.3, 0.1]), np.array([3.0, 10.0, np.nan]), 5) == pytest.approx(0.75)


def test_a_sound_company_scores_nothing_and_a_broken_one_everything():
    assert fragility(0.0, 25.0, 40.0, 12.0, "Energy").score == 0.0
    assert fragility(3.0, -5.0, -2.0, None, "Energy").score == 100.0
    assert fragility(-0.5, -5.0, -2.0, None, "Energy").score == 100.0  # equity used up


def test_the_score_opens_to_its_parts():
    # debt 0.5: 10 of 40; ROE 15 %: 7.5 of 30; profit: 0; P/E 37.5: half of 15
    found = fragility(0.5, 15.0, 3.0, 37.5, "Energy")
    assert {name: part.points for name, part in found.parts.items()} == {
        "debt": 10.0, "profitability": 7.5, "earnings": 0.0, "valuation": 7.5,
    }  # fmt: skip
    assert found.score == 25.0


def test_what_is_unknown_is_left_out_and_below_half_there_is_no_score():
    found = fragility(1.0, None, 3.0, None, "Energy")  # 20 of 55 known
    assert found.known == 55.0
    assert found.score == pytest.approx(100.0 * 20.0 / 55.0)
    assert fragility(None, 10.0, 3.0, None, "Energy").score is None
    assert fragility(None, None, None, None, None).score is None


def test_the_debt_of_a_lender_is_its_business():
    found = fragility(7.0, 15.0, 3.0, 15.0, "Financial Services")
    assert found.parts["debt"].points is None
    assert found.parts["debt"].figure == 7.0
    assert found.score == pytest.approx(100.0 * 7.5 / 60.0)
