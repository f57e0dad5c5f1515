"""Portfolios of stocks on the wire. Ledger money is a decimal string, market prices and percentages are numbers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, Field, StringConstraints, model_validator

from app.schemas.common import Exact, Id, IsoDate, PageMeta, StrictWire

Day = IsoDate  # where a field is called date
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Symbol = Annotated[str, StringConstraints(min_length=1, max_length=60)]
# as many decimals as a ledger keeps: more would be rounded without a word
Rupees = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 13, decimal_places=4), Exact]
Price = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 13, decimal_places=8), Exact]
Percent = Annotated[Decimal, Field(ge=0, lt=100, decimal_places=4), Exact]
Shares = Annotated[int, Field(ge=1, le=2_000_000_000)]
Version = Annotated[int, Field(ge=1, description="The version that was read; another one now answers 409")]

KindName = Literal[
    "OPENING", "BUY", "SELL", "RIGHTS", "SPLIT", "BONUS", "DEMERGER", "MERGER", "DIVIDEND", "CHARGES", "DEPOSIT",
    "WITHDRAWAL",
]  # fmt: skip
_PAISA = Decimal("0.01")
_EXACT = Decimal("0.00000001")


class PositionIn(StrictWire):
    """Shares held when the portfolio begins: `quantity` and `entry_price`, or `invested_value` with either of them."""

    symbol: Symbol
    quantity: Shares | None = None
    entry_price: Price | None = Field(
        default=None, validation_alias=AliasChoices("entry_price", "avg_buy_price"), description="Rupees a share"
    )
    invested_value: Price | None = Field(default=None, description="Rupees for all of them")
    entry_date: IsoDate | None = Field(default=None, description="The day they were bought, where it is known")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        quantity, price, invested = self.quantity, self.entry_price, self.invested_value
        if quantity is None and (price is None or invested is None):
            raise ValueError("give quantity with entry_price or invested_value, or entry_price with invested_value")
        if price is None and invested is None:
            raise ValueError("entry_price: expected rupees a share, or invested_value for all of them")
        if quantity is None:
            assert price is not None and invested is not None
            if price == 0:
                raise ValueError("entry_price: 0 says nothing of how many shares there are; give quantity")
            nearest = int((invested / price).to_integral_value())
            if nearest < 1 or abs(nearest * price - invested) > _PAISA * nearest:
                raise ValueError(
                    f"invested_value: {invested} at {price} a share is {invested / price:.4f} shares; "
                    "expected a whole number: give quantity"
                )
            self.quantity = nearest
        elif price is None:
            assert invested is not None
            self.entry_price = (invested / quantity).quantize(_EXACT)
        elif invested is not None and abs(quantity * price - invested) > _PAISA * quantity:
            raise ValueError(f"invested_value: {quantity} at {price} are {quantity * price}, not {invested}")
        return self


class PortfolioCreate(StrictWire):
    """A new portfolio; positions are shorthand for the lots its ledger opens with."""

    name: Name = Field(validation_alias=AliasChoices("name", "portfolio_name"))
    description: str | None = Field(default=None, max_length=2000)
    client: str | None = Field(default=None, max_length=200, description="Whose it is, where a desk keeps many")
    positions: list[PositionIn] = Field(default=[], max_length=5000)


class PortfolioEdit(StrictWire):
    """What a portfolio is called, says and belongs to; fields left out stay."""

    version: Version
    name: Name | None = None
    description: str | None = Field(default=None, max_length=2000)
    client: str | None = Field(default=None, max_length=200)


class DuplicateRequest(StrictWire):
    """The name of the copy."""

    name: Name


class MergeRequest(StrictWire):
    """Portfolios whose ledgers come into this one; they are deleted and can be restored."""

    portfolio_ids: list[Id] = Field(min_length=1, max_length=100)
    version: Version | None = None


class HoldingOut(BaseModel):
    """Shares at their last price. `instrument` stays the same through renamings."""

    instrument: str
    symbol: str
    company_name: str | None
    sector: str | None
    isin: str | None
    quantity: int
    entry_price: str = Field(description="Average cost a share, before charges")
    invested_value: str
    ltp: float | None = Field(description="Last close as traded; null where none is stored")
    priced_on: date | None
    stale: bool = Field(description="The last price is not of the market's last session")
    market_value: str | None
    unrealised_pnl: str | None = Field(description="Market value − invested value, before charges")
    unrealised_pnl_pct: float | None
    day_change: str | None = Field(description="Against the close before, in shares as they are counted now")
    day_change_pct: float | None
    allocation_pct: float | None = Field(description="Of the market value of all priced positions")


class PositionOut(HoldingOut):
    """A share that a portfolio holds, with its past in it."""

    lots: int
    held_since: date | None = Field(description="Of the oldest lot; null where a lot's day is unknown")
    realised_pnl: str = Field(description="Of shares sold, before charges")
    income: str
    charges: str


class ClosedOut(BaseModel):
    """A share that was held and is not any more."""

    instrument: str
    symbol: str
    company_name: str | None
    realised_pnl: str
    income: str
    charges: str


class PortfolioOut(BaseModel):
    """A portfolio with its positions. Total profit is unrealised + realised + income − charges."""

    id: int
    name: str
    description: str | None
    client: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    asof: date | None
    priced_on: date | None = Field(description="The market's last session up to asof")
    num_positions: int
    unpriced: int = Field(description="Positions without any price; they are in invested, not in market_value")
    invested: str
    market_value: str | None
    unrealised_pnl: str | None
    unrealised_pnl_pct: float | None
    day_change: str | None
    day_change_pct: float | None
    realised_pnl: str
    income: str
    charges: str
    cash: str | None = Field(description="Null unless deposits or withdrawals are entered")
    positions: list[PositionOut]
    closed: list[ClosedOut]
    notes: list[str]


class MergedOut(PortfolioOut):
    """The portfolio after a merge."""

    skipped_duplicates: int = Field(description="Transactions both knew by the same id")


class PortfolioRow(BaseModel):
    """A portfolio in the list."""

    id: int
    name: str
    description: str | None
    client: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    num_positions: int
    unpriced: int
    invested: str
    market_value: str | None
    day_change: str | None
    day_change_pct: float | None
    unrealised_pnl: str | None
    spark: list[float] | None = Field(description="Worth of the shares held now, by session; null unless asked for")


class PortfolioPage(BaseModel):
    """A page of portfolios."""

    data: list[PortfolioRow]
    meta: PageMeta


class DeletedRow(BaseModel):
    """A portfolio that can be restored."""

    id: int
    name: str
    deleted_at: datetime
    kept_until: datetime


class ClientRow(BaseModel):
    """A client's portfolios together; null is those that belong to none."""

    client: str | None
    portfolios: int
    unpriced: int
    invested: str | None
    market_value: str | None
    day_change: str | None
    unrealised_pnl: str | None


