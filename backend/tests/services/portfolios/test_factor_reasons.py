"""Why a factor is unknown, in words a person can act on."""

from __future__ import annotations

import numpy as np

from app.services.portfolios.factor_book import _why_unknown

DAYS = np.arange(np.datetime64("2025-01-01"), np.datetime64("2025-01-11"))


def test_what_is_known_from_a_day_on_says_the_day_and_how_far_back_one_may_look() -> None:
    # of ten sessions the last four are known: a fifth may be unknown, so five can be asked for
    returns = np.array([np.nan] * 6 + [0.1] * 4)
    assert _why_unknown("size", returns, DAYS) == (
        "market values are on file for enough shares in 4 of 10 sessions, the first of them 2025-01-07; look back 5 "
        "sessions at most"
    )


def test_a_way_out_is_told_only_where_there_is_one() -> None:
    # the last session is unknown, and one of fewer than five is more than a fifth
    returns = np.array([0.1, 0.1, 0.1, np.nan, np.nan, np.nan, 0.1, 0.1, 0.1, np.nan])
    told = _why_unknown("momentum", returns, DAYS)
    assert told.endswith("in 6 of 10 sessions, the first of them 2025-01-01")
    assert "fewer than 30 of the ranked shares on every day" in _why_unknown("value", np.full(10, np.nan), DAYS)
