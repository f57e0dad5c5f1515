"""`smarttrader costs`: what a trade costs on a date, component by component."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, fail, print_json

_LABELS = {
    "brokerage": "Brokerage",
    "stt": "Securities transaction tax",
    "exchange": "Exchange charge",
    "ipft": "Investor protection fund",
    "sebi": "SEBI turnover fee",
    "gst": "GST (service tax before July 2017)",
    "stamp": "Stamp duty",
}


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("costs")(costs)


def costs(
    broker: Annotated[str, typer.Option(help="zerodha, fyers, none (levies only) or custom.")] = "zerodha",
    product: Annotated[str, typer.Option(help="delivery, intraday, futures or options.")] = "delivery",
    day: Annotated[str | None, typer.Option("--date", metavar="DATE", help="Trade date; else today.")] = None,
    buy: Annotated[list[str] | None, typer.Option(metavar="QTY@PRICE", help="A bought order; may be repeated.")] = None,
    sell: Annotated[list[str] | None, typer.Option(metavar="QTY@PRICE", help="A sold order; may be repeated.")] = None,
    brokerage_percent: Annotated[str | None, typer.Option(help="With --broker custom: percent of an order.")] = None,
    brokerage_cap: Annotated[str | None, typer.Option(help="With --broker custom: most rupees an order.")] = None,
    brokerage_flat: Annotated[str | None, typer.Option(help="With --broker custom: rupees an order.")] = None,
    depository: Annotated[str | None, typer.Option(help="With --broker custom: rupees a delivery out.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """A brokerage calculator: every charge of these orders at the rates of that date, to the paisa.

    A delivery bought and sold counts as two days' business at one date's rates; nothing is netted.
    """
    from app.engines.costs import PLANS, Order, Product, beyond, custom, statement

    if product not in set(Product):
        fail(f"--product {product}: expected one of {', '.join(Product)}")
    own = {
        "fraction": (brokerage_percent, Decimal(100)),
        "cap": (brokerage_cap, Decimal(1)),
        "flat": (brokerage_flat, Decimal(1)),
        "depository": (depository, Decimal(1)),
    }
    given = {name: _amount(f"--{name}", text) / unit for name, (text, unit) in own.items() if text is not None}
    if broker != "custom" and given:
        fail("Brokerage of your own goes with --broker custom")
    if broker not in {*PLANS, "custom"}:
        fail(f"--broker {broker}: expected one of {', '.join(PLANS)}, custom")
    try:
        when = date.fromisoformat(day) if day is not None else date.today()
    except ValueError:
        fail(f"--date {day}: not a date; write it as 2026-07-31")
    try:
        plan = custom(**given) if broker == "custom" else PLANS[broker]
        orders = [Order("buy", *_order("--buy", text), Product(product)) for text in buy or []]
        orders += [Order("sell", *_order("--sell", text), Product(product)) for text in sell or []]
        if not orders:
            fail("Nothing was traded: give --buy QTY@PRICE, --sell QTY@PRICE or both")
        note = statement(orders, when, plan)
    except ValueError as error:
        fail(str(error))
    bought = sum((order.value for order in orders if order.side == "buy"), Decimal(0))
    sold = sum((order.value for order in orders if order.side == "sell"), Decimal(0))
    quantity = {side: sum(o.quantity for o in orders if o.side == side) for side in ("buy", "sell")}
    closed = quantity["buy"] == quantity["sell"]
    answer: dict[str, Any] = {
        "broker": broker,
        "product": product,
        "date": when.isoformat(),
        "turnover": float(bought + sold),
        "components": {name: float(value) for name, value in note.lines.items()},
        "total": float(note.total),
        "depository": float(note.depository),
        "depository_gst": float(note.depository_gst),
        "total_with_depository": float(note.total_with_depository),
        "gross_pnl": float(sold - bought) if closed else None,
        "net_pnl": float(sold - bought - note.total_with_depository) if closed else None,
        "unverified": note.unverified,
        "warnings": [said for said in (beyond(when),) if said is not None],
    }
    if as_json:
        print_json(answer)
        return
    for name, value in note.lines.items():
        print(f"{_LABELS[name]:<36} {value:>14,.2f}")
    print(f"{'Charges on the contract note':<36} {note.total:>14,.2f}")
    if note.depository:
        print(f"{'Depository charge with tax':<36} {note.depository + note.depository_gst:>14,.2f}")
    if closed:
        print(f"{'Profit before charges':<36} {sold - bought:>14,.2f}")
        print(f"{'Profit after all charges':<36} {sold - bought - note.total_with_depository:>14,.2f}")
    for row in note.unverified:
        print(f"not verified: {row}")
    for said in answer["warnings"]:
        print(said)


def _amount(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        fail(f"{name} {text}: not a number")
    if not value.is_finite():
        fail(f"{name} {text}: not a number")
    return value


def _order(option: str, text: str) -> tuple[Decimal, Decimal]:
    quantity, at, price = text.partition("@")
    if not at:
        fail(f"{option} {text}: expected QUANTITY@PRICE, such as 500@1000")
    shares = _amount(option, quantity)
    if shares != shares.to_integral_value():
        fail(f"{option} {text}: expected a whole quantity")
    return shares, _amount(option, price)
