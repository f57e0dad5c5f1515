"""Corporate actions and what people decide about them on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from app.schemas.common import IsoDate, PageMeta, StrictWire

ActionStatus = Literal["QUARANTINED", "INFERRED", "LISTED", "ACCEPTED", "DISMISSED"]
Decision = Literal["ACCEPT", "CORRECT", "DISMISS"]
ActionKind = Literal["SPLIT", "BONUS", "BONUS+SPLIT", "CONSOLIDATION", "RIGHTS", "DEMERGER", "OTHER"]


class StandingDecision(BaseModel):
    """The decision that stands on an entry."""

    id: int
    decision: Decision
    reason: str | None
    decided_by: str
    decided_at: datetime


class ActionOut(BaseModel):
    """A factor in use, a move nothing explains, or one that was dismissed."""

    instrument_key: str
    symbol: str = Field(description="The symbol it has now")
    symbol_then: str = Field(description="The symbol it had on the session")
    session: date = Field(description="Ex-date, or the session of the move")
    status: ActionStatus
    factor: float | None = Field(description="Shares after for each one before; null where none is in use")
    proposed_factor: float | None = Field(description="What could explain an open move; null: nothing does")
    previous_close: float | None
    open: float | None
    close: float | None
    ratio: float | None = Field(description="Close over previous close of an open move")
    purpose: str | None
    known_at: date | None
    evidence: dict[str, Any]
    decision: StandingDecision | None


class ActionPage(BaseModel):
    """A page of entries."""

    data: list[ActionOut]
    meta: PageMeta
    statuses: dict[str, int] = Field(description="Number of entries by status over the filtered list")


class DecisionRequest(StrictWire):
    """What a person decides about a session of an instrument. Name it by a symbol of any time, or by its key."""

    symbol: str | None = Field(default=None, min_length=1, max_length=40)
    instrument_key: str | None = Field(default=None, min_length=1, max_length=40)
    session: IsoDate
    decision: Decision
    factor: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Shares after for each one before; ACCEPT takes what is "
        "proposed where none is given",
    )  # fmt: skip
    kind: ActionKind | None = Field(default=None, description="What the action is, of ACCEPT and CORRECT")
    reason: str | None = Field(default=None, max_length=2000)

    @field_validator("decision", "kind", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named_once(self) -> DecisionRequest:
        if (self.symbol is None) == (self.instrument_key is None):
            raise ValueError("give either symbol or instrument_key")
        return self


class DecisionOut(BaseModel):
    """A decision; `undone_at` is null while it stands. `previous` is what it replaced."""

    id: int
    instrument_key: str
    symbol: str
    session: IsoDate
    decision: Decision
    factor: float | None
    kind: ActionKind | None = Field(description="What the person says it is; null where that is not said")
    reason: str | None
    previous: dict[str, Any]
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None


class DecisionPage(BaseModel):
    """A page of decisions, newest first."""

    data: list[DecisionOut]
    meta: PageMeta


class DatedName(BaseModel):
    """A symbol and the days it was in use; `last` is null while it is."""

    symbol: str
    first: date
    last: date | None


class DividendOut(BaseModel):
    """Rupees a share held into an ex-date, as of that date; `evidence` has what every source says."""

    ex_date: date
    amount: float | None
    source: str
    disagrees: bool
    evidence: list[dict[str, Any]]


class SourceLine(BaseModel):
    """A line of a source."""

    ex_date: date
    kind: str
    factor: float | None
    amount: float | None
    purpose: str
    source: str
    file: str
    line: int


class StockActions(BaseModel):
    """All that is known of one stock's actions through every name it had."""

    symbol: str
    name: str | None
    instrument_key: str
    names: list[DatedName]
    actions: list[ActionOut]
    dividends: list[DividendOut]
    sources: list[SourceLine]
    decisions: list[DecisionOut]
    notices: list[str] = Field(description="What no list tells of the stock's time")
