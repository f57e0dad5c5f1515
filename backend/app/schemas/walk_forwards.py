"""Walk-forwards on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.common import PageMeta, StrictWire
from app.schemas.jobs import JobOut
from app.schemas.strategies import BacktestRequest, Benchmark
from app.schemas.sweeps import Doubt, RandomSearch, Values

Chooser = Literal[
    "sharpe", "sortino", "calmar", "cagr", "total_return", "max_drawdown", "profit_factor", "win_rate"
]  # fmt: skip


class WalkForwardRequest(StrictWire):
    """A run of one strategy, which of its parameters are chosen anew in each window, and the windows."""

    run: BacktestRequest
    grid: dict[str, Values] = Field(description="Values of each parameter that varies")
    random: RandomSearch | None = None
    metric: Chooser = Field(default="sharpe", description="The highest in training is chosen")
    mode: Literal["rolling", "anchored"] = "rolling"
    train: int = Field(default=504, ge=1, le=10_000, description="Sessions of training, at least where anchored")
    test: int = Field(default=126, ge=1, le=10_000, description="Sessions of each test")
    purge: int = Field(
        default=0, ge=0, le=1_000, description="Sessions left out before each test: positions may be held"
    )
    embargo: int = Field(default=0, ge=0, le=1_000, description="Further sessions left out there")


class WalkForwardAccepted(BaseModel):
    """The id of a walk-forward and the job that works on it; null where it is stored already."""

    walk_forward_id: str
    job: JobOut | None


class WalkForwardSummary(BaseModel):
    """A walk-forward in a list."""

    walk_forward_id: str
    strategy_id: str
    universe: str
    start_date: date
    end_date: date
    mode: Literal["rolling", "anchored"]
    train: int
    test: int
    metric: Chooser
    parameters: list[str]
    metrics: dict[str, Any] = Field(description="Of the stitched curve")
    created_at: datetime


class WalkForwardPage(BaseModel):
    """A page of walk-forwards, newest first."""

    data: list[WalkForwardSummary]
    meta: PageMeta


class WalkWindow(BaseModel):
    """What was chosen on a training window, and what came of it."""

    train_start: date
    train_end: date
    test_start: date
    test_end: date
    sessions: int
    params: dict[str, float] | None = Field(description="null: no point had a value; the account waited")
    points: int
    trained: float | None = Field(description="The metric in training")
    trained_cagr: float | None
    tested: float | None = Field(description="The same in the test")
    tested_cagr: float | None
    tested_return: float | None
    trades: int
    frozen_share: float | None = Field(
        None, description="Of the account at its end that could not be sold any more; null of an older one, too"
    )


class ParameterStability(BaseModel):
    """How often each value of a parameter was chosen."""

    values: list[float]
    chosen: list[int]
    most_often: float
    share: float = Field(description="Of the windows that chose it")
    mean_step: float | None = Field(description="Steps of the grid from one window to the next, on average")
    at_edge: float | None = Field(description="Share of the choices at an end of the grid: it may be too narrow")


class Stability(BaseModel):
    """How much the choice moves."""

    windows: int
    without_choice: int
    changes: int
    parameters: dict[str, ParameterStability]


class Stressed(BaseModel):
    """The stitched account with costs so many times as high."""

    factor: int
    metrics: dict[str, Any] | None
    reason: str | None


class Spread(BaseModel):
    """What the sessions give when they are drawn again in blocks: intervals, and a cone of the account."""

    intervals: dict[str, list[float]]
    quantiles: list[float]
    cone: list[list[float]] = Field(description="Rupees at each session, a row a quantile; the first is the beginning")
    block: float
    resamples: int
    confidence: float
    seed: int


class Variants(Doubt):
    """All points over the tested sessions as if each had been fixed from the beginning.

    How far the best is luck is asked of points that are held right through; what the walk is held against begins each
    test in cash, as it does.
    """

    restarted: bool = Field(False, description="false, of an older one: it was held against points held right through")
    compared: int | None = Field(None, description="Points that have a Sharpe so; null of an older one")
    not_compared: int | None = Field(None, description="Points kept that have none: lost in a test, or without a trade")
    sharpe_median: float | None
    sharpe_best: float | None
    share_below: float | None = Field(description="Share of them whose Sharpe is no better than walking forward's")


class WalkForwardOut(WalkForwardSummary):
    """A stored walk-forward; `significance` and `track_record` are as of now."""

    digest: str
    spec: dict[str, Any]
    sessions: list[date]
    equity: list[float]
    reasons: dict[str, str]
    benchmarks: list[Benchmark] = Field(
        description="Beside the curve, from the close before the first test on; empty of an older one"
    )
    windows: list[WalkWindow]
    stability: Stability
    efficiency: float | None = Field(
        description="Growth a year of the tests together over that of the choices in training"
    )
    stress: list[Stressed]
    luck: Spread | str = Field(description="A text says why there is none")
    variants: Variants
    warnings: list[str] = Field([], description="What makes the curve better than it was; empty of an older one, too")
    words: list[str]
    significance: dict[str, Any]
    track_record: str


class WalkForwardVerified(BaseModel):
    """What working it out again gave."""

    walk_forward_id: str
    outcome: Literal["identical", "differs", "inputs_changed"]
    changed: list[str]
    note: str | None
    digest: str