class HolderOut(BaseModel):
    """A portfolio that holds a share."""

    id: int
    name: str
    quantity: int


class CombinedPosition(HoldingOut):
    """A share that several portfolios may hold."""

    portfolios: list[HolderOut]


class CombinedOut(BaseModel):
    """What portfolios hold together, at the last prices."""

    client: str | None = Field(description="Whose; null is everybody's")
    portfolios: int
    priced_on: date | None
    num_positions: int
    unpriced: int
    invested: str
    market_value: str | None
    unrealised_pnl: str | None
    unrealised_pnl_pct: float | None
    day_change: str | None
    day_change_pct: float | None
    positions: list[CombinedPosition]


class TransactionIn(StrictWire):
    """A line of the ledger. Which fields a kind takes is in its sentence.

    OPENING, BUY, SELL, RIGHTS: symbol, quantity, price, charges, stt (OPENING also acquired). SPLIT: symbol and ratio
    new:old. BONUS: ratio more:held. DEMERGER, MERGER: target_symbol, ratio of its shares for those held, and of a
    demerger cost_percent. DIVIDEND: symbol and amount. CHARGES, DEPOSIT, WITHDRAWAL: amount.
    """

    kind: KindName
    date: Day
    symbol: Symbol | None = Field(default=None, description="As of the date; or an ISIN")
    account: str | None = Field(default=None, max_length=60, description="Lots are matched within an account")
    quantity: Shares | None = None
    price: Price | None = Field(default=None, description="Rupees a share before charges")
    charges: Rupees | None = Field(default=None, description="All but the securities transaction tax")
    stt: Rupees | None = Field(default=None, description="Securities transaction tax")
    amount: Rupees | None = None
    ratio: str | None = Field(default=None, max_length=20, examples=["2:1"])
    target_symbol: Symbol | None = None
    cost_percent: Percent | None = Field(default=None, description="Of the cost, to the new share")
    acquired: Day | None = Field(default=None, description="The day the shares of an OPENING were bought")
    note: str | None = Field(default=None, max_length=2000)


class TransactionsRequest(StrictWire):
    """Transactions to enter, all or none."""

    transactions: list[TransactionIn] = Field(min_length=1, max_length=5000)
    version: Version | None = None


class TransactionEdit(StrictWire):
    """What a transaction becomes."""

    transaction: TransactionIn
    version: Version


class TransactionOut(BaseModel):
    """A line of the ledger; symbols as of its day."""

    id: int
    kind: KindName
    date: Day
    symbol: str | None
    account: str
    quantity: int | None
    price: str | None
    value: str | None = Field(description="Quantity × price, or the amount")
    charges: str
    stt: str
    amount: str | None
    ratio: str | None
    target_symbol: str | None
    cost_percent: float | None
    acquired: Day | None
    note: str | None
    source: str
    external_id: str | None
    created_at: datetime


class TransactionPage(BaseModel):
    """A page of a ledger."""

    data: list[TransactionOut]
    meta: PageMeta


class TransactionsOut(BaseModel):
    """What was entered, and the portfolio's version now."""

    transactions: list[TransactionOut]
    version: int


class TransactionChanged(BaseModel):
    """A changed transaction, and the portfolio's version now."""

    transaction: TransactionOut
    version: int
