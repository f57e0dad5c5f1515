"""Sweeps on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, Tag, ValidationInfo, field_validator

from app.schemas.common import IsoDate, PageMeta, StrictWire, kept_order, one_of
from app.schemas.jobs import JobOut
from app.schemas.strategies import BacktestRequest, Universe

MetricName = Literal[
    "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "exposure", "win_rate",
    "profit_factor", "turnover", "trades", "final_equity",
]  # fmt: skip


class Range(StrictWire):
    """Values from start to stop, both in it where the step leads there."""

    start: float
    stop: float
    step: float = Field(gt=0)


Values = Annotated[
    Annotated[list[float], Tag("(values)")] | Annotated[Range, Tag("(range)")],
    one_of(
        "a list of values, or start, stop and step",
        values=lambda value: isinstance(value, list),
        range=lambda value: isinstance(value, Range | dict),
    ),
]


class Period(StrictWire):
    """First and last session."""

    start_date: IsoDate
    end_date: IsoDate

    @field_validator("end_date")
    @classmethod
    def _in_order(cls, value: date, info: ValidationInfo) -> date:
        return kept_order(value, info.data.get("start_date"), "start_date")


class RandomSearch(StrictWire):
    """Combinations drawn without repetition instead of all of them."""

    draws: int = Field(ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0, le=2**32 - 1)


class SweepRequest(StrictWire):
    """A run of one strategy, and which of its parameters vary; `run.params` holds those that do not."""

    run: BacktestRequest
    grid: dict[str, Values] = Field(description="Values of each parameter that varies")
    universes: list[Universe] = Field(
        default_factory=list, max_length=200, description="Looked at one by one; none: that of the run"
    )
    periods: list[Period] = Field(
        default_factory=list, max_length=200, description="Each for every universe; none: that of the run"
    )
    random: RandomSearch | None = None


SweepState = Literal["QUEUED", "RUNNING", "FINISHED", "FAILED", "INTERRUPTED"]


class SweepSummary(BaseModel):
    """A sweep in a list."""

    sweep_id: str
    strategy_id: str
    universes: list[str]
    start_date: date
    end_date: date
    parameters: list[str] = Field(description="Those that vary")
    points: int
    done: int = Field(description="Points worked out so far")
    state: SweepState = Field(
        description="INTERRUPTED: nobody is at work on it; it can go on. FAILED: it never can, but be asked for again"
    )
    reason: str | None = Field(description="Why it failed, or was interrupted where that is known")
    job_id: UUID | None = Field(description="null of a sweep that a terminal began")
    created_at: datetime
    finished_at: datetime | None


class SweepBase(BaseModel):
    """One universe and period."""

    base: int
    universe: str
    start_date: date
    end_date: date
    data_root: str = Field(description="Identity of the bars and members that its points read")


class SkippedPoint(BaseModel):
    """A combination that is no point."""

    params: dict[str, float]
    reason: str = Field(description="The strategy's own")


class SweepOut(SweepSummary):
    """What was asked, and what of it is no point."""

    grid: dict[str, list[float]]
    fixed: dict[str, float]
    random: RandomSearch | None
    bases: list[SweepBase]
    skipped: list[SkippedPoint] = Field(description="The first hundred of those refused")
    refused: int
    metrics: list[MetricName]
    run: dict[str, Any] = Field(description="All that every point has in common")


class SweepAccepted(BaseModel):
    """A sweep and the job that works on it; null where it is finished already."""

    sweep: SweepOut
    job: JobOut | None


class SweepPage(BaseModel):
    """A page of sweeps, newest first."""

    data: list[SweepSummary]
    meta: PageMeta


class SweepPoint(BaseModel):
    """One point: why a measure is null stands in the run of it."""

    number: int
    base: int
    params: dict[str, float]
    metrics: dict[MetricName, float | int | None]
    failed: str | None = Field(description="Why the run of it stopped")


class SweepPoints(BaseModel):
    """A page of points."""

    data: list[SweepPoint]
    meta: PageMeta


class Axis(BaseModel):
    """A parameter and its values."""

    name: str
    values: list[float | None] = Field(description="null: there is no second parameter")


class HeatMap(BaseModel):
    """The median of a measure over the other parameters, by two of them; rows are y."""

    metric: MetricName
    x: Axis
    y: Axis
    median: list[list[float | None]]
    points: list[list[int]] = Field(description="Points of the cell that have a value")
    best: list[list[int | None]] = Field(description="Number of the point with the highest value")
    others: list[str]


class Bins(BaseModel):
    """Counts between edges."""

    edges: list[float]
    counts: list[int]


class PlacedPoint(SweepPoint):
    """A point among the others."""

    value: float | None
    around: float | None = Field(description="Median of it and its neighbours; null where it has none")
    percentile: float | None = Field(description="Share of the points that are no better")


class Landscape(BaseModel):
    """How a measure is spread over the points, and whether the best of them stands alone."""

    metric: MetricName
    points: int
    bins: Bins | None
    quantiles: dict[str, float] | None
    peak: PlacedPoint | None = Field(description="The highest")
    plateau: PlacedPoint | None = Field(description="The one with the highest median around it")
    chosen: PlacedPoint | None = Field(description="The one asked for, else the peak")
    reason: str | None = Field(description="Why something is null")


class Overfitting(BaseModel):
    """Probability of backtest overfitting, by combinatorially symmetric cross-validation."""

    probability: float | None = Field(
        description="Of the best in one half being no better than the median in the other"
    )
    mean_logit: float | None
    slope: float | None = Field(description="Of the line of out-of-sample ratios on in-sample ones")
    intercept: float | None
    loss: float | None = Field(description="Share of the halves in which the chosen one lost out of sample")
    combinations: int
    blocks: int
    logit_bins: Bins
    reason: str | None


class PredictiveAbility(BaseModel):
    """p-values of "no point earns anything": White's reality check, and Hansen's test."""

    reality_check: float | None
    consistent: float | None
    lower: float | None
    upper: float | None
    best: int | None = Field(description="The point with the highest mean")
    statistic: float | None
    resamples: int
    block: float
    seed: int
    reason: str | None


class BestPoint(SweepPoint):
    """The point with the highest Sharpe of those whose returns are kept."""

    significance: dict[str, Any] = Field(description="As of a run, with the trials counted until now")


class Doubt(BaseModel):
    """How much of the best point of many is the search."""

    points: int
    configurations: int = Field(description="Points whose returns the figures rest on")
    left_out: int = Field(description="Points kept whose account was lost, or that failed")
    sessions: int
    pbo: Overfitting | None
    spa: PredictiveAbility | None
    reason: str | None


class BaseDoubt(Doubt):
    """The doubt about one universe and period."""

    base: int
    best: BestPoint | None


class SweepDoubt(BaseModel):
    """The doubt about a sweep."""

    finished: bool
    kept_every: int | None = Field(default=None, description="The returns of every so manieth point are kept")
    bases: list[BaseDoubt]
    reason: str | None
