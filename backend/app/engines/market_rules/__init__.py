"""The exchange's market rules by date: tables of facts with their sources, and arrays of them over a slice of bars."""

from app.engines.market_rules.arrays import (
    Bands,
    BandState,
    KnownBand,
    band_limits,
    price_bands,
    square_off,
    tick_sizes,
    trade_for_trade,
)
from app.engines.market_rules.rules import Evidence, MarketRules, market_rules, rules_version
from app.engines.market_rules.tables import (
    breaker_halt,
    breaker_levels,
    index_lot,
    may_short,
    operating_range,
    settlement_sessions,
    square_off_time,
)

__all__ = [
    "BandState",
    "Bands",
    "Evidence",
    "KnownBand",
    "MarketRules",
    "band_limits",
    "breaker_halt",
    "breaker_levels",
    "index_lot",
    "market_rules",
    "may_short",
    "operating_range",
    "price_bands",
    "rules_version",
    "settlement_sessions",
    "square_off",
    "square_off_time",
    "tick_sizes",
    "trade_for_trade",
]
