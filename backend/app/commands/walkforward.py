"""`smarttrader walkforward`: parameters chosen again and again, and tested on what came after, from a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.run_options import (
    BarsFile,
    End,
    Fractional,
    RunOptions,
    Start,
    span_of,
    symbols_of,
    takes_run_options,
    universe_of,
)
from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, own_catalogue, print_json
from app.commands.sweep import (
    Draws,
    DrawSeed,
    Grid,
    Param,
    RunSeed,
    grids_of,
    of_file,
    question,
    shown_progress,
)
from app.services.reports.words import plain

if TYPE_CHECKING:
    from app.engines.bars import Bars
    from app.services.sweeps.question import SweepQuestion


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("walkforward")(walkforward)
    group.command("walk-forward", hidden=True)(walkforward)  # as one says it


@takes_run_options
def walkforward(
    strategy: Annotated[str, typer.Argument(help="The id of a strategy, such as sma_cross.")],
    options: RunOptions,
    grid: Grid = None,
    train: Annotated[int, typer.Option(help="Sessions of training.")] = 504,
    test: Annotated[int, typer.Option(help="Sessions of each test.")] = 126,
    anchored: Annotated[bool, typer.Option("--anchored", help="Training begins with the period and grows.")] = False,
    metric: Annotated[str, typer.Option(help="The highest in training is chosen.")] = "sharpe",
    purge: Annotated[int, typer.Option(help="Sessions left out before each test: positions may be held.")] = 0,
    embargo: Annotated[int, typer.Option(help="Further sessions left out there.")] = 0,
    param: Param = None,
    random: Draws = None,
    seed: DrawSeed = 0,
    run_seed: RunSeed = 0,
    universe: Annotated[
        str | None, typer.Option(help="An index; @point-in-time (default) or @today after it chooses its members.")
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="Symbols instead of an index, separated by commas.")] = None,
    bars: BarsFile = None,
    fractional: Fractional = False,
    start: Start = None,
    end: End = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Choose parameters on each training window, test them on the next sessions, and put the tests together."""
    from app.exceptions import SmartTraderException

    if universe is not None and symbols is not None:
        fail("Give one of --universe and --symbols")
    options.check(bars)
    if bars is not None and (universe is not None or symbols is not None):
        fail("--universe and --symbols go with stored bars; --bars are those of a file, from --from to --to")
    if bars is None and fractional:
        fail("--fractional goes with --bars; stored bars are run in whole shares")
    market, asked = chosen_market(sample), grids_of(grid)
    index, by_date = (None, True) if universe is None else universe_of(universe)
    listed = None if symbols is None else symbols_of(symbols)
    chosen = tuple(found for found in (listed, index) if found is not None)
    first, last = span_of(start, end)
    mode = "anchored" if anchored else "rolling"
    try:
        if bars is not None:
            found = of_file(options, bars, strategy, param, asked, first, last, random, seed, run_seed, fractional)
            answer = _of_file(found, options.product, train, test, metric, mode, purge, embargo)
        else:
            with open_platform(strategies=True) as platform:
                run = question(platform, market, strategy, param, first, last, options, run_seed, by_date)
                from app.services.sweeps.question import SweepQuestion
                from app.services.sweeps.walking import WalkForwardQuestion

                search = SweepQuestion(run, asked, chosen, (), random, seed)
                spec = platform.walk_forwards.prepare(
                    market, WalkForwardQuestion(search, train, test, metric, mode, purge, embargo)
                )
                try:
                    with shown_progress() as progress:
                        platform.walk_forwards.execute(market, spec, progress=progress)
                except KeyboardInterrupt:
                    fail("Interrupted; what is worked out is kept. Go on with the same command")
                with platform.database.transaction(market) as session:
                    answer = platform.walk_forwards.stored(session, spec.walk_forward_id)
    except (SmartTraderException, ValueError) as error:
        fail(error.message if isinstance(error, SmartTraderException) else str(error))
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _of_file(
    found: tuple[Bars, dict[str, Any], SweepQuestion, list[str]], product: str | None, *walk: Any
) -> dict[str, Any]:
    from app.services.sweeps.of_file import walk_of_file
    from app.services.sweeps.walking import WalkForwardQuestion

    bars, terms, search, notes = found
    with own_catalogue() as catalogue, shown_progress() as progress:
        answer = walk_of_file(catalogue, bars, terms, product, WalkForwardQuestion(search, *walk), progress)
    notes.append(
        "A walk-forward of a file is not kept, and what it tried is in no ledger: the trials are those of this search "
        "alone."
    )
    return answer | {"notes": notes}


def _print(answer: dict[str, Any]) -> None:
    for note in answer.get("notes", ()):
        print(note)
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
    print(plain(answer["track_record"]))
    for sentence in [*answer.get("warnings", []), *answer["words"]]:
        print(plain(sentence))
    print(f"Walk-forward {answer['walk_forward_id']}")
