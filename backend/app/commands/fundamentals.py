"""`smarttrader data fundamentals`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


def register(group: typer.Typer) -> None:
    """Add the command to a group."""
    group.command("fundamentals")(fundamentals)


def fundamentals(
    symbol: Annotated[str, typer.Argument(help="A symbol, of the day asked for or of another.")],
    asof: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day; today by default.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """A company's figures as they were known on a day, its share counts, and its bands and marks of surveillance.

    Figures are in the shares of the day; the counts are those of each file.
    """
    from app.engines.calendar import IST
    from app.services.fundamentals import LAG_NOTE, basis_note
    from app.services.universe import find_instrument

    try:
        day = date.fromisoformat(asof) if asof else datetime.now(UTC).astimezone(IST).date()
    except ValueError:
        fail(f"--asof is {asof!r}, expected a date such as 2025-03-31")
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        panel = platform.panels.current(market)
        key = find_instrument(panel, symbol.strip().upper(), day)
        if key is None:
            fail(f"No stock has or had the symbol {symbol}")
        info = panel.instruments[key]
        rows = platform.fundamentals.asof(market, session, day, [info.id]).drop("instrument_id").to_dicts()
        uncounted = sum(row["value"] is None for row in rows)
        note = f"{LAG_NOTE}. {basis_note(uncounted)}" if uncounted else f"{LAG_NOTE}."
        found: dict[str, Any] = {
            "symbol": info.symbol_on(day),
            "asof": day,
            "point_in_time": bool(rows) and all(row["known_at_basis"] == "FILE" for row in rows),
            "note": note,
            "figures": rows,
            "share_counts": [
                row for row in platform.fundamentals.share_counts(market, session, info.id) if row["date"] <= day
            ],
            "flags": platform.fundamentals.flags(session, sorted({name for _, _, name in info.names}), day),
        }
    if as_json:
        print_json(found)
        return
    for row in rows:
        value = "unknown" if row["value"] is None else f"{row['value']:,.2f}"
        print(
            f"{row['field']:<30} {value:>24} {row['unit']:<8} {row['period_kind']:<9} {row['period_end']} "
            f"known {row['known_at']} ({row['known_at_basis']}) {row['source']}"
        )
    for flag in found["flags"]:
        print(f"{flag['date']} {flag['flag']} {flag['detail'] or ''} {flag['source']}")
    print(f"{len(rows)} figures of {found['symbol']} known on {day}. {note}")
