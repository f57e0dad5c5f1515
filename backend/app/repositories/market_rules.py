"""What is on file about the exchange's rules for securities: bands, lists with derivatives, lots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ListedSecurity, SecurityFlag, SecurityListing

SME_SERIES = ("SM", "ST", "SZ")


class FlagRow(NamedTuple):
    """A flag of one security on one day."""

    date: date
    symbol: str
    flag: str
    detail: str | None
    band_pct: float | None
    lower_limit: float | None
    upper_limit: float | None


def flags(session: Session, kinds: Sequence[str], until: date) -> list[FlagRow]:
    """Flags of these kinds up to a day, in order of date and symbol."""
    columns = [getattr(SecurityFlag, name) for name in FlagRow._fields]
    query = select(*columns).where(SecurityFlag.flag.in_(kinds), SecurityFlag.date <= until)
    return [FlagRow(*row) for row in session.execute(query.order_by(SecurityFlag.date, SecurityFlag.symbol))]


def sme_lots(session: Session) -> dict[str, int]:
    """Market lot of each SME symbol, of the latest dated list that has one; an undated list counts as the oldest."""
    found: dict[str, tuple[date, int]] = {}
    listed = select(ListedSecurity.symbol, ListedSecurity.as_of, ListedSecurity.market_lot).where(
        ListedSecurity.instrument_type == "SME", ListedSecurity.market_lot.is_not(None)
    )
    masters = select(SecurityListing.symbol, SecurityListing.as_of, SecurityListing.lot).where(
        SecurityListing.series.in_(SME_SERIES), SecurityListing.lot.is_not(None)
    )
    for symbol, as_of, lot in (*session.execute(listed), *session.execute(masters)):
        dated = (as_of or date.min, int(lot))
        if lot > 0 and dated > found.get(symbol, (date.min, 0)):
            found[symbol] = dated
    return {symbol: lot for symbol, (_, lot) in found.items()}
