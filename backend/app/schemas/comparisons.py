"""Runs side by side, on the wire."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, Field


class ComparedRun(BaseModel):
    """One of the runs compared."""

    run_id: str
    strategy_ids: list[str]
    start_date: date
    end_date: date
    sessions: int = Field(description="Bars measured in the run, those outside the shared window included")


class DifferingInput(BaseModel):
    """An input that is not the same in all runs."""

    input: str = Field(
        description="Where it stands in the specification, as books.1.params.fast; warm_up: bars before the start"
    )
    values: list[Any] = Field(description="One a run; null where a run has no such input")
    changed: str | None = Field(
        description="Of hashes of content: what changed between runs that read the same, in words; null else"
    )


class MeasureDifference(BaseModel):
    """A figure less that of the first run."""

    value: float | None
    low: float | None = Field(description="Of the interval; null with a reason")
    high: float | None
    reason: str | None


class ComparedMeasure(BaseModel):
    """A figure of every run, over the sessions they share."""

    name: str
    values: list[float | None] = Field(description="One a run")
    reasons: list[str | None]
    differences: list[MeasureDifference] = Field(description="One for each run after the first")


class ComparisonMethod(BaseModel):
    """How the intervals were found: whole sessions drawn again in blocks, the same ones for every run."""

    resamples: int
    confidence: float
    block: float | None = Field(description="Expected sessions in a block; null where nothing was drawn")
    seed: int
    reason: str | None = Field(description="Why there are no intervals")


class ComparisonOut(BaseModel):
    """Two to six runs on the sessions they share; everything is measured there alone."""

    runs: list[ComparedRun]
    start_date: date = Field(description="First session they share")
    end_date: date
    inputs: list[DifferingInput]
    measures: list[ComparedMeasure]
    correlation: list[list[float | None]] = Field(description="Of the daily returns; null where one does not vary")
    days: list[date]
    growth: list[list[float]] = Field(description="By run: equity over that of the first shared session")
    drawdown: list[list[float]] = Field(description="By run: from the running peak of the shared sessions")
    method: ComparisonMethod
