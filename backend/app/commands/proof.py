"""`smarttrader strategy proof`: search a strategy for look-ahead."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("proof")(proof)


def proof(
    strategy: Annotated[str | None, typer.Argument(help="The id of a strategy, such as sma_cross.")] = None,
    param: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter; may be repeated.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="1d, 15m, 5m, …; else the strategy's own.")] = None,
    run: Annotated[str | None, typer.Option(help="Search on the bars of this run, with its parameters.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Search a strategy for look-ahead: cut the future off at every bar of a small market, and alter it.

    With --run on the bars of a stored run, at all rebalances or some bars. Exit code 1 when it did not pass.
    """
    from app.engines.evidence.lookahead import PASSED
    from app.engines.evidence.lookahead_panel import TIMEFRAMES
    from app.services.proofs import ensure_proof

    if timeframe is not None and timeframe not in TIMEFRAMES:
        fail(f"--timeframe {timeframe}: expected one of {', '.join(TIMEFRAMES)}")
    if (strategy is None) == (run is None):
        fail("Give the id of a strategy, or --run")
    if run is not None and (param or timeframe):
        fail("--param and --timeframe do not go with --run: its own are taken")
    values = dict(_named(text) for text in param or [])
    market = chosen_market(sample)
    with open_platform(strategies=True) as platform:
        if strategy is not None:
            found, transaction = platform.catalogue.find(strategy), partial(platform.database.transaction, market)
            reports = [{"strategy_id": strategy, **ensure_proof(transaction, found, values, timeframe)}]
        else:
            reports = platform.backtests.proofs_on_bars(market, str(run))
    if as_json:
        print_json(reports[0] if strategy is not None else reports)
    else:
        for report in reports:
            _print(report)
    raise typer.Exit(0 if all(report["outcome"] == PASSED for report in reports) else 1)


def _named(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        fail(f"--param {text}: expected NAME=VALUE with a number")


def _print(report: dict[str, Any]) -> None:
    given = ", ".join(f"{name} {value:g}" for name, value in report["params"].items())
    print(f"{report['strategy_id']} ({given}): {report['outcome'].upper().replace('_', ' ')}")
    print(f"{report['sentence']}.")
    tested = report["tested"]
    decided = ", ".join(f"{count} {name}" for name, count in tested["decisions"].items()) or "none"
    ports = ", ".join(tested["ports"]) or "bars alone"
    print(f"Decisions seen: {decided}. Read: {ports}. Method {tested['version']}, seed {tested['seed']}.")
