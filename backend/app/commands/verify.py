"""`data verify`: how far inferred corporate actions can be trusted, on the data of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, open_platform, print_json

if TYPE_CHECKING:
    from app.services.importing.blind_test import Case, Verification
    from app.services.importing.independent import Comparison


_APART = ("INDEX_SOURCES_DISAGREE", "INTRADAY_DISAGREES")


def register(group: typer.Typer) -> None:
    """Add the command to a group."""
    group.command("verify")(verify_data)


def verify_data(
    closes: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Another source's closes, adjusted for splits: CSV (symbol, date, close) or JSON by date and symbol.",
        ),
    ] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Hide the listed splits and bonuses, infer them from prices, and compare. Exit code 1 when one came out wrong.

    With --closes our adjusted closes are held against another source's too, and each disagreement is explained.
    """
    from app.repositories import findings
    from app.services.importing.blind_test import verify
    from app.services.importing.independent import compare
    from app.services.importing.other_closes import read_closes

    points = [(path.name, read_closes(path)) for path in closes or ()]
    market = chosen_market(sample)
    with open_platform() as platform:
        platform.database.migrate(market)
        with platform.database.engine(market).connect() as connection:
            result = verify(connection)
            compared = [compare(connection, name, own) for name, own in points]
            apart = [(row.rule, row.message) for row in findings.of_rules(connection, _APART)]
            connection.rollback()
    if as_json:
        told = [{"rule": rule, "message": message} for rule, message in apart]
        print_json(result.to_dict() | {"closes": [asdict(one) for one in compared], "sources_apart": told})
    else:
        _show(result)
        if apart:
            print("\nSources of index and intraday bars that disagree; daily bars are those of the daily files:")
        for _, message in apart:
            print(f"  {message}")
        for one in compared:
            _show_closes(one)
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


def _show_closes(one: Comparison) -> None:
    print(f"\n{one.file}: {one.closes:,} closes of another source, {one.without_bar:,} of days without a bar here")
    print(
        f"  {one.agree:>6,} of {one.compared:,} agree within 1 %, {one.exact:,} within 0.1 %; {one.adjusted:,} of the"
    )
    print("         agreeing ones lie before a split or bonus")
    print(f"  {one.largest[0]:>6,} of {one.largest[1]:,} of the fifty largest companies agree")
    odd = [row for row in one.disagreements if row.large]
    if odd:
        unexplained = sum(row.days for row in odd if not row.explained)
        print(f"         {sum(row.days for row in odd):,} of them do not, {unexplained:,} without an explanation")
    for row in one.disagreements:
        span = str(row.first) if row.days == 1 else f"{row.first} to {row.last}, {row.days} days"
        print(f"  {row.symbol:<12} {span}: theirs is {row.ratio:g} of ours; {row.why}")


def _table(title: str, cases: Sequence[Case]) -> None:
    if not cases:
        return
    print(f"\n{title}:")
    for case in cases:
        listed = "" if case.listed is None else f"listed {case.listed:g}"
        inferred = "" if case.inferred is None else f"inferred {case.inferred:g}, known {case.known_at}"
        print(f"  {case.ex_date}  {case.symbol:<12} {listed:<14} {inferred:<32} {'; '.join(case.rules)}".rstrip())
