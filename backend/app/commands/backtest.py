"""`smarttrader backtest` and `smarttrader verify`: a run from a terminal, and the proof that it still says the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from app.commands.run_text import print_run
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
    from app.engines.backtest import CostSpec
    from app.engines.policy import Policy
    from app.services.platform import Platform
    from app.services.user_strategies.catalogue import Catalogue

_DAY = "YYYY-MM-DD"


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("backtest")(backtest)
    group.command("verify")(verify)


def backtest(
    strategy: Annotated[
        str, typer.Argument(help="The id of a strategy, such as sma_cross; several in one account: with commas.")
    ],
    universe: Annotated[
        str | None, typer.Option(help="An index; @point-in-time (default) or @today after it chooses its members.")
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="Symbols instead of an index, separated by commas.")] = None,
    bars: BarsFile = None,
    rules: Annotated[str | None, typer.Option("--market", help="nse or none; none for --bars.")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar=_DAY, help="First session.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar=_DAY, help="Last session.")] = None,
    capital: Capital = 1_000_000.0,
    costs: Costs = "bps:10",
    brokerage_percent: BrokeragePercent = None,
    brokerage_cap: BrokerageCap = None,
    brokerage_flat: BrokerageFlat = None,
    depository: Depository = None,
    allocations: Annotated[
        str | None, typer.Option(metavar="ID=SHARE,…", help="Of several strategies: fractions of the capital.")
    ] = None,
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
    benchmark: Annotated[str | None, typer.Option(help="An index beside the run, or none.")] = None,
    cash_rate: Annotated[
        list[str] | None, typer.Option(metavar="[DATE:]PERCENT", help="What cash earns beside it; may be repeated.")
    ] = None,
    policy: PolicyName = None,
    fractional: Fractional = False,
    seed: Annotated[int, typer.Option(help="Of whatever draws at random.")] = 0,
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter; of several strategies: ID.NAME=VALUE.")
    ] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a strategy: on the members of an index, on symbols, or on the bars of a file."""
    from app.engines.backtest import Sizing
    from app.exceptions import SmartTraderException
    from app.services.user_strategies.catalogue import catalogue_of
    from app.settings import get_settings

    kind, colon, amount = sizing.partition(":")
    common: dict[str, Any] = {
        "initial_capital": capital,
        "slippage_bps": slippage_bps,
        "impact_bps": impact_bps,
        "volume_cap": volume_cap,
        "unfilled": unfilled,
        "settle_next_session": settle_next_session,
        "max_positions": max_positions,
        "fill_at": fill_at,
        "seed": seed,
        "cash_rates": tuple(sorted(_rate(text) for text in cash_rate or [])),
    }
    ids = _ids(strategy)
    params = params_of(ids, param or [])
    shares = None if allocations is None else _allocations(ids, allocations)
    first, last = span_of(start, end)
    if (bars is not None) + (universe is not None) + (symbols is not None) > 1:
        fail("Give one of --universe, --symbols and --bars")
    if universe is not None and not universe.strip():
        fail("--universe is empty: expected an index, such as NIFTY50")
    if symbols is not None and not symbols.replace(",", " ").strip():
        fail("--symbols is empty: expected symbols separated by commas")
    if rules not in (None, "none", "nse"):
        fail(f"--market {rules}: expected nse or none")
    if rules == "nse" and bars is not None:
        fail("--market nse goes with stored bars: of a file's it is not known which securities they are")
    try:
        size = Sizing(kind, number_of("--sizing", amount) if colon else None)
        charges = costs_of(costs, brokerage_percent, brokerage_cap, brokerage_flat, depository)
        say_of_compiling()
        if bars is not None:
            if benchmark not in (None, "none"):
                fail("--benchmark goes with stored bars: of a file's it is not known which index they belong to")
            if policy not in (None, "none"):
                with open_platform() as platform:
                    common["policy"] = policy_of(platform, policy)
            if strict_actions:
                fail("--strict-actions goes with stored bars: of a file's no corporate action is known")
            catalogue = catalogue_of(get_settings())
            try:
                answer = _of_file(
                    catalogue,
                    bars,
                    params,
                    shares,
                    first,
                    last,
                    timeframe,
                    size,
                    charges,
                    fractional,
                    product,
                    common,
                )
            finally:
                catalogue.close()
        else:
            if fractional:
                fail("--fractional goes with --bars; stored bars are run in whole shares")
            stored = {"timeframe": timeframe or "1d", "product": product, "strict_actions": strict_actions}
            answer = _of_market(
                params,
                universe,
                symbols,
                first,
                last,
                size,
                charges,
                common | stored | {"market": rules or "nse", "benchmark": benchmark, "allocations": shares},
                policy,
                sample,
            )
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
    last: date | None, size: Any, charges: CostSpec, common: dict[str, Any], policy: str | None, sample: bool,
) -> dict[str, Any]:  # fmt: skip
    from app.services.backtests.question import BacktestQuestion

    market = chosen_market(sample)
    index, at_sign, members = (universe or "NIFTY50").partition("@")
    if at_sign and members not in ("point-in-time", "today"):
        fail(f"--universe {universe}: expected @point-in-time or @today after the index")
    with open_platform(strategies=True) as platform:
        panel = platform.panels.current(market)
        if not panel.chunks:
            fail("There is no price data yet: import exchange files first (smarttrader data import)")
        question = BacktestQuestion(
            strategy_ids=tuple(params),
            params=params,
            universe=tuple(s.strip().upper() for s in symbols.split(",") if s.strip()) if symbols else index,
            start=first or panel.sessions[0].astype(object),
            end=last or panel.sessions[-1].astype(object),
            sizing=size.kind,
            sizing_value=size.value,
            costs=charges,
            asof_members=members != "today",
            policy=policy_of(platform, policy),
            **common,
        )
        with platform.database.transaction(market) as session:
            spec = platform.backtests.prepare(market, session, question)
        platform.backtests.execute(market, spec)
        with platform.database.transaction(market) as session:
            return _answer(platform.runs.stored(session, spec.run_id))


