"""Questions about a portfolio's risk on the wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from app.schemas.common import Exact, IsoDate, StrictWire
from app.services.portfolios.held import LONGEST

Lookback = Annotated[int, Field(ge=20, le=LONGEST, description="Sessions to look back")]
BenchmarkName = Annotated[str, Field(min_length=1, max_length=60, description="An index id, such as NIFTY50")]


class AnalyzeRequest(StrictWire):
    """Over how many sessions, beside which index, at the end of which day (now, where none is given)."""

    lookback_days: Lookback = 252
    benchmark: BenchmarkName | None = Field(
        default=None, description="NIFTY50; in a market that has it not, the index with the longest series"
    )
    asof: IsoDate | None = None


Fraction = Annotated[float, Field(ge=0, le=1)]
Fall = Annotated[float, Field(ge=-1, le=1, description="A fraction: -0.2 is a fall of 20 %")]
Symbols = Annotated[list[str], Field(max_length=5000)]
Method = Literal[
    "minimum_variance", "risk_parity", "hierarchical_risk_parity", "minimum_cvar", "maximum_diversification"
]
ALL_METHODS: list[Method] = [
    "minimum_variance", "risk_parity", "hierarchical_risk_parity", "minimum_cvar", "maximum_diversification",
]  # fmt: skip


class ShockIn(StrictWire):
    """A fall of the market, of sectors (in place of beta × market) or of factors."""

    name: str = Field(min_length=1, max_length=100)
    market: Fall = 0.0
    sectors: dict[str, Fall] = Field(default={}, max_length=100)
    factors: dict[str, Fall] = Field(default={}, max_length=20)


class CircuitIn(StrictWire):
    """Shares that close at their lower circuit; without symbols the largest holding."""

    symbols: Symbols = Field(default=[])
    sessions: int = Field(default=5, ge=1, le=60)
    band: float = Field(default=0.2, ge=0.02, le=0.2, description="0.02, 0.05, 0.1 or 0.2, as the exchange sets")


class StressRequest(AnalyzeRequest):
    """Shocks beside those of 10 and 20 %, lower circuits, and how far and how often the future is drawn."""

    shocks: list[ShockIn] = Field(default=[], max_length=20)
    circuit: CircuitIn = CircuitIn()
    horizon: int = Field(default=126, ge=1, le=1260, description="Sessions ahead; at most as many as looked back")
    paths: int = Field(default=2000, ge=100, le=10_000)
    seed: int = Field(default=0, ge=0, le=2_147_483_647)


class ImproveRequest(AnalyzeRequest):
    """Methods, limits as fractions of the portfolio, and how they are judged."""

    lookback_days: Lookback = 756
    methods: list[Method] = Field(default=ALL_METHODS, min_length=1, max_length=5)
    max_weight: Fraction | None = None
    max_sector: Fraction | None = None
    sector_limits: dict[str, Fraction] = Field(default={}, max_length=100)
    turnover: Fraction | None = Field(default=None, description="Of the portfolio that may be bought, and sold")
    keep: Symbols = Field(default=[], description="Shares whose weight may not fall below today's")
    estimate_sessions: int = Field(default=252, ge=60, le=2520)
    rebalance_every: int = Field(default=63, ge=5, le=252)
    plan: str = Field(default="zerodha", max_length=30, description="Whose charges are paid")


class RebalanceRequest(ImproveRequest):
    """Weights by symbol, or a method that gives them; `cash` in rupees to put in, or below zero to take out."""

    methods: list[Method] = Field(default=["minimum_variance"], min_length=1, max_length=1)
    weights: dict[str, Fraction] | None = Field(default=None, max_length=5000)
    cash: Annotated[Decimal, Exact] = Field(default=Decimal(0), ge=-(10**13), le=10**13)
