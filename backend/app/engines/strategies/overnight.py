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
        description="0: every other night, so that each leg is delivered and charged as that; 1: every night",
        unit="0 or 1",
    )
    futures: int = param(0, minimum=0, maximum=1, description="1: in futures instead of delivery", unit="0 or 1")


class Overnight(EventStrategy[OvernightParams]):
    """Holds members over night, and nothing by day."""

    id = "overnight"
    display_name = "Overnight effect"
    description = (
        "Buys every member that trades at a close, sells it at the next open, and buys it again at the close of the "
        "session after, so that each leg is delivered and charged as that. With every_night at 1 it buys back at the "
        "close of the day of the sale; the contract note nets the two and charges both as intraday. The order is given "
        "the evening before and filled at the official close: since 3 August "
        "2026 the price of the closing auction, before that the average of the last half hour, which no single order "
        "gets. With the parameter futures the cash series stands in for futures: PROXY."
    )
    hypothesis = "Most of what shares earn above bills, they earn while the exchange is closed."
    when_it_loses = (
        "In cash: the charges of a delivered purchase and sale, 0.22 % together, are above what a night brings: it is "
        "the test of a cost model. Netted by the contract note, every night costs a fraction of that; what it shows "
        "then rests on the official close, which no single order gets. In futures in clusters of gaps down, when bad "
        "news comes at night."
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
