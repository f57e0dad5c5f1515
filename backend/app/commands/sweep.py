"""`smarttrader sweep`: a search over parameters from a terminal, here or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.backtest import costs_of, date_of, number_of, params_of, policy_of, span_of
from app.commands.run_options import (
    BarsFile,
    BrokerageCap,
    BrokerageFlat,
    BrokeragePercent,
    Capital,
    Costs,
    Depository,
    FillAt,
    Fractional,
    ImpactBps,
    MaxPositions,
    PolicyName,
    Product,
    SettleNextSession,
    Sizes,
    SlippageBps,
    StrictActions,
    Timeframe,
    Unfilled,
    VolumeCap,
)
from app.commands.shared import (
    JsonFlag,
    SampleFlag,
    chosen_market,
    fail,
    open_platform,
    print_json,
    say_of_compiling,
)

if TYPE_CHECKING:
    from app.database import Market
    from app.engines.backtest import CostSpec
    from app.services.backtests.question import BacktestQuestion
    from app.services.platform import Platform

_SHOWN = ("sharpe", "total_return", "max_drawdown", "trades")
_TOP = 10


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("sweep")(sweep)


def sweep(
    strategy: Annotated[str | None, typer.Argument(help="The id of a strategy, such as sma_cross.")] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUES", help="START:STOP:STEP with both ends, or A,B,C; for each that varies."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter that does not vary.")
    ] = None,
    random: Annotated[int | None, typer.Option(help="Draw so many points instead of taking all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    universe: Annotated[list[str] | None, typer.Option(help="An index; may be repeated.")] = None,
    symbols: Annotated[
        list[str] | None, typer.Option(help="Symbols instead of an index, separated by commas; may be repeated.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First session.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last session.")] = None,
    period: Annotated[
        list[str] | None, typer.Option(metavar="FROM:TO", help="Instead of --from and --to; may be repeated.")
    ] = None,
    bars: BarsFile = None,
    rules: Annotated[str | None, typer.Option("--market", help="nse or none; none for --bars.")] = None,
    capital: Capital = 1_000_000.0,
    costs: Costs = "bps:10",
    brokerage_percent: BrokeragePercent = None,
    brokerage_cap: BrokerageCap = None,
    brokerage_flat: BrokerageFlat = None,
    depository: Depository = None,
    slippage_bps: SlippageBps = 0.0,
    volume_cap: VolumeCap = None,
    timeframe: Timeframe = None,
    product: Product = None,
    settle_next_session: SettleNextSession = False,
    impact_bps: ImpactBps = 0.0,
    unfilled: Unfilled = "cancel",
    strict_actions: StrictActions = False,
    sizing: Sizes = "equity_per_member",
    max_positions: MaxPositions = None,
    fill_at: FillAt = "next_open",
    policy: PolicyName = None,
    fractional: Fractional = False,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="A Dask scheduler to work on (extra `cluster`).")
    ] = None,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a sweep that was interrupted.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a strategy with every combination of some parameters, and say how much of the best is the search."""
    from app.exceptions import SmartTraderException

    if (strategy is None) == (resume is None):
        fail("Name a strategy to search, or --resume with the id of a sweep")
    if resume is not None and (grid or param or random is not None):
        fail("--resume goes on with what was asked: it takes no --grid, --param or --random")
    market = chosen_market(sample)
    grids = [grid_of(text) for text in grid or []]
    asked = dict(grids)
    if len(asked) < len(grids):
        names = [name for name, _ in grids]
        fail(f"--grid {next(name for name in names if names.count(name) > 1)}: given twice; name its values once")
    if strategy is not None and not asked:
        fail("--grid is missing: expected NAME=START:STOP:STEP or NAME=A,B,C for each parameter that varies")
    universes = tuple((universe or []) + [symbols_of(text) for text in symbols or []])
    periods = tuple(_period(text) for text in period or [])
    first, last = span_of(start, end)
    if rules not in (None, "none", "nse"):
        fail(f"--market {rules}: expected nse or none")
    terms: dict[str, Any] = {
        "initial_capital": capital,
        "slippage_bps": slippage_bps,
        "impact_bps": impact_bps,
        "volume_cap": volume_cap,
        "unfilled": unfilled,
        "settle_next_session": settle_next_session,
        "max_positions": max_positions,
        "fill_at": fill_at,
    }
    if bars is not None:
        for given, name in (
            (universe or symbols, "--universe and --symbols go"),
            (period, "--period goes"),
            (rules == "nse", "--market nse goes"),
            (strict_actions, "--strict-actions goes"),
            (scheduler, "--scheduler goes"),
            (resume, "--resume goes"),
        ):
            if given:
                fail(f"{name} with stored bars; --bars are those of a file, from --from to --to")
    elif fractional:
        fail("--fractional goes with --bars; stored bars are run in whole shares")
    try:
        charges = costs_of(costs, brokerage_percent, brokerage_cap, brokerage_flat, depository)
        if bars is not None and strategy is not None:
            answer = _of_file(
                strategy, bars, param, asked, first, last, timeframe, random, seed,
                terms | {"costs": charges, "sizing": sizing, "fractional": fractional}, product, policy,
            )  # fmt: skip
        else:
            with open_platform(strategies=True) as platform:
                if strategy is None:
                    assert resume is not None
                    sweep_id = resume
                else:
                    run = question(
                        platform, market, strategy, param, first, last, rules=rules or "nse", costs=charges,
                        sizing=sizing, timeframe=timeframe or "1d", product=product, strict_actions=strict_actions,
                        policy=policy_of(platform, policy), **terms,
                    )  # fmt: skip
                    from app.services.sweeps.question import SweepQuestion

                    sweep_id = platform.sweeps.keep(market, SweepQuestion(run, asked, universes, periods, random, seed))
                _work(platform, market, sweep_id, scheduler)
                answer = _answer(platform, market, sweep_id)
    except (SmartTraderException, ValueError) as error:
        fail(error.message if isinstance(error, SmartTraderException) else str(error))
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def question(
    platform: Platform, market: Market, strategy: str, param: list[str] | None, start: date | None, end: date | None, *,
    rules: str, costs: CostSpec, sizing: str, **common: Any,
) -> BacktestQuestion:  # fmt: skip
    """The run that a search varies; without dates, over all that is stored."""
    from app.services.backtests.question import BacktestQuestion

    panel = platform.panels.current(market)
    if not panel.chunks:
        fail("There are no prices: import some first, or take --sample")
    kind, colon, amount = sizing.partition(":")
    chosen = platform.catalogue.find(strategy)
    return BacktestQuestion(
        strategy_ids=(strategy,),
        params=params_of([strategy], param or []),
        universe=chosen.universe,
        start=start or panel.sessions[0].astype(object),
        end=end or panel.sessions[-1].astype(object),
        sizing=kind,
        sizing_value=number_of("--sizing", amount) if colon else None,
        costs=costs,
        market=rules,
        **common,
    )


