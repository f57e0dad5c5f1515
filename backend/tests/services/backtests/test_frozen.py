"""Real holdings that nobody could sell: HDFC, which became a part of HDFCBANK, and PFIZER in quarantine."""

from __future__ import annotations

import pytest

from app.services.platform import Platform
from tests.services.backtests.asking import answered, asked, verified


@pytest.mark.integration
def test_hdfc_after_its_merger_is_frozen_at_its_last_close_and_said_so_first(banks: Platform) -> None:
    # HDFC's last session was 2023-07-12; the list of April 2026 has it no more. Its last close was 2729.95 of INR 2
    # face value; a run that ends before that list knows only that it does not trade
    question = ("sma_cross", ["HDFC", "ITC"], "2022-01-03")
    fields = {"params": {"fast": 5, "slow": 20}, "market": "none"}
    _, early = answered(banks, asked(*question, "2023-12-29", **fields))
    (held,) = early["frozen_holdings"]
    assert (held["symbol"], held["reason"], held["last_traded"]) == ("HDFC", "NO_TRADE_SINCE", "2023-07-12")
    spec, run = answered(banks, asked(*question, "2026-04-30", **fields))
    (held,) = run["frozen_holdings"]
    assert (held["symbol"], held["reason"], held["since"]) == ("HDFC", "DELISTED", "2026-04-01")
    m = run["metrics"]
    assert m["frozen_value"] == held["value"] == held["quantity"] * held["last_price"] > 100_000
    assert m["frozen_share"] == m["frozen_value"] / m["final_equity"]
    assert m["final_equity_without_frozen"] == pytest.approx(m["final_equity"] - held["value"])
    assert run["warnings"][0].startswith("FROZEN: ") and "HDFC" in run["warnings"][0]
    assert "last traded 2023-07-12, DELISTED: not in the exchange's list of 2026-04-01" in run["warnings"][0]
    assert verified(banks, spec.run_id)["outcome"] == "identical"


@pytest.mark.integration
def test_pfizer_in_quarantine_is_not_sold_at_a_price_whose_shares_are_unknown(banks: Platform) -> None:
    # PFIZER closed at 1432.05 on 2013-12-04 and opened the day after at three quarters of it: a dividend of 360 rupees
    # that no list on file has. Bought in November, it is held; its exit has nobody to sell to from 2013-12-06 on
    _, run = answered(
        banks,
        asked(
            "sma_cross", ["PFIZER", "ITC"], "2013-08-01", "2014-06-30", params={"fast": 5, "slow": 20}, market="none"
        ),
    )
    (held,) = run["frozen_holdings"]
    assert (held["symbol"], held["reason"], held["since"]) == ("PFIZER", "QUARANTINED", "2013-12-05")
    assert held["last_traded"] == "2013-12-04" and held["exit_refused_at"] == "2013-12-06"
    (refused,) = [row for row in run["rejections"] if row["reason"] == "QUARANTINED"]
    assert (refused["at"], refused["until"], refused["symbol"]) == ("2013-12-06", "2014-06-30", "PFIZER")
    assert any(line == "1 order refused: QUARANTINED." for line in run["warnings"])
