"""A run as text for a terminal: what it measured, its last trades, what it assumed and what to beware of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from app.commands.measures import drawn
from app.services.reports.words import plain

_FROZEN: Final = ("final_equity", "frozen_value", "frozen_share", "final_equity_without_frozen")
_SHOWN: Final = 20  # trades; the rest is one export away
_WIDTH: Final = 118  # of a line of trades: a narrower terminal breaks it, rather than that figures are cut


def print_run(answer: dict[str, Any], *, stored: bool) -> None:
    """Print a run; figures are rounded for reading, `--json` has them whole. Only a stored one can be exported."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    console.width = max(console.width, _WIDTH)

    def say(text: str) -> None:
        console.print(Text(text))

    _frozen(answer["metrics"], say)
    console.print(_measures(answer))
    closed, held = answer["trades"], answer["open_positions"]
    for trades, what in ((closed, "closed trade"), (held, "open position")):
        if trades:
            console.print(_trades(trades[-_SHOWN:], _title(trades, what)))
    if len(closed) > _SHOWN or len(held) > _SHOWN:
        say("All of them: " + (f"smarttrader export {answer['run_id']} -o trades.csv" if stored else "--json"))
    refused = Counter(one["reason"] for one in answer["rejections"])
    if refused:
        say("Refused orders: " + ", ".join(f"{reason} {count:,}" for reason, count in refused.most_common()))
    say("")
    for sentence in [*answer["assumptions"], *answer["warnings"]]:
        say(plain(sentence))
    say(f"Run {answer['run_id']}")


def _frozen(measured: dict[str, Any], say: Callable[[str], None]) -> None:
    count = measured["frozen_positions"]
    if not count:
        return
    told = {name: drawn(name, measured[name]) for name in _FROZEN}
    share = "" if measured["frozen_share"] is None else f" ({told['frozen_share']} of it)"
    say(
        f"Final equity {told['final_equity']}, of which {told['frozen_value']}{share} is frozen in {count} "
        f"holding{'' if count == 1 else 's'} that could not be sold; without "
        f"{'it' if count == 1 else 'them'} {told['final_equity_without_frozen']}\n"
    )


def _measures(answer: dict[str, Any]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{', '.join(answer['strategy_ids'])}, {answer['start_date']} to {answer['end_date']}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    table.add_column("Measure")
    table.add_column("Value", justify="right")
    table.add_column("")
    for name, value in answer["metrics"].items():
        reason = answer["metric_reasons"].get(name, "") if value is None else ""
        table.add_row(name.replace("_", " "), drawn(name, value), Text(reason, style="dim"))
    return table


def _title(trades: list[dict[str, Any]], what: str) -> str:
    if len(trades) > _SHOWN:
        return f"The last {_SHOWN} of {len(trades):,} {what}s"
    return f"{len(trades)} {what}{'' if len(trades) == 1 else 's'}"


def _trades(trades: list[dict[str, Any]], title: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for name in ("Symbol", "Side", "Entered", "at ₹", "Left", "at ₹", "Shares", "P&L ₹", "Charges ₹", "Why"):
        table.add_column(name, justify="right" if "₹" in name or name == "Shares" else "left", no_wrap=True)
    for trade in trades:
        table.add_row(
            trade["symbol"],
            trade["side"],
            str(trade["entry_at"]),
            _money(trade["entry_price"]),
            "–" if trade["exit_at"] is None else str(trade["exit_at"]),
            _money(trade["exit_price"]),
            f"{trade['quantity']:,.10g}",
            _money(trade["pnl"]),
            _money(trade["costs"]),
            trade["exit_reason"] or "open",
        )
    return table


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"