def _of_file(
    name: str, path: Path, param: list[str] | None, grid: dict[str, Any], first: date | None, last: date | None,
    timeframe: str | None, draws: int | None, seed: int, terms: dict[str, Any], product: str | None, policy: str | None,
) -> dict[str, Any]:  # fmt: skip
    from app.engines.backtest import Sizing, UniverseSpec
    from app.services.backtests.question import BacktestQuestion
    from app.services.bar_files import read_bars
    from app.services.sweeps.of_file import sweep_of_file
    from app.services.sweeps.question import SweepQuestion
    from app.services.user_strategies.catalogue import catalogue_of
    from app.settings import get_settings

    if policy not in (None, "none"):
        with open_platform() as platform:
            terms["policy"] = policy_of(platform, policy)
    kind, colon, amount = terms["sizing"].partition(":")
    found, told = read_bars(path, timeframe=timeframe, start=first, end=last)
    days = found.sessions.astype("datetime64[D]").astype(object)
    start, end = first or days[found.start], last or days[-1]
    params = params_of([name], param or [])
    question = SweepQuestion(BacktestQuestion((name,), params, found.symbols, start, end), grid, draws=draws, seed=seed)
    terms |= {
        "universe": UniverseSpec(symbols=found.symbols), "start": start, "end": end, "timeframe": found.timeframe,
        "sizing": Sizing(kind, number_of("--sizing", amount) if colon else None),
    }  # fmt: skip
    say_of_compiling()
    catalogue = catalogue_of(get_settings())
    try:
        with shown_progress() as progress:
            answer = sweep_of_file(catalogue, found, terms, product, question, _TOP, progress)
    finally:
        catalogue.close()
    notes = [
        f"The bars are those of {path.name}; no exchange stands behind them.",
        *told,
        "A sweep of a file is not kept, and its points are in no ledger: the trials are those of this search alone.",
    ]
    return answer | {"notes": notes}


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


def symbols_of(text: str) -> tuple[str, ...]:
    """Symbols separated by commas."""
    found = tuple(text.replace(",", " ").split())
    if not found:
        fail("--symbols is empty: expected symbols separated by commas")
    return found


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
