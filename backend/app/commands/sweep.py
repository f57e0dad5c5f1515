"""`smarttrader sweep`: a search over parameters from a terminal, here or on a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.backtest import params_of
from app.commands.run_options import (
    BarsFile,
    End,
    Fractional,
    RunOptions,
    Start,
    date_of,
    number_of,
    policy_of,
    span_of,
    symbols_of,
    takes_run_options,
    universe_of,
)
from app.commands.shared import (
    JsonFlag,
    SampleFlag,
    chosen_market,
    fail,
    open_platform,
    own_catalogue,
    print_json,
    say_of_compiling,
    write_file,
)

if TYPE_CHECKING:
    from app.database import Market
    from app.engines.bars import Bars
    from app.services.backtests.question import BacktestQuestion
    from app.services.platform import Platform
    from app.services.sweeps.question import SweepQuestion
    from app.services.sweeps.tables import EveryPoint

Grid = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUES", help="START:STOP:STEP with both ends, or A,B,C; for each that varies."),
]
Param = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter that does not vary.")]
Draws = Annotated[int | None, typer.Option(help="Draw so many points instead of taking all.")]
DrawSeed = Annotated[int, typer.Option(help="Of the draw of points.")]
RunSeed = Annotated[int, typer.Option(help="Of whatever draws at random in a run.")]

_SHOWN = ("sharpe", "total_return", "max_drawdown", "trades")
_TOP = 10


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("sweep")(sweep)


@takes_run_options
def sweep(
    options: RunOptions,
    strategy: Annotated[str | None, typer.Argument(help="The id of a strategy, such as sma_cross.")] = None,
    grid: Grid = None,
    param: Param = None,
    random: Draws = None,
    seed: DrawSeed = 0,
    run_seed: RunSeed = 0,
    universe: Annotated[
        list[str] | None, typer.Option(help="An index, @today after it for its members of today; may be repeated.")
    ] = None,
    symbols: Annotated[
        list[str] | None, typer.Option(help="Symbols instead of an index, separated by commas; may be repeated.")
    ] = None,
    start: Start = None,
    end: End = None,
    period: Annotated[
        list[str] | None, typer.Option(metavar="FROM:TO", help="Instead of --from and --to; may be repeated.")
    ] = None,
    bars: BarsFile = None,
    fractional: Fractional = False,
    out: Annotated[
        Path | None, typer.Option(help="Write every point to this file; its ending says how: .csv, .parquet or .json.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler to work on (extra `cluster`).")
    ] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a sweep that was interrupted.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a strategy with every combination of some parameters, and say how much of the best is the search."""
    from app.exceptions import SmartTraderException
    from app.services.sweeps.tables import ENDINGS

    if (strategy is None) == (resume is None):
        fail("Name a strategy to search, or --resume with the id of a sweep")
    if resume is not None and (grid or param or random is not None):
        fail("--resume goes on with what was asked: it takes no --grid, --param or --random")
    if out is not None and out.suffix.lower() not in ENDINGS:
        fail(f"--out {out}: expected a name that ends with .csv, .parquet or .json")
    if out is not None and not out.absolute().parent.is_dir():
        fail(f"--out {out}: there is no folder {out.parent}")
    market = chosen_market(sample)
    asked = {} if resume is not None else grids_of(grid)
    indices = [universe_of(text) for text in universe or []]
    if len({by_date for _, by_date in indices}) > 1:
        fail("--universe: members as of each date or those of today, for all of them alike")
    universes = tuple([index for index, _ in indices] + [symbols_of(text) for text in symbols or []])
    periods = tuple(_period(text) for text in period or [])
    first, last = span_of(start, end)
    options.check(bars)
    if bars is not None:
        for given, name in (
            (universe or symbols, "--universe and --symbols go"),
            (period, "--period goes"),
            (scheduler, "--scheduler goes"),
            (resume, "--resume goes"),
        ):
            if given:
                fail(f"{name} with stored bars; --bars are those of a file, from --from to --to")
    elif fractional:
        fail("--fractional goes with --bars; stored bars are run in whole shares")
    try:
        if bars is not None and strategy is not None:
            found = of_file(options, bars, strategy, param, asked, first, last, random, seed, run_seed, fractional)
            answer, every = _of_file(found, options.product)
        else:
            from app.services.sweeps.question import SweepQuestion
            from app.services.sweeps.tables import EveryPoint

            with open_platform(strategies=True) as platform:
                if strategy is None:
                    assert resume is not None
                    sweep_id = resume
                else:
                    by_date = all(by_date for _, by_date in indices)
                    run = question(platform, market, strategy, param, first, last, options, run_seed, by_date)
                    sweep_id = platform.sweeps.keep(market, SweepQuestion(run, asked, universes, periods, random, seed))
                _work(platform, market, sweep_id, scheduler)
                answer = _answer(platform, market, sweep_id)
                if out is not None:
                    with platform.database.transaction(market) as session:
                        every = EveryPoint.of(platform.sweeps.reading.found(market, session, sweep_id), market)
    except (SmartTraderException, ValueError) as error:
        fail(error.message if isinstance(error, SmartTraderException) else str(error))
    if out is not None:
        write_file(out, every.written(out))
        print(f"{answer['points']:,} points in {out}", file=sys.stderr)
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def question(
    platform: Platform, market: Market, strategy: str, param: list[str] | None, start: date | None, end: date | None,
    options: RunOptions, seed: int, by_date: bool = True,
) -> BacktestQuestion:  # fmt: skip
    """The run that a search varies; without dates, over all that is stored."""
    panel = platform.panels.current(market)
    if not panel.chunks:
        fail("There are no prices: import some first, or take --sample")
    return options.question(
        platform, (strategy,), platform.catalogue.find(strategy).universe,
        start or panel.sessions[0].astype(object), end or panel.sessions[-1].astype(object), seed,
        params=params_of([strategy], param or []), asof_members=by_date,
    )  # fmt: skip


