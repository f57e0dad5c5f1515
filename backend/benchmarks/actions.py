"""What deciding on a corporate action costs: lists, a decision with the panel brought up to date, the adjusted view.

    SMARTTRADER_HOME=… python benchmarks/actions.py [SYMBOL]

It dismisses the newest open move of the real market and takes that back; the history of decisions keeps both.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from app.database import Market
from app.services.actions_view import DecisionRequest
from app.services.platform import Platform
from app.settings import get_settings

T = TypeVar("T")


def timed(what: str, work: Callable[[], T]) -> T:
    """Print how long a piece of work took."""
    began = time.perf_counter()
    result = work()
    print(f"{what:<40} {(time.perf_counter() - began) * 1000.0:10.1f} ms")
    return result


def main() -> None:
    """Measure on the database of the environment."""
    symbol = sys.argv[1] if len(sys.argv) > 1 else "RELIANCE"
    platform = Platform(get_settings())
    platform.prepare()
    platform.panels.refresh(Market.REAL)
    try:
        with platform.database.transaction(Market.REAL) as session:
            rows, counts = timed(
                "first page of open moves",
                lambda: platform.actions.page(
                    session, page=1, limit=50, status="QUARANTINED", symbol=None, sort="session", descending=True
                ),
            )
            print(counts)
            timed(f"all of {symbol}", lambda: platform.actions.of_stock(session, symbol))
            timed(
                f"total-return bars of {symbol}",
                lambda: platform.market.bars(
                    Market.REAL, session, symbol, start=None, end=None, adjust="total", limit=None
                ),
            )
        if rows:
            asked = DecisionRequest(rows[0]["instrument_key"], rows[0]["session"], "DISMISS", reason="benchmark")
            made = timed("decision, panel included", lambda: platform.actions.decide(Market.REAL, asked))
            timed("undo, panel included", lambda: platform.actions.undo(Market.REAL, made["id"]))
    finally:
        platform.close()


if __name__ == "__main__":
    main()
