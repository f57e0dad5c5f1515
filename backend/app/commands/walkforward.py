"""`smarttrader walkforward`: parameters chosen again and again, and tested on what came after, from a terminal."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.commands.backtest import costs_of, span_of
from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json
from app.commands.sweep import grid_of, question, shown_progress, symbols_of


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("walkforward")(walkforward)


def walkforward(
    strategy: Annotated[str, typer.Argument(help="The id of a strategy, such as sma_cross.")],
    grid: Annotated[
        list[str], typer.Option(metavar="NAME=VALUES", help="START:STOP:STEP with both ends, or A,B,C; for each.")
    ],
    train: Annotated[int, typer.Option(help="Sessions of training.")] = 504,
    test: Annotated[int, typer.Option(help="Sessions of each test.")] = 126,
    anchored: Annotated[bool, typer.Option("--anchored", help="Training begins with the period and grows.")] = False,
    metric: Annotated[str, typer.Option(help="The highest in training is chosen.")] = "sharpe",
    purge: Annotated[int, typer.Option(help="Sessions left out before each test: positions may be held.")] = 0,
    embargo: Annotated[int, typer.Option(help="Further sessions left out there.")] = 0,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter that does not vary.")
    ] = None,
    random: Annotated[int | None, typer.Option(help="Draw so many points instead of taking all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    universe: Annotated[str | None, typer.Option(help="An index.")] = None,
    symbols: Annotated[str | None, typer.Option(help="Symbols instead of an index, separated by commas.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First session.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last session.")] = None,
    rules: Annotated[str, typer.Option("--market", help="nse, or none: without the exchange's rules.")] = "nse",
    capital: Annotated[float, typer.Option(help="Rupees to begin with.")] = 1_000_000.0,
    costs: Annotated[str, typer.Option(help="none, bps:10, zerodha or fyers.")] = "bps:10",
    slippage_bps: Annotated[float, typer.Option(help="Against us, of each price.")] = 0.0,
    sizing: Annotated[str, typer.Option(help="equity_per_member, equity_per_position, value:N or quantity:N.")] = (
        "equity_per_member"
    ),
    max_positions: Annotated[int | None, typer.Option(help="Open positions at most.")] = None,
    timeframe: Annotated[str, typer.Option(help="1m, 5m, 15m, 30m, 1h or 1d.")] = "1d",
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Choose parameters on each training window, test them on the next sessions, and put the tests together."""
    from app.exceptions import SmartTraderException

    if universe is not None and symbols is not None:
        fail("Give one of --universe and --symbols")
    market, asked = chosen_market(sample), dict(grid_of(text) for text in grid)
    chosen = ((symbols_of(symbols),) if symbols is not None else ()) or ((universe,) if universe is not None else ())
    try:
        with open_platform(strategies=True) as platform:
            run = question(
                platform, market, strategy, param, *span_of(start, end), rules=rules,
                costs=costs_of(costs), sizing=sizing, initial_capital=capital, slippage_bps=slippage_bps,
                max_positions=max_positions, timeframe=timeframe,
            )  # fmt: skip
            from app.services.sweeps.question import SweepQuestion
            from app.services.sweeps.walking import WalkForwardQuestion

            search = SweepQuestion(run, asked, chosen, (), random, seed)
            mode = "anchored" if anchored else "rolling"
            spec = platform.walk_forwards.prepare(
                market, WalkForwardQuestion(search, train, test, metric, mode, purge, embargo)
            )
            with shown_progress() as progress:
                platform.walk_forwards.execute(market, spec, progress=progress)
            with platform.database.transaction(market) as session:
                answer = platform.walk_forwards.stored(session, spec.walk_forward_id)
    except (SmartTraderException, ValueError) as error:
        fail(error.message if isinstance(error, SmartTraderException) else str(error))
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
    for row in answer["windows"]:
        params = "  ".join(f"{name}={value:g}" for name, value in (row["params"] or {}).items()) or "no choice"
        told = (row["trained"], row["tested"])
        before, after = ("-" if value is None else f"{value:.2f}" for value in told)
        print(f"{row['test_start']}..{row['test_end']}  {params:<24} {answer['metric']} {before} -> {after}")
    metrics = answer["metrics"]
    for name in ("total_return", "cagr", "volatility", "sharpe", "max_drawdown"):
        value = metrics[name]
        print(f"{name:<16} {value if value is not None else 'unknown: ' + answer['reasons'].get(name, '')}")
    for row in answer["stress"]:
        value = row["reason"] or row["metrics"]["total_return"]
        print(f"costs x{row['factor']}         total return {value}")
    print(f"The choice changed {answer['stability']['changes']} times in {answer['stability']['windows']} windows.")
    print(answer["track_record"])
    for sentence in answer["words"]:
        print(sentence)
    print(f"Walk-forward {answer['walk_forward_id']}")