def of_file(
    options: RunOptions, path: Path, name: str, param: list[str] | None, grid: dict[str, Any], first: date | None,
    last: date | None, draws: int | None, seed: int, run_seed: int, fractional: bool,
) -> tuple[Bars, dict[str, Any], SweepQuestion, list[str]]:  # fmt: skip
    """The bars of a file, what a search over them asks beside its books, its question, and what is to be said."""
    from app.engines.backtest import Sizing, UniverseSpec
    from app.services.backtests.question import BacktestQuestion
    from app.services.bar_files import read_bars
    from app.services.sweeps.question import SweepQuestion

    terms = options.terms(run_seed) | {"costs": options.charges(), "fractional": fractional}
    if options.policy not in (None, "none"):
        with open_platform() as platform:
            terms["policy"] = policy_of(platform, options.policy)
    found, told = read_bars(path, timeframe=options.timeframe, start=first, end=last)
    days = found.sessions.astype("datetime64[D]").astype(object)
    start, end = first or days[found.start], last or days[-1]
    params = params_of([name], param or [])
    question = SweepQuestion(BacktestQuestion((name,), params, found.symbols, start, end), grid, draws=draws, seed=seed)
    terms |= {
        "universe": UniverseSpec(symbols=found.symbols), "start": start, "end": end, "timeframe": found.timeframe,
        "sizing": Sizing(*options.size()),
    }  # fmt: skip
    say_of_compiling()
    return found, terms, question, [f"The bars are those of {path.name}; no exchange stands behind them.", *told]


def _of_file(
    found: tuple[Bars, dict[str, Any], SweepQuestion, list[str]], product: str | None
) -> tuple[dict[str, Any], EveryPoint]:
    from app.services.sweeps.of_file import sweep_of_file

    bars, terms, search, notes = found
    with own_catalogue() as catalogue, shown_progress() as progress:
        answer, every = sweep_of_file(catalogue, bars, terms, product, search, _TOP, progress)
    notes.append(
        "A sweep of a file is not kept, and its points are in no ledger: the trials are those of this search alone."
    )
    return answer | {"notes": notes}, every


