"""Questions about a portfolio's risk on the wire."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from app.schemas.common import Wire
from app.services.portfolios.held import LONGEST

Lookback = Annotated[int, Field(ge=20, le=LONGEST, description="Sessions to look back")]
BenchmarkName = Annotated[str, Field(min_length=1, max_length=60, description="An index id, such as NIFTY50")]


class AnalyzeRequest(Wire):
    """Over how many sessions, beside which index, at the end of which day (now, where none is given)."""

    lookback_days: Lookback = 252
    benchmark: BenchmarkName | None = Field(
        default=None, description="NIFTY50; in a market that has it not, the index with the longest series"
    )
    asof: date | None = None
