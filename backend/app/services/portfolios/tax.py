"""The tax report of portfolios by financial year: an estimate, with every line and rule it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.database import Market
from app.engines import tax
from app.engines.ledger import GRANDFATHERED, Kind, Ledger
from app.engines.tax.gains import FairValue, total
from app.exceptions import ValidationError
from app.services.portfolios.ledgers import ledger_of
from app.services.portfolios.money import money, price
from app.services.portfolios.names import Names
from app.services.portfolios.service import PortfolioService

NOTICE = "An estimate, not advice: check it with the broker's tax statement and a tax adviser before filing."
_KINDS = (tax.GainKind.SHORT, tax.GainKind.LONG, tax.GainKind.SPECULATIVE, tax.GainKind.UNKNOWN)


class TaxService:
    """Tax reports."""

    def __init__(self, portfolios: PortfolioService) -> None:
        self._portfolios = portfolios

    def report(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        year: str | None,
        *,
        losses: Sequence[str] = (),
        surcharge: Decimal = Decimal(0),
    ) -> dict[str, Any]:
        """A financial year of a portfolio; None: the one of today.

        Parameters
        ----------
        losses : of earlier years or other accounts, unused at the end of their year: `SHORT:2021-22:125000`
        surcharge : percent of the tax

        Raises
        ------
        ValidationError : no such year, or a loss or surcharge that makes no sense.
        """
        if not 0 <= surcharge <= tax.MOST_SURCHARGE:
            raise ValidationError(
                f"surcharge: expected 0 to {tax.MOST_SURCHARGE} percent of the tax, got {surcharge}", "surcharge"
            )
        portfolio = self._portfolios.found(session, portfolio_id)
        names, today = self._portfolios.names(market, session), self._portfolios.today()
        ledger = ledger_of(session, portfolio_id, names)
        fair_value = fair_values(names)
        found = tax.gains(ledger.realised, fair_value)
        current = tax.year_of(today)
        wanted = current if year is None else _year(year)
        earlier = [_loss_given(text, current) for text in losses]
        every = tax.years(found, max(current, wanted), earlier=earlier, surcharge_percent=surcharge)
        known = [one.year for one in every]
        one = next((one for one in every if one.year == wanted), None)
        if one is None:
            raise ValidationError(
                f"year: {tax.label(wanted)} lies before the first sale; there are {_labels(known)}", "year"
            )
        hints = self._hints(ledger, names, one, today, fair_value) if wanted == current else []
        dividends = sum(
            (p.amount for p in ledger.payments if p.kind is Kind.DIVIDEND and tax.year_of(p.session) == wanted),
            Decimal(0),
        )
        return {
            "id": portfolio.id,
            "name": portfolio.name,
            "year": tax.label(wanted),
            "years": [tax.label(one) for one in known],
            "notice": NOTICE,
            "notes": [f"{note}." for note in ledger.notes],
            "summary": [_summary(one, kind) for kind in _KINDS],
            "set_off": [
                {
                    "loss": each.loss.value,
                    "of_year": tax.label(each.of_year),
                    "against": each.against.value,
                    "rate_percent": _number(each.rate_percent),
                    "amount": money(each.amount),
                }
                for each in one.set_off
            ],
            "taxed": [
                {
                    "kind": each.kind.value,
                    "rate_percent": _number(each.rate_percent),
                    "left": money(each.left),
                    "exempt": money(each.exempt),
                    "amount": money(each.amount),
                    "tax": money(each.tax),
                }
                for each in one.taxed
            ],
            "exemption": money(one.exemption),
            "exemption_used": money(one.exemption_used),
            "brought_forward": [_loss(each) for each in one.brought],
            "carried_forward": [_loss(each) for each in one.carried],
            "lapsed": [_loss(each) for each in one.lapsed],
            "dividends": money(dividends),
            "losses_given": [_loss(each) for each in earlier],
            "tax": money(one.tax),
            "surcharge_percent": float(surcharge),
            "surcharge": money(one.surcharge),
            "cess": money(one.cess),
            "total": money(one.total),
            "gains": [_line(each, names) for each in one.gains],
            "hints": hints,
            "rules": [{"text": text, "verified": verified} for text, verified in tax.STATED]
            + [
                {
                    "text": f"Sales from {rate.since} on: short-term {_percent(rate.short_percent)}, long-term "
                    f"{_percent(rate.long_percent)} ({rate.source})",
                    "verified": rate.verified,
                }
                for rate in tax.RATES
            ],
        }

    def _hints(
        self, ledger: Ledger, names: Names, year: tax.TaxYear, today: date, fair_value: FairValue
    ) -> list[dict[str, Any]]:
        marks = self._portfolios.marks.on(names.panel, None)
        prices = {}
        for key in {lot.instrument for lot in ledger.lots}:
            mark = marks.of(names.current(key))
            if mark is not None:
                prices[key] = mark.close
        found = tax.hints(tax.open_gains(ledger.lots, prices, today, fair_value), year, today)
        return [
            {
                "kind": one.kind,
                "symbol": _symbol(one.instrument, None, names),
                "account": one.account,
                "quantity": one.quantity,
                "gain": money(one.gain),
                "saves": money(one.saves),
                "on": one.on,
                "text": _words(one),
            }
            for one in found
        ]


def fair_values(names: Names) -> FairValue:
    """The highest price of 31 January 2018 by instrument, in shares as they were counted on a later day."""
    kept: dict[str, float] = {}

    def value(instrument: str, session: date) -> Decimal | None:
        key = names.current(instrument)
        info = names.info(key)
        if info is None:
            return None
        if key not in kept:
            first, _, last = names.panel.window(GRANDFATHERED, GRANDFATHERED)
            high = names.panel.values(("high",), (key,), first, last)["high"]
            kept[key] = float(high[0, 0]) if high.size else float("nan")
        if np.isnan(kept[key]):
            return None
        factor = 1.0
        for ex_date, one in info.factors:
            if GRANDFATHERED < ex_date <= session:
                factor *= one
        return Decimal(repr(kept[key])) / Decimal(repr(round(factor, 9)))

    return value


def _year(text: str) -> int:
    """`2024-25` or `2024` as 2024."""
    head, dash, tail = text.strip().partition("-")
    if not head.isdecimal() or len(head) != 4 or not 1990 <= int(head) <= 2198:
        raise ValidationError(f"year: {text[:20]!a} is no financial year; write it as 2024-25", "year")
    if dash and tail != f"{(int(head) + 1) % 100:02d}":
        raise ValidationError(f"year: {text[:20]!a} is no financial year; did you mean {tax.label(int(head))}?", "year")
    return int(head)


def _loss_given(text: str, current: int) -> tax.Loss:
    """`SHORT:2021-22:125000` as a loss."""
    parts = [part.strip() for part in text.split(":")]
    kinds = [kind.value for kind in _KINDS if kind is not tax.GainKind.UNKNOWN]
    if len(parts) != 3 or parts[0].upper() not in kinds:
        raise ValidationError(
            f"losses: expected kind:year:rupees, such as SHORT:2021-22:125000, the kind one of {', '.join(kinds)}; "
            f"got {text[:60]!a}",
            "losses",
        )
    try:
        year = _year(parts[1])
    except ValidationError as error:
        raise ValidationError(error.message.replace("year:", "losses:", 1), "losses") from error
    amount = parts[2].replace(",", "")
    if not amount.replace(".", "", 1).isdecimal() or len(amount) > 16 or not Decimal(amount):
        raise ValidationError(f"losses: expected rupees above zero, got {parts[2][:20]!a}", "losses")
    if year < tax.RATES[0].since.year:
        raise ValidationError(f"losses: {tax.label(year)} is too long ago to count in any year that is known", "losses")
    if year >= current:
        raise ValidationError(
            f"losses: {tax.label(year)} is no earlier year; a loss of it comes from the sales of the ledger", "losses"
        )
    return tax.loss_of(tax.GainKind(parts[0].upper()), year, Decimal(amount))


def _labels(years: Sequence[int]) -> str:
    return tax.label(years[0]) if len(years) == 1 else f"{tax.label(years[0])} to {tax.label(years[-1])}"


def _summary(year: tax.TaxYear, kind: tax.GainKind) -> dict[str, Any]:
    made, lost = year.net(kind)
    of = [one for one in year.gains if one.kind is kind]
    return {
        "kind": kind.value,
        "sales": len(of),
        "gains": money(made),
        "losses": money(lost),
        "net": money(total(of)),
    }


def _loss(loss: tax.Loss) -> dict[str, Any]:
    return {
        "kind": loss.kind.value,
        "of_year": tax.label(loss.year),
        "amount": money(loss.amount),
        "until": tax.label(loss.until),
    }


def _line(gain: tax.Gain, names: Names) -> dict[str, Any]:
    sale = gain.sale
    info = names.info(sale.instrument)
    return {
        "kind": gain.kind.value,
        "symbol": _symbol(sale.instrument, sale.sold, names),
        "company_name": None if info is None else info.name,
        "isin": None if info is None else info.isin,
        "account": sale.account,
        "quantity": sale.quantity,
        "acquired": sale.acquired,
        "sold": sale.sold,
        "proceeds": money(sale.proceeds),
        "cost": money(sale.cost),
        "cost_used": money(gain.cost_used),
        "expenses": money(gain.expenses),
        "gain": money(gain.gain),
        "rate_percent": _number(gain.rate_percent),
        "fair_value": None if gain.fair_value is None else price(gain.fair_value),
        "origin": sale.origin.value,
        "note": gain.note,
    }


def _symbol(key: str, on: date | None, names: Names) -> str:
    info = names.info(key)
    if info is None:
        return key
    return info.symbol if on is None else info.symbol_on(on)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _percent(value: Decimal) -> str:
    return "exempt" if value == 0 else f"{value.normalize():f} %"


def _words(hint: tax.Hint) -> str:
    gain, saves = money(abs(hint.gain)), money(hint.saves)
    if hint.kind == "USE_EXEMPTION":
        return (
            f"Selling {hint.quantity} makes ₹{gain} of long-term gain that this year's exemption leaves untaxed; "
            f"in a later year it could cost ₹{saves}"
        )
    if hint.kind == "SET_OFF_LOSS":
        return f"Selling {hint.quantity} makes a loss of ₹{gain}, which this year's gains would take: ₹{saves} less tax"
    return f"From {hint.on} on the gain of ₹{gain} on {hint.quantity} shares is long-term: waiting saves ₹{saves}"
