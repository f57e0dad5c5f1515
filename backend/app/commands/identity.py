"""`smarttrader data identity`: symbols that are one security though no list says so."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal, cast

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


class Verb(enum.StrEnum):
    """What can be decided."""

    JOIN = "join"
    SEPARATE = "separate"
    UNDO = "undo"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("identity")(identity)


def identity(
    verb: Annotated[Verb | None, typer.Argument(case_sensitive=False, help="Without it, what there is.")] = None,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="OLD NEW | ID", help="Two symbols, or a decision to undo.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for whoever reads it later.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Symbols joined by inference and those left as two, each with its evidence; join two, or part them."""
    names = names or []
    wanted = {None: 0, Verb.UNDO: 1}.get(verb, 2)
    if len(names) != wanted:
        fail(f"data identity {verb or ''} takes {('nothing more', 'the ID of a decision', 'OLD and NEW')[wanted]}")
    market = chosen_market(sample)
    with open_platform() as platform:
        if verb is None:
            with platform.database.transaction(market) as session:
                found = platform.identity.told(session)
            if as_json:
                print_json(found)
            else:
                _print(found)
            return
        if verb is Verb.UNDO:
            if not names[0].isdecimal():
                fail(f"{names[0]!r} is no ID of a decision, expected a number")
            made = platform.identity.undo(market, int(names[0]))
        else:
            decision = cast(Literal["JOIN", "SEPARATE"], verb.name)
            made = platform.identity.decide(market, names[0], names[1], decision, reason)
    if as_json:
        print_json(made)
        return
    state = "was undone" if verb is Verb.UNDO else "stands"
    print(f"Decision {made['id']} {state}: {made['decision']} {made['old_symbol']} {made['new_symbol']}")


def _print(found: dict[str, Any]) -> None:
    for pair in found["pairs"]:
        print(f"{'JOINED' if pair['joined'] else 'TWO':<7} {pair['evidence']}")
    for one in found["decisions"]:
        why = f": {one['reason']}" if one["reason"] else ""
        print(f"Decision {one['id']}  {one['decision']} {one['old_symbol']} {one['new_symbol']}{why}")
    print(f"{len(found['pairs'])} pairs, {len(found['decisions'])} decisions")
