"""Fifteen years of four shares on the real market, through a broker's file and what was done to the shares since.

It needs an imported market: SMARTTRADER_REAL_HOME names a state folder that holds one. Everything is rolled back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.database import Market
from app.services.platform import Platform
from app.services.portfolios.files.service import Asked
from app.settings import get_settings

BOUGHT = b"""Date,Symbol,Type,Qty,Price,Charges
15-06-2010,RELIANCE,buy,40,1050.25,20
16-06-2010,INFOSYSTCH,buy,10,2750.10,15
17-06-2010,HDFC,buy,20,2900.00,20
12-08-2011,TATAMOTORS,buy,100,830.00,25
"""
SOLD = b"""Date,Symbol,Type,Qty,Price,Charges
15-07-2019,INFY,sell,30,780.00,18
10-08-2023,RELIANCE,sell,30,2500.00,30
20-12-2024,HDFCBANK,sell,100,1770.00,40
15-12-2025,TMPV,sell,10,355.00,5
15-12-2025,TMCV,sell,10,385.00,5
"""
BY_HAND: tuple[dict[str, Any], ...] = (
    # demergers and mergers are in no list: ratios and parts of the cost stand in the companies' letters
    {"kind": "DEMERGER", "date": date(2023, 7, 20), "symbol": "RELIANCE", "target_symbol": "JIOFIN",
     "ratio_new": 1, "ratio_old": 1, "cost_percent": Decimal("4.68")},
    {"kind": "MERGER", "date": date(2023, 7, 13), "symbol": "HDFC", "target_symbol": "HDFCBANK",
     "ratio_new": 42, "ratio_old": 25},
    {"kind": "DEMERGER", "date": date(2025, 10, 14), "symbol": "TATAMOTORS", "target_symbol": "TMCV",
     "ratio_new": 1, "ratio_old": 1, "cost_percent": Decimal("31.15")},
)  # fmt: skip

# Worked by hand. Shares, cost of those that are left.
# INFY: 10 bought as INFOSYSTCH for 27501.00, renamed in 2011; three bonuses of 1:1 (2014, 2015, 2018): lots of
#   10, 10, 20 and 40, the first alone with a cost. 30 sold: first in, first out all of the 10 (27501.00) and the
#   bonuses of 2014 and 2015 that cost nothing; 50 are left, at 0. Gain 30 × 780 − 27501 = −4101.
# RELIANCE: 40 for 42010.00, bonus 1:1 of 2017: 40 more at 0. The demerger of 2023 takes 4.68 % of the cost along,
#   42010 × 0.0468 = 1966.068, with 80 JIOFIN; 40043.932 stays on the first 40. 30 sold: 40043.932 × 30/40 =
#   30032.949 of cost, gain 75000 − 30032.949 = 44967.051; 50 are left at 10010.983. The bonus of 2024, told as a
#   factor alone, comes in as a bonus: 100 shares, 10010.983.
# HDFC: 20 for 58000.00, split 5:1 in 2010: 100. 42 HDFCBANK for 25: 168, at 58000. 100 sold: 58000 × 100/168 =
#   34523.8095 of cost, gain 177000 − 34523.8095 = 142476.1905; 68 are left at 23476.1905. The bonus of 2025, also a
#   factor alone: 136.
# TATAMOTORS, TMPV since 2025: 100 for 83000.00; 31.15 % = 25854.50 go to 100 TMCV, 57145.50 stay. Ten of each
#   sold: costs 5714.55 and 2585.45, gains 3550 − 5714.55 = −2164.55 and 3850 − 2585.45 = 1264.55.
LEFT = {
    "INFY": (50, "0.00"), "RELIANCE": (100, "10010.98"), "JIOFIN": (80, "1966.07"), "HDFCBANK": (136, "23476.19"),
    "TMPV": (90, "51430.95"), "TMCV": (90, "23269.05"),
}  # fmt: skip
GAINS = {
    "INFY": "-4101.00", "RELIANCE": "44967.05", "JIOFIN": "0.00", "HDFCBANK": "142476.19", "TMPV": "-2164.55",
    "TMCV": "1264.55",
}  # fmt: skip


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    home = os.environ.get("SMARTTRADER_REAL_HOME")
    if not home or not (Path(home) / "panel").is_dir():
        pytest.skip("no imported market (set SMARTTRADER_REAL_HOME)")
    made = Platform(get_settings().model_copy(update={"home": Path(home)}))
    made.portfolios._clock = lambda: datetime(2026, 7, 31, 12, tzinfo=UTC)
    try:
        made.prepare(strategies=False)
        yield made
    finally:
        made.close()


def test_fifteen_years_are_right_to_the_paisa(platform: Platform) -> None:
    with platform.database.transaction(Market.REAL) as session:
        made = platform.portfolios.create(
            Market.REAL, session, name="Fifteen years by hand", description=None, client=None, positions=[]
        )["id"]

        def entered(data: bytes) -> dict[str, Any]:
            told = platform.portfolio_files.preview(Market.REAL, session, made, data, "own.csv", Asked(actions=False))
            assert told["counts"]["errors"] == 0 and told["ledger_error"] is None, told
            return platform.portfolio_files.confirm(
                Market.REAL, session, made, data, "own.csv", Asked(actions=False), told["digest"], None
            )

        def apply(until: date) -> list[str]:
            """The splits and bonuses that wait up to a day; those told as a factor alone were bonuses, all of them."""
            waiting = platform.portfolio_actions.waiting(Market.REAL, session, made)["actions"]
            chosen = [
                {"id": one["id"], **({"kind": "BONUS"} if one["needs"] == ["kind"] else {})}
                for one in waiting
                if one["kind"] in ("SPLIT", "BONUS", "SPLIT_OR_BONUS") and one["ex_date"] <= until
            ]
            if chosen:
                platform.portfolio_actions.apply(Market.REAL, session, made, chosen, None)
            return [one["id"].partition(":")[2] for one in chosen]

        entered(BOUGHT)
        assert apply(date(2020, 1, 1)) == [
            "2010-08-18:SPLIT", "2014-12-02:BONUS", "2015-06-15:BONUS", "2017-09-07:BONUS", "2018-09-04:BONUS",
        ]  # fmt: skip
        platform.transactions.add(Market.REAL, session, made, BY_HAND, None)
        entered(SOLD)
        # what a source tells as a factor alone is asked about, and never taken for a split
        assert apply(date(2026, 7, 31)) == ["2024-10-28:SPLIT_OR_BONUS", "2025-08-26:SPLIT_OR_BONUS"]
        found = platform.portfolios.get(Market.REAL, session, made)
        held = {one["symbol"]: (one["quantity"], one["invested_value"]) for one in found["positions"]}
        assert held == LEFT
        assert {one["symbol"]: one["realised_pnl"] for one in found["positions"]} == GAINS
        # −4101 + 44967.051 + 142476.190… − 2164.55 + 1264.55
        assert found["realised_pnl"] == "182442.24"
        # no session between loses or makes a share: on the day before and the day of each action the cost is the same
        for day in (date(2018, 9, 3), date(2018, 9, 4)):
            before = platform.portfolios.get(Market.REAL, session, made, day)
            infy = next(one for one in before["positions"] if one["isin"] and one["company_name"] and "nfosys" in
                        one["company_name"].lower())  # fmt: skip
            assert infy["invested_value"] == "27501.00"
            assert infy["quantity"] == (40 if day == date(2018, 9, 3) else 80)
        session.rollback()
