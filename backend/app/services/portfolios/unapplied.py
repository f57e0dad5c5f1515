"""What a ledger lacks of its shares' splits, bonuses and demergers: until it is entered, its figures are wrong."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, timedelta

from app.engines.ledger import ACTIONS, Entry, Kind, Ledger
from app.services.portfolios.names import Names

NEAR = timedelta(days=6)  # two sources' ex-dates of one action lie so close together
_ACTED = ACTIONS | {Kind.RIGHTS}


def unapplied(
    ledger: Ledger, entries: Iterable[Entry], dismissed: Iterable[str], names: Names, until: date
) -> list[str]:
    """A sentence for each action and each unexplained move, up to a day, of shares held into it that no entry covers.

    Taken from what the panel adjusts prices by, so that it costs no question to the database: dividends are left out.

    Parameters
    ----------
    dismissed : ids of actions of which a person said that they do not concern this portfolio, KEY:EX_DATE:KIND
    """
    put_aside = {tuple(one.split(":")[:2]) for one in dismissed}
    acted: dict[str, list[date]] = {}
    for entry in entries:
        if entry.kind in _ACTED:
            for key in (entry.instrument, entry.target):
                if key is not None:
                    acted.setdefault(key, []).append(entry.session)
    held: dict[str, tuple[list[date], list[int]]] = {}
    for step in ledger.steps:
        days, quantities = held.setdefault(step.instrument, ([], []))
        days.append(step.session)
        quantities.append(step.quantity)
    found: list[tuple[date, str]] = []
    for key, (days, quantities) in held.items():
        info = names.info(names.current(key))
        if info is None:
            continue
        moves = [(day, factor) for day, factor in info.factors] + [(day, None) for day in info.jumps]
        for day, factor in moves:
            before = bisect_left(days, day)
            if day > until or not before or not quantities[before - 1]:
                continue
            if (info.key, day.isoformat()) in put_aside:
                continue
            if any(abs(other - day) <= NEAR for other in acted.get(key, ())):
                continue
            what = (
                "its price moved as no action on file explains; if its shares were counted anew, they are wrong here"
                if factor is None
                else f"an action that restated its price by {factor:.6g} is not in the ledger, so that the value of "
                "what is held is wrong since"
            )
            found.append((day, f"{info.symbol_on(day)}, {day}, {quantities[before - 1]} shares: {what}"))
    return [sentence for _, sentence in sorted(found)]