def grids_of(texts: list[str] | None) -> dict[str, Any]:
    """The values of each parameter that varies, each given once."""
    grids = [grid_of(text) for text in texts or []]
    names = [name for name, _ in grids]
    for name in names:
        if names.count(name) > 1:
            fail(f"--grid {name}: given twice; name its values once")
    if not grids:
        fail("--grid is missing: expected NAME=START:STOP:STEP or NAME=A,B,C for each parameter that varies")
    return dict(grids)


def grid_of(text: str) -> tuple[str, Any]:
    """NAME=START:STOP:STEP or NAME=A,B,C."""
    name, sign, values = text.partition("=")
    if not sign or not name or not values:
        fail(f"--grid {text}: expected NAME=START:STOP:STEP or NAME=A,B,C")
    parts = values.split(":")
    if len(parts) == 1:
        return name, [number_of(f"--grid {name}", value) for value in values.split(",")]
    if len(parts) != 3:
        fail(f"--grid {text}: expected START:STOP:STEP, got {len(parts)} parts")
    ends = [number_of(f"--grid {name}", part) for part in parts]
    return name, dict(zip(("start", "stop", "step"), ends, strict=True))


def _period(text: str) -> tuple[date, date]:
    first, colon, last = text.partition(":")
    start, end = date_of("--period", first), date_of("--period", last or None)
    if not colon or start is None or end is None:
        fail(f"--period {text}: expected YYYY-MM-DD:YYYY-MM-DD")
    return start, end


@contextmanager
def shown_progress() -> Iterator[Callable[[float, str], None]]:
    """A bar on standard error while something is worked out."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Beginning", total=1.0)
        yield lambda fraction, message: bar.update(task, completed=fraction, description=message)


def _work(platform: Platform, market: Market, sweep_id: str, scheduler: str | None) -> None:
    try:
        with shown_progress() as progress:
            platform.sweeps.run_here(market, sweep_id, progress, scheduler)
    except KeyboardInterrupt:
        fail(f"Interrupted; what is worked out is kept. Go on with: smarttrader sweep --resume {sweep_id}")


def _answer(platform: Platform, market: Market, sweep_id: str) -> dict[str, Any]:
    reading = platform.sweeps.reading
    with platform.database.transaction(market) as session:
        points, _ = reading.points(
            market, session, sweep_id, sort_by="sharpe", descending=True, base=None, page=1, limit=_TOP
        )
        return {
            **reading.summary(session, sweep_id),
            "top": points,
            "overfitting": reading.overfitting(market, session, sweep_id),
        }


def _print(answer: dict[str, Any]) -> None:
    for note in answer.get("notes", ()):
        print(note)
    print(f"Sweep {answer['sweep_id']}: {answer['points']} points of {answer['strategy_id']}")
    if answer["refused"]:
        print(f"{answer['refused']} combinations are no point; the first: {answer['skipped'][0]['reason']}")
    for point in answer["top"]:
        params = "  ".join(f"{name}={value:g}" for name, value in point["params"].items())
        told = "  ".join(
            f"{name} {'-' if (value := point['metrics'][name]) is None else f'{value:.4g}'}" for name in _SHOWN
        )
        base = answer["bases"][point["base"]]
        print(f"  #{point['number']:<6} {params}  {told}  {base['universe']} {base['start_date']}..{base['end_date']}")
    for doubt in answer["overfitting"]["bases"]:
        base = answer["bases"][doubt["base"]]
        where = f"{base['universe']} {base['start_date']}..{base['end_date']}"
        if doubt["pbo"] is None:
            print(f"{where}: overfitting unknown: {doubt['reason']}")
            continue
        spa, pbo = doubt["spa"], doubt["pbo"]
        said = [f"probability of overfitting {pbo['probability']:.2f}"] if pbo["probability"] is not None else []
        said += [f"p of no point earning anything {spa['consistent']:.3f}"] if spa["consistent"] is not None else []
        if doubt["best"] is not None:
            left = doubt["best"]["significance"]
            if left["deflated_sharpe"] is not None:
                said.append(f"deflated Sharpe of the best {left['deflated_sharpe']:.2f} after {left['trials']} trials")
        print(f"{where}: {'; '.join(said)} (of {doubt['configurations']} of {doubt['points']} points)")
