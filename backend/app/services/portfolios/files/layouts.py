"""What the columns of a broker's file are called, and what one of its rows means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Day
from decimal import Decimal
from typing import Any

from app.engines.ledger.entries import MOST_MONEY
from app.services.portfolios.files.reading import Cell, Row
from app.services.portfolios.files.values import CellError, day, number, shares, side

Cells = Mapping[str, Cell]


class Skipped(Exception):
    """A row that says nothing about the ledger, and why."""


@dataclass(slots=True)
class Line:
    """A transaction as a file tells it, before its share is looked up."""

    kind: str
    date: Day
    symbol: str
    isin: str | None
    quantity: int
    price: Decimal
    charges: Decimal = Decimal(0)
    stt: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    name: str | None = None  # of the company, where there is no symbol
    trade_id: str | None = None
    acquired: Day | None = None
    rounded: list[str] = field(default_factory=list)  # what the file tells with more decimals than a ledger keeps

    def __post_init__(self) -> None:
        for name, step in _STEPS.items():
            told: Decimal = getattr(self, name)
            if abs(told) > MOST_MONEY:
                raise CellError(f"{name}: {told} is more than {MOST_MONEY}")
            kept = told.quantize(step)
            if kept != told:
                self.rounded.append(f"{name} {told} is kept as {kept.normalize():f}")
                setattr(self, name, kept)


_STEPS = {"price": Decimal("0.00000001"), "charges": Decimal("0.0001"), "stt": Decimal("0.0001")}


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of file.

    Attributes
    ----------
    columns : field → what its header can be called, normalised
    needed : fields without which it is not this file
    read : a row's cells by field, and the day a holding is told of, as lines
    holdings : it tells what is held, not what was done
    """

    id: str
    title: str
    columns: Mapping[str, Sequence[str]]
    needed: Sequence[str]
    read: Callable[[Cells, Day], list[Line]]
    holdings: bool = False
    exact: bool = True  # recognised by itself; else only where none of the others is


@dataclass(slots=True)
class Table:
    """A file whose header was found: where each field's column is, and the rows under it."""

    layout: Layout
    header: Row
    at: dict[str, int]
    rows: list[Row] = field(default_factory=list)

    def cells(self, row: Row) -> dict[str, Cell]:
        """The cells of a row by field; empty where it is too short."""
        return {name: row.cells[n] if n < len(row.cells) else "" for name, n in self.at.items()}


def normalised(header: Cell) -> str:
    """A header without case, dots and underscores."""
    return " ".join(str(header).lower().replace("_", " ").replace(".", " ").replace("*", " ").split())


def _text(cells: Cells, name: str) -> str:
    return str(cells.get(name, "")).strip()


def _maybe(cells: Cells, name: str, default: Decimal = Decimal(0)) -> Decimal:
    return number(cells[name]) if _text(cells, name) else default


def _need(cells: Cells, name: str) -> Cell:
    if not _text(cells, name):
        raise CellError(f"{name}: the cell is empty")
    return cells[name]


def _price(cells: Cells, quantity: int) -> Decimal:
    """Rupees a share; worked out where the file tells the value of all of them alone."""
    if _text(cells, "price"):
        return number(_need(cells, "price"))
    value = number(_need(cells, "value"))
    if abs(value) > MOST_MONEY:
        raise CellError(f"value: {value} is more than {MOST_MONEY}")
    return (value / quantity).quantize(_STEPS["price"])


def _trade(cells: Cells, *, when: str = "date") -> Line:
    quantity = shares(_need(cells, "quantity"))
    if quantity == 0:
        raise Skipped("no shares")
    price = _price(cells, quantity)
    return Line(
        side(_need(cells, "side")),
        day(_need(cells, when)),
        _text(cells, "symbol"),
        _text(cells, "isin") or None,
        quantity,
        price,
        charges=_maybe(cells, "charges"),
        stt=_maybe(cells, "stt"),
        name=_text(cells, "name") or None,
        trade_id=_text(cells, "trade_id") or None,
    )


def _zerodha_trade(cells: Cells, _: Day) -> list[Line]:
    segment = _text(cells, "segment").upper()
    if segment not in ("", "EQ"):
        raise Skipped(f"segment {segment}: shares only")
    return [_trade(cells)]


def _fyers_trade(cells: Cells, _: Day) -> list[Line]:
    line = _trade(cells)
    if not line.symbol.upper().startswith(("NSE:", "BSE:")) or not line.symbol.upper().endswith(_SHARE_SERIES):
        raise Skipped(f"{line.symbol} is no share")
    return [line]


