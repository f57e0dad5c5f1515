"""From listed dividends to one amount an instrument and ex-date, in the rupees of that day.

The exchange's texts give rupees for a share held into the ex-date. A vendor's series is restated for every split and
bonus of that day and later: its figure times the product of those factors is what was paid. Of two sources the
exchange's is used; where they differ by more than rounding both are kept and the difference is said.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.repositories import action_decisions, actions
from app.services.importing.lookup import Lookup

RESTATED = "actions_yahoo"
_RANK = {"actions_purpose": 1, "actions_nse_bc": 2, RESTATED: 9}
_RESTATED_AMOUNT = re.compile(r"dividend (\d+(?:\.\d+)?)")
_RELATIVE, _RUPEES = 0.02, 0.05  # sources that round differ by less


@dataclass(frozen=True, slots=True)
class ListedDividend:
    """One line of a source; `amount` in rupees as the source has it, None where it gives none."""

    instrument: int
    ex_date: date
    amount: float | None
    purpose: str
    source: str
    file: str
    line: int
    part: int = 0


def restated_amount(purpose: str) -> float | None:
    """The figure of a vendor's line, which stands in its purpose because it is not in rupees of the day."""
    found = _RESTATED_AMOUNT.match(purpose)
    return None if found is None else float(found.group(1))


def dated(
    listed: Iterable[ListedDividend], factors: Mapping[int, Sequence[tuple[date, float]]]
) -> list[dict[str, Any]]:
    """One row of `dividends` for each instrument and ex-date.

    Parts of one text (interim and special) add up; the same line in two files counts once. `factors` holds (ex-date,
    new shares for an old one) by instrument.
    """
    found: dict[tuple[int, date], dict[str, dict[tuple[str, int], ListedDividend]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for one in sorted(listed, key=lambda line: (line.file, line.line, line.part)):
        found[(one.instrument, one.ex_date)][one.source].setdefault((one.purpose, one.part), one)
    rows = []
    for (instrument, ex_date), sources in sorted(found.items()):
        later = math.prod(factor for day, factor in factors.get(instrument, ()) if day >= ex_date)
        told = []
        for source in sorted(sources, key=lambda name: (_RANK.get(name, 5), name)):
            lines = list(sources[source].values())
            told.append(
                _told(
                    source,
                    [line.amount for line in lines],
                    later,
                    " + ".join(dict.fromkeys(line.purpose for line in lines)),
                    lines[0].file,
                    lines[0].line,
                )
            )
        rows.append(_row(instrument, ex_date, told))
    return rows


def _row(instrument: int, ex_date: date, told: list[dict[str, Any]]) -> dict[str, Any]:
    known = [one for one in told if one["amount"] is not None]
    best = known[0] if known else told[0]
    return {
        "instrument_id": instrument,
        "ex_date": ex_date,
        "amount": best["amount"],
        "source": best["source"],
        "disagrees": any(differ(best["amount"], other["amount"]) for other in known[1:]),
        "evidence": told,
    }


def rescaled(row: Mapping[str, Any], factors: Sequence[tuple[date, float]]) -> dict[str, Any]:
    """A row of `dividends` after the factors of its instrument changed."""
    later = math.prod(factor for day, factor in factors if day >= row["ex_date"])
    told = [
        _told(one["source"], one["as_listed"], later, one["purpose"], one["file"], one["line"])
        for one in row["evidence"]
    ]
    return _row(row["instrument_id"], row["ex_date"], told)


def _told(
    source: str, amounts: Sequence[float | None], later: float, purpose: str, file: str, line: int
) -> dict[str, Any]:
    known = [amount for amount in amounts if amount is not None]
    total = math.fsum(known) if len(known) == len(amounts) else None
    if total is not None and source == RESTATED:
        total = round(total * later, 6)
    return {
        "source": source,
        "amount": total,
        "as_listed": list(amounts),
        "restated_by": later if source == RESTATED else 1.0,
        "purpose": purpose,
        "file": file,
        "line": line,
    }


def differ(one: float, other: float) -> bool:
    """Whether two amounts are further apart than rounding."""
    return abs(one - other) > max(_RUPEES, _RELATIVE * max(one, other))


def update_dividends(connection: Connection, lookup: Lookup) -> tuple[bool, list[dict[str, Any]]]:
    """Work out the dated dividends of all instruments; whether they changed, and the rows whose sources disagree."""
    listed = []
    for row in action_decisions.listed_dividends(connection):
        instrument = (
            lookup.by_symbol(row.symbol, row.ex_date) if row.symbol else lookup.by_name(row.company_name, date.max)
        )
        if instrument is not None:
            amount = restated_amount(row.purpose) if row.source == RESTATED else row.amount
            listed.append(
                ListedDividend(instrument, row.ex_date, amount, row.purpose, row.source, row.file, row.line, row.part)
            )
    factors: dict[int, list[tuple[date, float]]] = defaultdict(list)
    for (instrument, ex_date), factor in sorted(actions.factors(connection).items()):
        factors[instrument].append((ex_date, factor))
    rows = dated(listed, factors)
    return action_decisions.replace_dividends(connection, rows), [row for row in rows if row["disagrees"]]


def update_dividends_of(connection: Connection, instrument: int) -> None:
    """Restate the dividends of one instrument after its factors changed."""
    factors = action_decisions.factors_of(connection, instrument)
    rows = [rescaled(row, factors) for row in action_decisions.dividends_of(connection, instrument)]
    action_decisions.replace_dividends(connection, rows, instrument)
