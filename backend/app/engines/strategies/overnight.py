"""The overnight effect: bought at the close, sold at the next open. Kept to show what charges do to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from app.engines.strategies.base import EventStrategy, Params, ProductName, param


@dataclass(frozen=True)
class OvernightParams(Params):
    """Which nights, and in what."""

    every_night: int = param(
        0,
        minimum=0,
        maximum=1,
        description="1: bought again on the day of the sale, charged as intraday",
        unit="0 or 1",
    )
    futures: int = param(0, minimum=0, maximum=1, description="1: in futures instead of delivery", unit="0 or 1")


class Overnight(EventStrategy[OvernightParams]):
    """Holds members over night, and nothing by day."""

    id = "overnight"
    display_name = "Overnight effect"
    description = (
        "Buys every member that trades at a close, and sells it at the next open. A share that was sold at an open is "
        "bought again at the close of the session after it, so that each leg is delivered and charged as that: a share "
        "bought back on the day of its sale is netted by the contract note, which charges both as intraday; so it is "
        "with every_night. The order is given the evening before and filled at the official close: since 3 August 2026 "
        "the price of the closing auction, before that the average of the last half hour, which no single order gets. "
        "With the parameter futures the cash series stands in for futures: PROXY."
    )
    hypothesis = "Most of what shares earn above bills, they earn while the exchange is closed."
    when_it_loses = (
        "In cash: the charges of a delivered purchase and sale are above what a night brings: it is the test of a "
        "cost model. In futures in clusters of gaps down, when bad news comes at night."
    )
    citation = "Cooper, M., Cliff, M. & Gulen, H. (2008), Return Differences between Trading and Non-Trading Hours."
    regime = "ANY MARKET"
    bars = "daily"
    params_type = OvernightParams

    def product_of(self, params: OvernightParams) -> ProductName:
        return "FUT" if params.futures else "CNC"

    def warm_up(self, params: OvernightParams) -> int:
        return 0

    def on_bar(self, context: Any) -> None:
        closes, every_night = context.panel(1)[0].tolist(), context.params.every_night
        for n, held in enumerate(context.positions):
            if held:
                context.exit(n)
            if not math.isnan(closes[n]) and (every_night or not held):
                context.buy(n, at="close")