_SHARE_SERIES = ("-EQ", "-BE", "-BZ", "-SM", "-ST", "-A", "-B", "-T", "-X", "-XT")


def _fyers_order(cells: Cells, _: Day) -> list[Line]:
    status = _text(cells, "status")
    if status not in ("2", "2.0"):
        raise Skipped(f"status {status}: not filled")
    segment = _text(cells, "segment")
    if segment not in ("", "10", "10.0"):
        raise Skipped(f"segment {segment}: shares only")
    return _fyers_trade(cells, _)


def _fyers_round_trip(cells: Cells, _: Day) -> list[Line]:
    quantity, when = shares(_need(cells, "quantity")), day(_need(cells, "date"))
    symbol = _text(cells, "symbol")
    first = side(_need(cells, "side"))
    prices = number(_need(cells, "entry")), number(_need(cells, "exit"))
    kinds = ("BUY", "SELL") if first == "BUY" else ("SELL", "BUY")
    charges = (Decimal(0), _maybe(cells, "charges"))
    return [
        Line(kind, when, symbol, None, quantity, price, charges=paid)
        for kind, price, paid in zip(kinds, prices, charges, strict=True)
    ]


def _groww_order(cells: Cells, _: Day) -> list[Line]:
    status = _text(cells, "status").lower()
    if status != "executed":
        raise Skipped(f"status {status}: not executed")
    return [_trade(cells)]


def _holding(cells: Cells, asof: Day) -> list[Line]:
    quantity = shares(_need(cells, "quantity"))
    if quantity == 0:
        raise Skipped("no shares")
    price = _price(cells, quantity)
    acquired = day(cells["date"]) if _text(cells, "date") else None
    return [
        Line(
            "OPENING",
            acquired or asof,
            _text(cells, "symbol"),
            _text(cells, "isin") or None,
            quantity,
            price,
            name=_text(cells, "name") or None,
            acquired=acquired,
        )
    ]


def _generic_trade(cells: Cells, _: Day) -> list[Line]:
    currency, country = _text(cells, "currency").upper(), _text(cells, "country").upper()
    if currency not in ("", "INR", "₹", "RS") or country not in ("", "IN", "IND", "INDIA"):
        raise Skipped(f"{country or currency}: rupees only")
    return [_trade(cells)]


_SYMBOL = ("symbol", "ticker", "trading symbol", "tradingsymbol", "instrument", "scrip", "stock", "stock symbol",
           "security", "nse symbol")  # fmt: skip
_QUANTITY = ("quantity", "qty", "shares", "units", "no of shares", "net qty")
_PRICE = ("price", "rate", "trade price", "avg price", "average price", "buy price", "price per share")
_COST = ("avg cost", "avg", "average cost", "avg buy price", "average buy price", "avg price", "average price",
         "buy price", "entry price", "cost price", "cost per share", "price")  # fmt: skip
