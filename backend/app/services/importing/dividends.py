"""From listed dividends to one amount an instrument and ex-date, in the rupees of that day.

The exchange's texts give rupees for a share held into the ex-date. A vendor's series is restated for every split,
bonus and rights issue of that day and later: its figure times the product of those factors is what was paid. Where no
list names all of them, that shows in the figures: companies pay whole paise, and one ratio makes all of them whole
again (`vendor_ratios`). Of two sources the exchange's is used; where they differ by more than rounding both are kept
and the difference is said.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from app.repositories import action_decisions, instruments
from app.services.importing.findings import Rule, Severity, derived_finding
from app.services.importing.lookup import Lookup

RESTATED = "actions_yahoo"
_RANK = {"actions_purpose": 1, "actions_nse_bc": 2, RESTATED: 9}
_RESTATED_AMOUNT = re.compile(r"dividend (\d+(?:\.\d+)?)")
_VENDOR_DIGIT = 1.5e-6  # rupees: the vendor's last digit, and that of a short float behind it
_COIN = 0.05  # rupees: what dividends are multiples of, but for a few in odd paise
_LEAST, _MOST, _ENOUGH = 0.8, 1.0005, 3
_NO_EVENT = 5e-4  # a ratio so near to one is the rounding of a known factor
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
    listed: Iterable[ListedDividend],
    factors: Mapping[int, Sequence[tuple[date, float]]],
    since: Mapping[int, date] = MappingProxyType({}),
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
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
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
        rows[instrument].append(_row(instrument, ex_date, told))
    return [row for instrument, own in rows.items() for row in _as_paid(own, since.get(instrument, date.min))]


def vendor_ratios(amounts: Sequence[tuple[float, float]]) -> list[float | None]:
    """What a vendor multiplied each dividend by beyond the factors that are known, oldest first.

    Parameters
    ----------
    amounts : (rupees after the known factors, how far off rounding may put them), oldest first.

    1.0 for an amount in whole paise. Others are looked at from the newest back: the ratio below one that turns all of
    them up to some older one into multiples of five paise. At least three different amounts have to agree on it, and no
    other ratio may turn half as many; None where there is none.
    """
    found: list[float | None] = [1.0 if _whole(amount, slack, 0.01) else None for amount, slack in amounts]
    end = len(amounts)
    while end > 0:
        if found[end - 1] is not None:
            end -= 1
            continue
        newest, first = amounts[end - 1][0], end - 1
        fitting = []
        for multiple in range(math.ceil(newest / _MOST / _COIN), math.floor(newest / _LEAST / _COIN) + 1):
            ratio = newest / (_COIN * multiple)
            begin, off = end - 1, amounts[end - 1][1] / newest  # the ratio itself is as exact as the newest amount
            while begin > 0 and found[begin - 1] is None:
                amount, slack = amounts[begin - 1]
                if not _whole(amount / ratio, (slack + amount * off) / ratio, _COIN):
                    break
                begin -= 1
            fitting.append((len({round(amount, 3) for amount, _ in amounts[begin:end]}), begin, ratio))
        agreeing = max(fitting, default=(0, 0, 1.0))[0]
        rivals = [one for one in fitting if one[0] >= max(_ENOUGH, agreeing / 2)]
        if len(rivals) == 1:
            _, first, ratio = rivals[0]
            found[first:end] = [ratio] * (end - first)
        end = first
    return found


def _whole(amount: float, slack: float, unit: float) -> bool:
    return abs(amount - round(amount / unit) * unit) <= slack


def _as_paid(rows: list[dict[str, Any]], since: date) -> list[dict[str, Any]]:
    """The rows of one instrument, oldest first, with what the vendor restated beyond the known factors taken back.

    Before `since`, the first day with a price, factors are not known, and figures stay as they are.
    """
    vendor = [
        (row, told)
        for row in rows
        for told in row["evidence"]
        if told["source"] == RESTATED and told["amount"] is not None and row["ex_date"] >= since
    ]
    ratios = vendor_ratios([(told["amount"], _VENDOR_DIGIT * told["restated_by"]) for _, told in vendor])
    for (row, told), ratio in zip(vendor, ratios, strict=True):
        told["unlisted_ratio"] = ratio
        if ratio is not None:
            told["amount"] = round(told["amount"] if ratio == 1.0 else round(told["amount"] / ratio / _COIN) * _COIN, 2)
            row.update(_row(row["instrument_id"], row["ex_date"], row["evidence"]))
    return rows


def restated(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, float | None, list[date]]]:
    """(instrument, ratio, ex-dates) of what the vendor restated beyond known factors; ratio None where it is open."""
    found: dict[tuple[int, float | None], list[date]] = defaultdict(list)
    for row in rows:
        for told in row["evidence"]:
            ratio = told.get("unlisted_ratio", 1.0)
            if ratio is None or abs(ratio - 1.0) > _NO_EVENT:
                found[(row["instrument_id"], ratio)].append(row["ex_date"])
    return [(instrument, ratio, days) for (instrument, ratio), days in found.items()]


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


def rescaled(
    rows: Iterable[Mapping[str, Any]], factors: Sequence[tuple[date, float]], since: date = date.min
) -> list[dict[str, Any]]:
    """The rows of one instrument, oldest first, after its factors changed; `since` as in `dated`."""
    found = []
    for row in rows:
        later = math.prod(factor for day, factor in factors if day >= row["ex_date"])
        told = [
            _told(one["source"], one["as_listed"], later, one["purpose"], one["file"], one["line"])
            for one in row["evidence"]
        ]
        found.append(_row(row["instrument_id"], row["ex_date"], told))
    return _as_paid(found, since)


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
    """Work out the dated dividends of all instruments; whether they changed, and the findings about them."""
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
    factors = action_decisions.factors_of_dividends(connection)
    known = instruments.all_instruments(connection)
    rows = dated(listed, factors, {row.id: row.first_session for row in known if row.first_session is not None})
    names = {row.id: row.symbol for row in known}
    return action_decisions.replace_dividends(connection, rows), list(_findings(rows, names))


def _findings(rows: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if row["disagrees"]:
            symbol, ex_date = names[row["instrument_id"]], row["ex_date"]
            told = "; ".join(f"{one['source']}: {one['amount']}" for one in row["evidence"])
            yield derived_finding(
                Rule.DIVIDEND_SOURCES_DISAGREE,
                f"{symbol} {ex_date}",
                f"{symbol}: the sources differ on the dividend of {ex_date}, in rupees of that day: {told}",
                f"{row['source']} is used",
            )
    for instrument, ratio, days in restated(rows):
        span = f"{len(days)} dividends from {days[0]} to {days[-1]}" if len(days) > 1 else f"the dividend of {days[0]}"
        symbol = names[instrument]
        yield derived_finding(
            Rule.DIVIDEND_RESTATED,
            f"{symbol} {days[-1]}",
            f"{symbol}: {RESTATED} gives {span} "
            + (
                "in no whole paise, and no one ratio makes them whole"
                if ratio is None
                else f"at {ratio:.6f} of what was paid, as after a rights issue that no list here names"
            ),
            "used as the vendor has them" if ratio is None else f"divided by {ratio:.6f}",
            Severity.WARNING if ratio is None else Severity.NOTE,
        )


def update_dividends_of(connection: Connection, instrument: int) -> None:
    """Restate the dividends of one instrument after its factors changed."""
    factors = action_decisions.factors_of_dividends(connection, instrument).get(instrument, [])
    since = instruments.first_session(connection, instrument) or date.min
    rows = rescaled(action_decisions.dividends_of(connection, instrument), factors, since)
    action_decisions.replace_dividends(connection, rows, instrument)
