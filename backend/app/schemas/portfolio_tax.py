"""Tax reports on the wire."""

from __future__ import annotations

from datetime import date as Day
from typing import Literal

from pydantic import BaseModel, Field

GainKindName = Literal["SHORT", "LONG", "SPECULATIVE", "UNKNOWN"]


class TaxSummary(BaseModel):
    """Gains and losses of a kind, before anything is set off."""

    kind: GainKindName
    sales: int
    gains: str
    losses: str
    net: str


class SetOffOut(BaseModel):
    """A loss against gains."""

    loss: GainKindName
    of_year: str
    against: GainKindName
    rate_percent: float | None
    amount: str


class TaxedOut(BaseModel):
    """What is left of a kind at a rate; `tax` null where the rate is that of the person's income."""

    kind: GainKindName
    rate_percent: float | None
    left: str
    exempt: str
    amount: str
    tax: str | None


class LossOut(BaseModel):
    """A loss of a year, and the last one in which it counts."""

    kind: GainKindName
    of_year: str
    amount: str
    until: str


class GainLine(BaseModel):
    """A sale of a part of a lot."""

    kind: GainKindName
    symbol: str
    company_name: str | None
    isin: str | None
    account: str
    quantity: int
    acquired: Day | None
    sold: Day
    proceeds: str
    cost: str = Field(description="Paid, before charges")
    cost_used: str = Field(description="Paid with its charges, or the grandfathered cost")
    expenses: str
    gain: str
    rate_percent: float | None
    fair_value: str | None = Field(description="Of the shares on 31 January 2018, where it was looked at")
    origin: str
    note: str | None


class HintOut(BaseModel):
    """Something to think about before the year ends."""

    kind: Literal["USE_EXEMPTION", "SET_OFF_LOSS", "WAIT"]
    symbol: str
    account: str
    quantity: int
    gain: str
    saves: str
    on: Day | None
    text: str


class RuleOut(BaseModel):
    """A rule that was used; `verified` when sources agree on it."""

    text: str
    verified: bool


class TaxReport(BaseModel):
    """A financial year of a portfolio: an estimate, not advice."""

    id: int
    name: str
    year: str
    years: list[str]
    notice: str
    notes: list[str] = Field(description="What the ledger lacks, so that its figures are wrong")
    summary: list[TaxSummary]
    set_off: list[SetOffOut]
    taxed: list[TaxedOut]
    exemption: str
    exemption_used: str
    brought_forward: list[LossOut]
    carried_forward: list[LossOut]
    lapsed: list[LossOut]
    dividends: str = Field(description="Received in the year; taxed as income, at a rate that is not known here")
    losses_given: list[LossOut] = Field(description="Of earlier years or other accounts, as they were asked with")
    tax: str = Field(description="On capital gains, before surcharge and cess")
    surcharge_percent: float
    surcharge: str
    cess: str
    total: str
    gains: list[GainLine]
    hints: list[HintOut]
    rules: list[RuleOut]
