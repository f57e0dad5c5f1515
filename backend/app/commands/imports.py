"""Commands about what was imported before: `smarttrader data remove | refresh`."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("remove")(remove)
    group.command("refresh")(refresh)


def refresh(sample: SampleFlag = False, as_json: JsonFlag = False) -> None:
    """Work out identity, membership and factors anew where an older version did, or an import was cut short.

    A file that an older version read is named by `data status`, and read anew when it is imported again.
    """
    from app.repositories import files
    from app.services.importing.readers import READERS

    market = chosen_market(sample)
    with open_platform() as platform:
        done = platform.data.refresh(market, lambda _fraction, _message: None)
        with platform.database.transaction(market) as session:
            stale = [file.name for file in files.stale_files(session.connection(), READERS)]
    if as_json:
        print_json({"worked_out": done, "stale_files": stale})
        return
    print("Worked out anew" if done else "Nothing was to be worked out")
    for name in stale:
        print(f"Import again, an older version read it: {name}")


def remove(
    file: Annotated[str, typer.Argument(help="Name of an imported file, or the beginning of its SHA-256.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Take an imported file out again: its rows go, and rows of other files that had lost to them count again."""
    from app.services.importing import removal

    market = chosen_market(sample)
    with open_platform() as platform:
        engine = platform.database.engine(market)
        found = removal.find(engine, file)
        if not yes:
            if as_json:
                fail("Say --yes to remove a file with --json: nothing is asked then")
            days = f" of {found.first_date} to {found.last_date}" if found.first_date else ""
            typer.confirm(f"Remove {found.name} ({found.kind}, {found.rows:,} rows{days})?", abort=True)
        removed = removal.remove(engine, found.sha256)
        platform.panels.refresh(market)
    if as_json:
        print_json({"removed": removed.name, "sha256": removed.sha256, "kind": removed.kind, "rows": removed.rows})
    else:
        print(f"Removed {removed.name}: {removed.rows:,} rows")
