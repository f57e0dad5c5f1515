"""`smarttrader backtest` and `smarttrader verify`: a run from a terminal, and the proof that it still says the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.run_options import (
    BarsFile,
    End,
    Fractional,
    RunOptions,
    Start,
    number_of,
    policy_of,
    span_of,
    symbols_of,
    takes_run_options,
    universe_of,
)
from app.commands.run_text import print_run
from app.commands.shared import (
    JsonFlag,
    SampleFlag,
    chosen_market,
    fail,
    open_platform,
    own_catalogue,
    print_json,
    say_of_compiling,
)

if TYPE_CHECKING:
    from app.services.user_strategies.catalogue import Catalogue


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("backtest")(backtest)
    group.command("verify")(verify)


@takes_run_options
def backtest(
    strategy: Annotated[
        str, typer.Argument(help="The id of a strategy, such as sma_cross; several in one account: with commas.")
    ],
    options: RunOptions,
    universe: Annotated[
        str | None, typer.Option(help="An index; @point-in-time (default) or @today after it chooses its members.")
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="Symbols instead of an index, separated by commas.")] = None,
    bars: BarsFile = None,
    start: Start = None,
    end: End = None,
    allocations: Annotated[
        str | None, typer.Option(metavar="ID=SHARE,…", help="Of several strategies: fractions of the capital.")
    ] = None,
    fractional: Fractional = False,
    seed: Annotated[int, typer.Option(help="Of whatever draws at random.")] = 0,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter; of several strategies: ID.NAME=VALUE.")
    ] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a strategy: on the members of an index, on symbols, or on the bars of a file."""
    from app.exceptions import SmartTraderException

    ids = _ids(strategy)
    params = params_of(ids, param or [])
    shares = None if allocations is None else _allocations(ids, allocations)
    first, last = span_of(start, end)
    if (bars is not None) + (universe is not None) + (symbols is not None) > 1:
        fail("Give one of --universe, --symbols and --bars")
    options.check(bars)
    if fractional and bars is None:
        fail("--fractional goes with --bars; stored bars are run in whole shares")
    try:
        say_of_compiling()
        if bars is not None:
            with own_catalogue() as catalogue:
                answer = _of_file(catalogue, bars, params, shares, first, last, options, fractional, seed)
        else:
            answer = _of_market(params, universe, symbols, first, last, options, shares, seed, sample)
    except SmartTraderException as error:
        fail(error.message)
    except ValueError as error:
        fail(str(error))
    if as_json:
        print_json(answer)
    else:
        print_run(answer, stored=bars is None)


def _of_market(
    params: dict[str, dict[str, float]], universe: str | None, symbols: str | None, first: date | None,
    last: date | None, options: RunOptions, shares: dict[str, float] | None, seed: int, sample: bool,
) -> dict[str, Any]:  # fmt: skip
    market = chosen_market(sample)
    index, by_date = universe_of("NIFTY50" if universe is None else universe)
    listed = None if symbols is None else symbols_of(symbols)
    with open_platform(strategies=True) as platform:
        panel = platform.panels.current(market)
        if not panel.chunks:
            fail("There is no price data yet: import exchange files first (smarttrader data import)")
        question = options.question(
            platform, tuple(params), listed or index, first or panel.sessions[0].astype(object),
            last or panel.sessions[-1].astype(object), seed, params=params, asof_members=by_date, allocations=shares,
        )  # fmt: skip
        with platform.database.transaction(market) as session:
            spec = platform.backtests.prepare(market, session, question)
        platform.backtests.execute(market, spec)
        with platform.database.transaction(market) as session:
            return _answer(platform.runs.stored(session, spec.run_id))


def _of_file(
    catalogue: Catalogue, path: Path, params: dict[str, dict[str, float]], shares: dict[str, float] | None,
    first: date | None, last: date | None, options: RunOptions, fractional: bool, seed: int,
) -> dict[str, Any]:  # fmt: skip
    import orjson

    from app.engines.backtest import RunSpec, Sizing, UniverseSpec, book_of
    from app.engines.backtest.result import decoded
    from app.engines.sweeps.evaluate import Inputs
    from app.services.backtests.shown import in_columns, in_rows, with_proofs
    from app.services.backtests.slices import warm_up_of
    from app.services.bar_files import read_bars
    from app.services.proofs import search
    from app.services.proofs import warnings as proof_warnings
    from app.services.user_strategies.running import carry_out

    terms = options.terms(seed) | {"costs": options.charges(), "sizing": Sizing(*options.size())}
    if options.policy not in (None, "none"):
        with open_platform() as platform:
            terms["policy"] = policy_of(platform, options.policy)
    chosen = {name: catalogue.find(name) for name in params}
    found, told = read_bars(path, timeframe=options.timeframe, start=first, end=last)
    books = tuple(
        book_of(chosen[name], given, None if shares is None else shares[name], options.product)
        for name, given in params.items()
    )
    found = Inputs(found).with_warm_up(warm_up_of(books, chosen)).bars  # as stored bars are read
    days = found.sessions.astype("datetime64[D]").astype(object)
    spec = RunSpec(
        books=books,
        universe=UniverseSpec(symbols=found.symbols),
        start=first or days[found.start],
        end=last or days[-1],
        data_root=found.root,
        timeframe=found.timeframe,
        fractional=fractional,
        **terms,
    )
    notes = (f"The bars are those of {path.name}; no exchange stands behind them.", *told)
    result = carry_out(spec, found, chosen, catalogue.workers, notes=notes)
    answer = _answer(in_rows(in_columns(decoded(orjson.loads(result.canonical)), result.digest)))
    found_out = [
        {"strategy_id": name, "proof": search(chosen[name], given, found.timeframe)} for name, given in params.items()
    ]
    return answer | {"warnings": with_proofs(answer, proof_warnings(found_out))}


