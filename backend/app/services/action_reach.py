"""How far lists of corporate actions reach: after that no list can name a split, and hardly any names a demerger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from app.repositories import evidence
from app.services.importing.kinds import Kind

# lists of the whole market over years; the exchange's own of single days and a vendor's of fifty stocks are not
_MARKET = (Kind.ACTIONS_PURPOSE.value, Kind.ACTIONS_MULTIPLIERS.value, Kind.ACTIONS_SPLITS.value)


@dataclass(frozen=True, slots=True)
class Reach:
    """The last ex-date of lists of the whole market, and the days of which any list names a demerger."""

    splits: date | None
    demergers: tuple[date, date] | None

    def told(self, since: date | None, until: date | None) -> list[str]:
        """In words what no list can tell of a period; nothing where the period is not known."""
        if since is None or until is None:
            return []
        words = []
        if self.splits is None:
            words.append(
                "No list of splits, bonuses and rights of the whole market is imported: those in use are inferred from "
                "prices, ISINs and volumes, or a person entered them."
            )
        elif self.splits < until:
            words.append(
                f"Lists of splits, bonuses and rights of the whole market end on {self.splits}: later ones are "
                "inferred from prices, ISINs and volumes, or a person entered them."
            )
        if self.demergers is None or not self.demergers[0] <= since <= until <= self.demergers[1]:
            named = "No list names demergers"
            if self.demergers is not None:
                first, last = self.demergers
                named = f"Lists name demergers only {f'on {first}' if first == last else f'from {first} to {last}'}"
            words.append(
                f"{named}: one that takes less than a fifth of a price looks like a bad day, and prices are not "
                "adjusted for it until a person enters it (`smarttrader data decide SYMBOL DATE correct --factor F "
                "--kind demerger`, undone by `data undo ID`)."
            )
        return words


def reach(connection: Connection) -> Reach:
    """How far the stored lists reach."""
    row = evidence.action_reach(connection, _MARKET)
    known = row.first_demerger is not None
    return Reach(row.splits, (row.first_demerger, row.last_demerger) if known else None)