_DATE = ("date", "trade date", "transaction date", "execution date", "execution date and time", "order execution time",
         "datetime", "date time", "buy date", "purchase date", "entry date")  # fmt: skip

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "zerodha_tradebook",
        "Zerodha Console tradebook",
        {
            "symbol": ("symbol",), "isin": ("isin",), "date": ("trade date",), "segment": ("segment",),
            "side": ("trade type",), "quantity": ("quantity",), "price": ("price",), "trade_id": ("trade id",),
        },
        ("symbol", "isin", "date", "side", "quantity", "price", "trade_id"),
        _zerodha_trade,
    ),
    Layout(
        "zerodha_holdings",
        "Zerodha Kite holdings",
        {"symbol": ("instrument",), "quantity": ("qty",), "price": ("avg cost",), "ltp": ("ltp",)},
        ("symbol", "quantity", "price", "ltp"),
        _holding,
        holdings=True,
    ),
    Layout(
        "fyers_orderbook",
        "FYERS order book",
        {
            "symbol": ("symbol",), "status": ("status",), "side": ("side",), "quantity": ("filledqty",),
            "price": ("tradedprice",), "date": ("orderdatetime",), "segment": ("segment",), "trade_id": ("id",),
        },
        ("symbol", "status", "side", "quantity", "price", "date"),
        _fyers_order,
    ),
    Layout(
        "fyers_tradebook",
        "FYERS trade book",
        {
            "symbol": ("symbol",), "side": ("side",), "quantity": ("qty",), "price": ("tradedprice",),
            "date": ("orderdatetime",), "trade_id": ("ordernumstatus",),
        },
        ("symbol", "side", "quantity", "price", "date"),
        _fyers_trade,
    ),
    Layout(
        "fyers_round_trips",
        "FYERS intraday round trips",
        {
            "symbol": ("stock",), "entry": ("entry",), "exit": ("exit",), "side": ("side",),
            "quantity": ("quantity",), "charges": ("brokerage",), "date": ("date",),
        },
        ("symbol", "entry", "exit", "side", "quantity", "date"),
        _fyers_round_trip,
    ),
    Layout(
        "groww_orders",
        "Groww stock order history",
        {
            "name": ("stock name",), "symbol": ("symbol",), "isin": ("isin",), "side": ("type",),
            "quantity": ("quantity",), "value": ("value",), "trade_id": ("exchange order id",),
            "date": ("execution date and time",), "status": ("order status",),
        },
        ("symbol", "isin", "side", "quantity", "value", "date", "status"),
        _groww_order,
    ),
    Layout(
        "groww_holdings",
        "Groww stock holdings statement",
        {
            "name": ("stock name",), "isin": ("isin",), "quantity": ("quantity",), "price": ("average buy price",),
            "closing": ("closing price",),
        },
        ("name", "isin", "quantity", "price", "closing"),
        _holding,
        holdings=True,
    ),
    Layout(
        "generic_trades",
        "Trades: date, symbol, type, quantity, price",
        {
            "date": _DATE, "symbol": _SYMBOL, "isin": ("isin",), "name": ("name", "company", "stock name"),
            "side": ("type", "side", "trade type", "transaction type", "buy/sell", "buy / sell", "action"),
            "quantity": _QUANTITY, "price": _PRICE, "value": ("value", "amount", "trade value"),
            "charges": ("charges", "brokerage", "fees", "commission"), "stt": ("stt",),
            "trade_id": ("trade id", "trade no", "order id"), "currency": ("currency",), "country": ("country",),
        },
        ("date", "symbol", "side", "quantity", "price"),
        _generic_trade,
        exact=False,
    ),
    Layout(
        "generic_holdings",
        "Holdings: symbol, quantity, average cost",
        {
            "symbol": _SYMBOL, "isin": ("isin",), "name": ("name", "company", "stock name"), "quantity": _QUANTITY,
            "price": _COST, "value": ("invested", "invested value", "total invested", "total invested inr"),
            "date": ("buy date", "purchase date", "entry date", "acquired"),
        },
        ("symbol", "quantity", "price"),
        _holding,
        holdings=True,
        exact=False,
    ),
)  # fmt: skip
BY_ID = {layout.id: layout for layout in LAYOUTS}
HEADER_WITHIN = 40  # rows of preamble at most


def recognise(rows: Sequence[Row], layout_id: str | None, mapping: Mapping[str, str] | None) -> Table | None:
    """The header of a file and what its columns are; None where no row is one.

    `mapping` names, by field, the header that a person says it is; a field it does not name is found by itself.
    """
    chosen = [BY_ID[layout_id]] if layout_id is not None else LAYOUTS
    for row in rows[:HEADER_WITHIN]:
        for layout in chosen:
            at = _columns(row, layout, mapping or {})
            if all(name in at for name in layout.needed) or _enough(layout, at):
                below = [one for one in rows if one.line > row.line]
                return Table(layout, row, at, below)
    return None


def _enough(layout: Layout, at: Mapping[str, int]) -> bool:
    """A person's own file needs no symbol where it has ISINs, and no price where it has values."""
    if layout.exact:
        return False
    return all(
        name in at or (name == "symbol" and "isin" in at) or (name == "price" and "value" in at)
        for name in layout.needed
    )


def _columns(row: Row, layout: Layout, mapping: Mapping[str, str]) -> dict[str, int]:
    headers = [normalised(cell) for cell in row.cells]
    at: dict[str, int] = {}
    for name, called in layout.columns.items():
        wanted = (normalised(mapping[name]),) if name in mapping else called
        for one in wanted:
            if one and one in headers:
                at[name] = headers.index(one)
                break
    return at


def read_row(table: Table, row: Row, asof: Day) -> list[Line]:
    """What a row means. Raises Skipped, or CellError naming the column."""
    cells: dict[str, Any] = table.cells(row)
    return table.layout.read(cells, asof)