def _answer(run: dict[str, Any]) -> dict[str, Any]:
    """What the command prints of a run."""
    names = ("run_id", "digest", "strategy_ids", "start_date", "end_date", "metrics", "metric_reasons", "point_in_time")
    return {
        **{name: run[name] for name in names},
        "trades": [trade for trade in run["trades"] if not trade["open"]],
        "open_positions": [trade for trade in run["trades"] if trade["open"]],
        "equity": [{"at": row["date"], "equity": row["equity"]} for row in run["daily_chart"]],
        "frozen_holdings": run["frozen_holdings"],
        "rejections": run["rejections"],
        "decisions": run["decisions"],
        "naive_twin": run["naive_twin"],
        "benchmarks": run["benchmarks"],
        "coverage": run["coverage"],
        "assumptions": run["assumptions"],
        "warnings": run["warnings"],
    }


def verify(
    run: Annotated[str | None, typer.Argument(help="The id of a run.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stored run.")] = False,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Compute a stored run again: identical, differs, or inputs_changed. Exit code 1 where one differs, or stopped."""
    from app.exceptions import SmartTraderException

    if (run is None) == (not every):
        fail("Name a run, or --all")
    market = chosen_market(sample)
    say_of_compiling()
    found: list[dict[str, Any]] = []
    with open_platform(strategies=True) as platform:
        with platform.database.transaction(market) as session:
            ids = [run] if run is not None else platform.runs.run_ids(session)
        for run_id in ids:
            try:
                found.append(platform.backtests.verify(market, run_id))
            except SmartTraderException as error:
                if run is not None:
                    fail(error.message)
                # the others are looked at all the same
                found.append({"run_id": run_id, "outcome": "stopped", "changed": [], "note": error.message})
    if as_json:
        print_json(found[0] if run is not None else found)
    else:
        for answer in found:
            print(answer["run_id"], answer["outcome"], ", ".join(answer["changed"]), answer["note"] or "")
    if any(answer["outcome"] in ("differs", "stopped") for answer in found):
        raise typer.Exit(1)


def _ids(text: str) -> list[str]:
    ids = [name.strip() for name in text.split(",") if name.strip()]
    if not ids:
        fail("Name a strategy, such as sma_cross")
    for name in ids:
        if ids.count(name) > 1:
            fail(f"{name} is named twice")
    return ids


def params_of(ids: list[str], texts: list[str]) -> dict[str, dict[str, float]]:
    """Parameters by strategy; of several strategies the name says whose it is."""
    found: dict[str, dict[str, float]] = {name: {} for name in ids}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            fail(f"--param {text}: expected NAME=VALUE")
        whose, dot, own = name.partition(".")
        if not dot and len(ids) > 1:
            fail(f"--param {text}: of several strategies write whose it is, such as {ids[0]}.{name}={value}")
        if dot and whose not in found:
            fail(f"--param {text}: {whose} is not among the strategies of the run, {', '.join(ids)}")
        given, name = (found[whose], own) if dot else (found[ids[0]], name)
        if name in given:
            fail(f"--param {text}: {name} was given already, as {given[name]:g}; give it once")
        given[name] = number_of(f"--param {name}", value)
    return found


def _allocations(ids: list[str], text: str) -> dict[str, float]:
    """Fractions of the capital by strategy, each named once."""
    found: dict[str, float] = {}
    for part in text.split(","):
        name, sign, value = part.strip().partition("=")
        if not sign or name not in ids:
            fail(f"--allocations {part.strip()}: expected ID=SHARE with an ID of {', '.join(ids)}")
        if name in found:
            fail(f"--allocations {part.strip()}: {name} was given already")
        found[name] = number_of(f"--allocations {name}", value)
    if set(found) != set(ids):
        fail(f"--allocations: expected each strategy once; {', '.join(n for n in ids if n not in found)} is missing")
    return found
