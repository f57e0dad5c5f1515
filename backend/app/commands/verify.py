"""`data verify`: how far inferred corporate actions can be trusted, on the data of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, open_platform, print_json

if TYPE_CHECKING:
    from app.services.importing.blind_test import Case, Verification


def register(group: typer.Typer) -> None:
    """Add the command to a group."""
    group.command("verify")(verify_data)


def verify_data(sample: SampleFlag = False, as_json: JsonFlag = False) -> None:
    """Hide the listed splits and bonuses, infer them from prices, and compare. Exit code 1 when one came out wrong."""
    from app.services.importing.blind_test import verify

    market = chosen_market(sample)
    with open_platform() as platform:
        platform.database.migrate(market)
        with platform.database.engine(market).connect() as connection:
            result = verify(connection)
            connection.rollback()
    if as_json:
        print_json(result.to_dict())
    else:
        _show(result)
    raise typer.Exit(1 if result.blind.wrong else 0)


def _show(result: Verification) -> None:
    blind = result.blind
    print(f"Blind test on {blind.known:,} listed splits and bonuses since {blind.since}, their lists hidden:")
    print(f"  {blind.right:>6,} inferred with the right factor")
    print(f"  {len(blind.wrong):>6,} inferred with a wrong factor")
    print(f"  {len(blind.quarantined):>6,} left in quarantine as unexplained moves")
    print(f"  {len(blind.unseen):>6,} missed: too small a move to be seen (below 22 %)")
    span = "no list of the exchange" if result.listed_from is None else f"{result.listed_from} to {result.listed_to}"
    print(f"Inferred where no list names an action, of {result.large_moves:,} large moves in {result.sessions:,} rows:")
    print(f"  {len(blind.taken):>6,} inside the exchange's list ({span}); each needs a look")
    print(f"  {len(blind.beyond):>6,} outside it")
    for title, cases in (
        ("Wrong", blind.wrong),
        ("Not in the exchange's list", blind.taken),
        ("Outside the list", blind.beyond),
        ("Left in quarantine", blind.quarantined),
        ("Missed", blind.unseen),
    ):
        _table(title, cases)
    print("\nStored, by year of the ex-date:")
    for year, counts in result.tiers.items():
        print(f"  {year}  " + ", ".join(f"{tier} {count:,}" for tier, count in sorted(counts.items())))


def _table(title: str, cases: Sequence[Case]) -> None:
    if not cases:
        return
    print(f"\n{title}:")
    for case in cases:
        listed = "" if case.listed is None else f"listed {case.listed:g}"
        inferred = "" if case.inferred is None else f"inferred {case.inferred:g}, known {case.known_at}"
        print(f"  {case.ex_date}  {case.symbol:<12} {listed:<14} {inferred:<32} {'; '.join(case.rules)}".rstrip())
