"""`smarttrader policy`: the risk policies that runs can be put under."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, fail, open_platform, print_json


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("list")(list_policies)
    group.command("new")(new)


def list_policies(as_json: JsonFlag = False) -> None:
    """Every policy with its rules."""
    from app.database import Market

    with open_platform() as platform, platform.database.transaction(Market.REAL) as session:
        found = platform.policies.all(session)
    _answer(found, as_json)


def new(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    cash_reserve: Annotated[float, typer.Option(help="Percent that stays in cash.")] = 20.0,
    max_exposure: Annotated[float, typer.Option(help="Percent invested at most.")] = 80.0,
    daily_stop: Annotated[float, typer.Option(help="Loss of a session that ends its entries: -2.")] = -2.0,
    max_strategy: Annotated[float, typer.Option(help="Percent in one strategy at most.")] = 25.0,
    sensitivity: Annotated[str, typer.Option(help="To drawdowns: LOW, MEDIUM or HIGH.")] = "MEDIUM",
    correlation_penalty: Annotated[str, typer.Option(help="NONE, LOW, MODERATE or HIGH.")] = "MODERATE",
    max_position: Annotated[float | None, typer.Option(help="Percent in one instrument at most.")] = None,
    max_sector: Annotated[float | None, typer.Option(help="Percent in one sector at most.")] = None,
    max_turnover: Annotated[float | None, typer.Option(help="Percent of the median turnover an entry.")] = None,
    max_drawdown: Annotated[float | None, typer.Option(help="Drawdown in percent that ends all entries.")] = None,
    on_breach: Annotated[str, typer.Option(help="block entries, or flatten positions as well.")] = "block",
    as_json: JsonFlag = False,
) -> None:
    """Write a policy down."""
    from app.database import Market
    from app.exceptions import SmartTraderException

    values = {
        "cash_reserve_percent": cash_reserve,
        "max_equity_exposure_percent": max_exposure,
        "daily_stop_loss_percent": daily_stop,
        "max_strategy_allocation_percent": max_strategy,
        "allocation_sensitivity": sensitivity,
        "correlation_penalty": correlation_penalty,
        "max_position_percent": max_position,
        "max_sector_percent": max_sector,
        "max_turnover_percent": max_turnover,
        "max_drawdown_percent": max_drawdown,
        "on_breach": on_breach,
    }
    try:
        with open_platform() as platform, platform.database.transaction(Market.REAL) as session:
            created = platform.policies.create(session, name, values)
    except SmartTraderException as error:
        fail(error.message)
    _answer([created], as_json, one=True)


def _answer(found: list[dict[str, Any]], as_json: bool, *, one: bool = False) -> None:
    if as_json:
        rows = [{**row, "created_at": row["created_at"].isoformat()} for row in found]
        print_json(rows[0] if one else rows)
        return
    for row in found:
        rules = ", ".join(
            f"{key} {value}" for key, value in row.items()
            if key not in ("id", "name", "notes", "created_at") and value is not None
        )  # fmt: skip
        print(f"{row['id']}  {row['name']}: {rules}")
        for note in row["notes"]:
            print(f"    {note}")
    if not found:
        print("There is no policy yet: smarttrader policy new NAME")
