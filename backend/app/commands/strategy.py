"""`smarttrader strategy list | new`: what one can run, and the beginning of a strategy of one's own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, fail, print_json


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("list")(list_strategies)
    group.command("new")(new)


def list_strategies(as_json: JsonFlag = False) -> None:
    """All strategies, shipped and your own. Exit code 1 when a file of your own does not load; the row says why."""
    from app.services.user_strategies.catalogue import catalogue_of, listed
    from app.services.user_strategies.errors import LoadError
    from app.settings import get_settings

    catalogue = catalogue_of(get_settings())
    try:
        rows = listed(*catalogue.all())
    finally:
        catalogue.close()
    errors = [row["error"] for row in rows if row["error"] is not None]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            if row["error"] is None:
                print(f"{row['strategy_id']:<22} {row['timeframe']:<4} {row['origin']:<8} {row['display_name']}")
        for error in errors:
            print(LoadError(**error).sentence())
        print(f"Your own strategies lie in {catalogue.folder}")
    raise typer.Exit(1 if errors else 0)


def new(
    name: Annotated[str, typer.Argument(help="Its id and the name of its file: small letters, digits and _.")],
    event: Annotated[bool, typer.Option("--event", help="Asked after each bar, in Python.")] = False,
    compiled: Annotated[bool, typer.Option("--compiled", help="Asked after each bar, compiled.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write the beginning of a strategy of your own: it runs as it stands, and its comments say what to change."""
    from app.services.user_strategies.catalogue import FOLDER
    from app.services.user_strategies.starts import write_start
    from app.settings import get_settings

    if event and compiled:
        fail("Give --event or --compiled, not both")
    folder = get_settings().home / FOLDER
    try:
        path = write_start(folder, name, "compiled" if compiled else "event" if event else "vectorised")
    except ValueError as error:
        fail(str(error))
    answer: dict[str, Any] = {"strategy_id": name, "file": str(path)}
    if as_json:
        print_json(answer)
    else:
        print(f"Wrote {path}")
        print(f"Run it: smarttrader backtest {name} --universe NIFTY50 --from 2015-01-01")
        print(f"Search it for look-ahead: smarttrader strategy proof {name}")
