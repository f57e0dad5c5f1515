"""Options of a run, said once: `backtest`, `sweep` and `walkforward` take them all by the same names and checks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from app.commands.shared import fail

if TYPE_CHECKING:
    from app.engines.backtest import CostSpec
    from app.engines.policy import Policy
    from app.services.backtests.question import BacktestQuestion
    from app.services.platform import Platform

DAY = "YYYY-MM-DD"
BarsFile = Annotated[Path | None, typer.Option(help="A CSV or Parquet file of bars instead of the stored ones.")]
Fractional = Annotated[bool, typer.Option("--fractional", help="Shares divide; with --bars.")]
Start = Annotated[str | None, typer.Option("--from", metavar=DAY, help="First session.")]
End = Annotated[str | None, typer.Option("--to", metavar=DAY, help="Last session.")]


@dataclass(frozen=True)
class RunOptions:
    """What is asked of a run beside its strategies, universe and period."""

    rules: Annotated[str | None, typer.Option("--market", help="nse or none; none for --bars.")] = None
    capital: Annotated[float, typer.Option(help="Rupees to begin with.")] = 1_000_000.0
    costs: Annotated[str, typer.Option(help="none, bps:10, zerodha, fyers or custom.")] = "bps:10"
    brokerage_percent: Annotated[
        float | None, typer.Option(help="With --costs custom: percent of an order's value.")
    ] = None
    brokerage_cap: Annotated[float | None, typer.Option(help="With --costs custom: most rupees an order.")] = None
    brokerage_flat: Annotated[float | None, typer.Option(help="With --costs custom: rupees an order.")] = None
    depository: Annotated[
        float | None, typer.Option(help="With --costs custom: rupees for each share and day delivered out.")
    ] = None
    slippage_bps: Annotated[float, typer.Option(help="Against us, of each price.")] = 0.0
    volume_cap: Annotated[float | None, typer.Option(help="Share of a bar's volume traded at most.")] = None
    timeframe: Annotated[
        str | None, typer.Option(help="1m, 5m, 15m, 30m, 1h or 1d (default); with --bars else read from them.")
    ] = None
    product: Annotated[
        str | None, typer.Option(help="CNC: delivery; MIS: intraday; FUT: futures as a PROXY; else the strategy's own.")
    ] = None
    settle_next_session: Annotated[
        bool, typer.Option("--settle-next-session", help="T+1: a sale pays for entries from the next session on.")
    ] = False
    impact_bps: Annotated[float, typer.Option(help="Slippage of an order as large as its bar's volume.")] = 0.0
    unfilled: Annotated[str, typer.Option(help="cancel or carry what the volume cap leaves of an entry.")] = "cancel"
    strict_actions: Annotated[
        bool, typer.Option("--strict-actions", help="Use no corporate action that became known only later.")
    ] = False
    sizing: Annotated[str, typer.Option(help="equity_per_member, equity_per_position, value:N or quantity:N.")] = (
        "equity_per_member"
    )
    max_positions: Annotated[int | None, typer.Option(help="Open positions at most.")] = None
    fill_at: Annotated[str, typer.Option(help="next_open, or this_close, which labels the run.")] = "next_open"
    benchmark: Annotated[str | None, typer.Option(help="An index beside the run, or none.")] = None
    cash_rate: Annotated[
        list[str] | None, typer.Option(metavar="[DATE:]PERCENT", help="What cash earns beside it; may be repeated.")
    ] = None
    policy: Annotated[str | None, typer.Option(help="Name or id of a risk policy; none: unconstrained.")] = None

    def check(self, bars: Path | None = None) -> None:
        """Refuse what needs no data to be refused; `bars` is the file they are to be run on, if any."""
        if self.rules not in (None, "none", "nse"):
            fail(f"--market {self.rules}: expected nse or none")
        if bars is None:
            return
        if self.rules == "nse":
            fail("--market nse goes with stored bars: of a file's it is not known which securities they are")
        if self.benchmark not in (None, "none"):
            fail("--benchmark goes with stored bars: of a file's it is not known which index they belong to")
        if self.strict_actions:
            fail("--strict-actions goes with stored bars: of a file's no corporate action is known")

    def charges(self) -> CostSpec:
        """The plan of costs."""
        from app.engines.backtest import CostSpec

        own = (self.brokerage_percent, self.brokerage_cap, self.brokerage_flat, self.depository)
        plan, colon, bps = self.costs.partition(":")
        if own != (None,) * 4 and plan != "custom":
            fail("Brokerage of your own goes with --costs custom")
        if plan == "custom" and not colon:
            percent, cap, flat, depository = own
            fraction = None if percent is None else percent / 100.0
            return CostSpec("custom", fraction=fraction, cap=cap, flat=flat, depository=depository)
        if plan == "bps" and not bps:
            fail(f"--costs {self.costs}: expected a number after bps, such as bps:10; no costs are --costs none")
        return CostSpec(plan, number_of("--costs", bps)) if colon else CostSpec(plan)

    def size(self) -> tuple[str, float | None]:
        """Kind of the sizing, and its number."""
        kind, colon, amount = self.sizing.partition(":")
        return kind, number_of("--sizing", amount) if colon else None

    def terms(self, seed: int) -> dict[str, Any]:
        """What a question and a spec call by the same names."""
        return {
            "initial_capital": self.capital,
            "slippage_bps": self.slippage_bps,
            "impact_bps": self.impact_bps,
            "volume_cap": self.volume_cap,
            "unfilled": self.unfilled,
            "settle_next_session": self.settle_next_session,
            "max_positions": self.max_positions,
            "fill_at": self.fill_at,
            "seed": seed,
            "cash_rates": tuple(sorted(_rate(text) for text in self.cash_rate or [])),
        }

    def question(
        self, platform: Platform, strategies: tuple[str, ...], universe: str | tuple[str, ...], start: date, end: date,
        seed: int, **more: Any,
    ) -> BacktestQuestion:  # fmt: skip
        """The question of a run on stored bars."""
        from app.services.backtests.question import BacktestQuestion

        kind, value = self.size()
        return BacktestQuestion(
            strategy_ids=strategies,
            universe=universe,
            start=start,
            end=end,
            sizing=kind,
            sizing_value=value,
            costs=self.charges(),
            market=self.rules or "nse",
            timeframe=self.timeframe or "1d",
            product=self.product,
            strict_actions=self.strict_actions,
            benchmark=self.benchmark,
            policy=policy_of(platform, self.policy),
            **self.terms(seed),
            **more,
        )


def takes_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `options` stands for every option of a run."""
    hints = get_type_hints(RunOptions, include_extras=True)
    own = inspect.signature(command, eval_str=True)

    def of(name: str, default: Any) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=hints[name])

    assert all(field.default is not MISSING for field in fields(RunOptions))
    spread = [of(field.name, field.default) for field in fields(RunOptions)]
    parameters = [each for name, kept in own.parameters.items() for each in (spread if name == "options" else [kept])]

    @wraps(command)
    def taking(**given: Any) -> None:
        options = RunOptions(**{each.name: given.pop(each.name) for each in spread})
        command(options=options, **given)

    taking.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    taking.__annotations__ = {each.name: each.annotation for each in parameters}
    del taking.__wrapped__  # its signature is another one
    return taking


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


def universe_of(text: str) -> tuple[str, bool]:
    """An index, and whether its members are those of each date: INDEX, INDEX@point-in-time or INDEX@today."""
    index, at_sign, members = text.partition("@")
    if not index.strip():
        fail("--universe is empty: expected an index, such as NIFTY50")
    if at_sign and members not in ("point-in-time", "today"):
        fail(f"--universe {text}: expected @point-in-time or @today after the index")
    return index, members != "today"


def symbols_of(text: str) -> tuple[str, ...]:
    """Symbols separated by commas."""
    found = tuple(text.upper().replace(",", " ").split())
    if not found:
        fail("--symbols is empty: expected symbols separated by commas")
    return found


def number_of(name: str, text: str) -> float:
    """The number of an option."""
    try:
        return float(text)
    except ValueError:
        fail(f"{name} {text}: expected a number")


def date_of(name: str, text: str | None) -> date | None:
    """The day of an option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{name} {text}: expected a date, {DAY}")


def span_of(start: str | None, end: str | None) -> tuple[date | None, date | None]:
    """The days of --from and --to, in their order."""
    first, last = date_of("--from", start), date_of("--to", end)
    if first is not None and last is not None and last < first:
        fail(f"--to {last} lies before --from {first}")
    return first, last
