"""What is asked of a backtest, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.engines.backtest import CostSpec
from app.engines.calendar import IST
from app.engines.policy import Policy
from app.exceptions import ValidationError


@dataclass(frozen=True)
class BacktestQuestion:
    """What a caller asks for, in plain values; `universe` is an index or symbols."""

    strategy_ids: tuple[str, ...]
    params: Mapping[str, Mapping[str, Any]]
    universe: str | tuple[str, ...]
    start: date
    end: date
    timeframe: str = "1d"
    initial_capital: float = 1_000_000.0
    sizing: str = "equity_per_member"
    sizing_value: float | None = None
    max_positions: int | None = None
    allocations: Mapping[str, float] | None = None
    product: str | None = None  # CNC, MIS or FUT; None: each strategy's own
    costs: CostSpec = field(default_factory=lambda: CostSpec("bps", 10.0))
    slippage_bps: float = 0.0
    impact_bps: float = 0.0
    volume_cap: float | None = None
    unfilled: str = "cancel"
    settle_next_session: bool = False
    fill_at: str = "next_open"
    market: str = "nse"  # or "none": the exchange's rules are switched off
    policy: Policy | None = None
    benchmark: str | None = None  # an index by any of its names; "none"; None: the universe's, else NIFTY 50
    cash_rates: tuple[tuple[date, float], ...] = ()
    seed: int = 0
    asof_members: bool = True
    strict_actions: bool = False  # an inferred action that became known after its ex-date is not used


def has_been(end: date, field: str = "end_date") -> None:
    """Refuse an end that lies ahead: each further session would make another run of it. Raises ValidationError."""
    today = datetime.now(UTC).astimezone(IST).date()
    if end > today:
        raise ValidationError(f"{field}: {end} lies ahead; expected a day up to {today}", field)
