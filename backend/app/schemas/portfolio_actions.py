"""Corporate actions of a portfolio's shares on the wire."""

from __future__ import annotations

from datetime import date as Day
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.schemas.common import Id, StrictWire
from app.schemas.portfolios import Percent, Price, Rupees, Shares, Symbol, Version

ActionId = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class HoldingSide(BaseModel):
    """A holding of the share, all lots together."""

    quantity: int
    cost: str
    average: str | None


class PortfolioActionOut(BaseModel):
    """An action that waits: what the holding is into the ex-date, and what it would be."""

    id: str
    kind: Literal["SPLIT", "BONUS", "SPLIT_OR_BONUS", "RIGHTS", "DEMERGER", "DIVIDEND"]
    ex_date: Day
    symbol: str
    company_name: str | None
    purpose: str
    tier: str = Field(description="LISTED: a source says so; INFERRED from prices; ACCEPTED by a person")
    ratio: str | None = Field(description="SPLIT new:old, BONUS more:held")
    amount: str | None = Field(description="Rupees a share of a dividend")
    pays: str | None = Field(description="Rupees of the dividend for the holding, before tax withheld")
    needs: list[str] = Field(description="What a person has to say; empty: it can be applied as it stands")
    before: HoldingSide
    after: HoldingSide | None


class RenameOut(BaseModel):
    """A new symbol; the ledger needs no line for it."""

    date: Day
    from_symbol: str
    to_symbol: str


class ActionsOut(BaseModel):
    """Actions of the shares a portfolio holds or held that its ledger has no line for."""

    version: int
    actions: list[PortfolioActionOut]
    dismissed: list[PortfolioActionOut]
    renames: list[RenameOut]


class ActionAnswer(StrictWire):
    """An action to apply, with what it needs."""

    id: ActionId
    kind: Literal["SPLIT", "BONUS"] | None = None
    ratio: str | None = Field(default=None, max_length=20)
    target_symbol: Symbol | None = None
    cost_percent: Percent | None = None
    quantity: Shares | None = None
    price: Price | None = None
    amount: Rupees | None = None


class ApplyRequest(StrictWire):
    """The actions to apply; without a list, all that need no answer."""

    actions: list[ActionAnswer] | None = Field(default=None, max_length=1000)
    version: Version | None = None


class UndoRequest(StrictWire):
    """The lines to take out again."""

    transaction_ids: list[Id] = Field(min_length=1, max_length=1000)
    version: Version | None = None


class DismissRequest(StrictWire):
    """Actions that do not concern the portfolio; or, with `dismissed` false, that do after all."""

    ids: list[ActionId] = Field(min_length=1, max_length=1000)
    dismissed: bool = True
    version: Version | None = None


class AppliedOut(BaseModel):
    """What was entered into the ledger."""

    transaction_ids: list[int]
    version: int


class VersionOut(BaseModel):
    """The portfolio's version now."""

    version: int