def _of_file(
    catalogue: Catalogue, path: Path, params: dict[str, dict[str, float]], shares: dict[str, float] | None,
    first: date | None, last: date | None, timeframe: str | None, size: Any, charges: CostSpec, fractional: bool,
    product: str | None, common: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    import orjson

    from app.engines.backtest import RunSpec, UniverseSpec, book_of
    from app.engines.backtest.result import decoded
    from app.engines.sweeps.evaluate import Inputs
    from app.services.backtests.shown import in_columns, in_rows, with_proofs
    from app.services.backtests.slices import warm_up_of
    from app.services.bar_files import read_bars
    from app.services.proofs import search
    from app.services.proofs import warnings as proof_warnings
    from app.services.user_strategies.running import carry_out

    chosen = {name: catalogue.find(name) for name in params}
    found, told = read_bars(path, timeframe=timeframe, start=first, end=last)
    books = tuple(
        book_of(chosen[name], given, None if shares is None else shares[name], product)
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
        sizing=size,
        costs=charges,
        fractional=fractional,
        **common,
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
        "trades": [{**trade, "exit_reason": trade["exit_reason"]} for trade in run["trades"] if not trade["open"]],
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
    """Compute a stored run again: identical, differs, or inputs_changed. Exit code 1 where one differs."""
    from app.exceptions import SmartTraderException

    if (run is None) == (not every):
        fail("Name a run, or --all")
    market = chosen_market(sample)
    say_of_compiling()
    found = []
    with open_platform(strategies=True) as platform:
        with platform.database.transaction(market) as session:
            ids = [run] if run is not None else platform.runs.run_ids(session)
        for run_id in ids:
            try:
                with platform.database.transaction(market) as session:
                    found.append(platform.backtests.verify(market, session, run_id))
            except SmartTraderException as error:
                fail(error.message)
    if as_json:
        print_json(found[0] if run is not None else found)
    else:
        for answer in found:
            print(answer["run_id"], answer["outcome"], ", ".join(answer["changed"]), answer["note"] or "")
    if any(answer["outcome"] == "differs" for answer in found):
        raise typer.Exit(1)


def _rate(text: str) -> tuple[date, float]:
    day, colon, percent = text.rpartition(":")
    first = date_of("--cash-rate", day if colon else "1994-01-01")  # without a day: since the exchange began
    return first or date.min, number_of("--cash-rate", percent)


def policy_of(platform: Platform, name_or_id: str | None) -> Policy | None:
    """The policy of a name or an id; None where none was asked for."""
    from app.database import Market

    if name_or_id in (None, "none"):
        return None
    with platform.database.transaction(Market.REAL) as session:
        return platform.policies.find(session, name_or_id)


def costs_of(
    text: str,
    percent: float | None = None,
    cap: float | None = None,
    flat: float | None = None,
    depository: float | None = None,
) -> CostSpec:
    from app.engines.backtest import CostSpec

    plan, colon, bps = text.partition(":")
    if (percent, cap, flat, depository) != (None,) * 4 and plan != "custom":
        fail("Brokerage of your own goes with --costs custom")
    if plan == "custom" and not colon:
        fraction = None if percent is None else percent / 100.0
        return CostSpec("custom", fraction=fraction, cap=cap, flat=flat, depository=depository)
    if plan == "bps" and not bps:
        fail(f"--costs {text}: expected a number after bps, such as bps:10; no costs are --costs none")
    return CostSpec(plan, number_of("--costs", bps)) if colon else CostSpec(plan)


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


def number_of(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        fail(f"{name} {text}: expected a number")


def date_of(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{name} {text}: expected a date, {_DAY}")


def span_of(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The days of --from and --to, in their order."""
    first, last = date_of("--from", start), date_of("--to", end)
    if first is not None and last is not None and last < first:
        fail(f"--to {last} lies before --from {first}")
    return first, last
