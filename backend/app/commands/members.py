"""`smarttrader data members | survivorship | instrument`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json

_INDEX = typer.Argument(help="An index, such as NIFTY500.")
_DAY = "YYYY-MM-DD"


def register(group: typer.Typer) -> None:
    """Add the commands to a group."""
    group.command("members")(members)
    group.command("survivorship")(survivorship)
    group.command("instrument")(instrument)


def members(
    index: Annotated[str, _INDEX],
    asof: Annotated[str | None, typer.Option(metavar=_DAY, help="The day; today by default.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Who belonged to an index on a day, under the symbols of that day."""
    from app.engines.calendar import IST
    from app.schemas.members import IndexMembersOut

    day = _date("--asof", asof) if asof is not None else datetime.now(UTC).astimezone(IST).date()
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        found = IndexMembersOut.model_validate(platform.members.members(market, session, index, day))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for member in found.members:
        print(
            f"{member.symbol:<12} {member.isin or '':<13} {member.effective_from} {member.effective_to or '':<10} "
            f"{member.basis:<8} {member.name or ''}"
            f"{'' if member.uncertain is None else '  (uncertain: ' + member.uncertain + ')'}"
        )
    expected = f" of {found.expected_count}" if found.expected_count is not None else ""
    pit = "POINT-IN-TIME" if found.point_in_time else "not point in time"
    print(f"{found.count}{expected} members of {found.name} on {found.members_of or day}: {pit}. {found.reason}")
    for note in found.notes:
        print(note)


def survivorship(
    index: Annotated[str, _INDEX],
    start: Annotated[str, typer.Option(metavar=_DAY, help="First day.")],
    end: Annotated[str, typer.Option(metavar=_DAY, help="Last day.")],
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """What an index covers over a period, and what its newest list would have missed."""
    from app.schemas.members import SurvivorshipOut

    first, last = _date("--start", start), _date("--end", end)
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        found = SurvivorshipOut.model_validate(platform.members.survivorship(market, session, index, first, last))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    covered = "" if found.covered is None else f" ({100 * found.covered:.2f} %)"
    missed = found.missed_by_today
    share = "" if missed.share is None else f" ({100 * missed.share:.2f} %)"
    print(f"{found.index}, {found.start} to {found.counted_to}: {found.sessions:,} sessions")
    print(f"{found.member_days:,} member-days of {found.instruments:,} instruments")
    print(f"{found.member_days_with_prices:,} have prices{covered}; {found.missing_member_days:,} have no known member")
    print(f"The list of {found.today.asof} would have missed {missed.member_days:,} of them{share}")
    if found.without_prices:
        print(f"{len(found.without_prices):,} members have days without a price:")
    for lacking in found.without_prices:
        print(f"  {lacking.symbol:<12} {lacking.member_days:,} member-days")
    print(f"{len(found.no_longer_traded):,} members no longer trade:")
    for gone in found.no_longer_traded:
        print(f"  {gone.symbol:<12} last traded {gone.last_session}, {gone.member_days:,} member-days")
    for note in [*found.notes, *([found.unresolved] if found.unresolved else [])]:
        print(note)


def instrument(
    symbol: Annotated[str, typer.Argument(help="A symbol, of today or of that day.")],
    asof: Annotated[str | None, typer.Option(metavar=_DAY, help="The day on which it had the symbol.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Which security had a symbol, with all its dated names, ISINs and series."""
    from app.schemas.members import InstrumentOut

    day = _date("--asof", asof) if asof is not None else None
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        found = InstrumentOut.model_validate(platform.members.instrument(market, session, symbol, day))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"{found.symbol_today}  {found.name or ''}  {found.isin or ''}  {found.type}  {found.instrument}")
    print(f"{found.first_session} to {found.last_session}. {found.status}")
    for title, values in (("symbol", found.symbols), ("name", found.names), ("ISIN", found.isins)):
        for value in values:
            print(f"  {title:<7} {value.value}  {value.valid_from} to {value.valid_to or 'now'}")
    for run in found.series:
        print(f"  series  {run.series}  {run.first_session} to {run.last_session}, {run.sessions:,} sessions")


def _date(option: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        fail(f"{option} is {value!r}, expected a day such as 2019-03-29")
