"""`smarttrader data sync`: the exchange's files, from its archives."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import JsonFlag, chosen_market, fail, open_platform, print_json, tell_watched

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("sync")(sync)


def sync(
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day; else the day after the newest price.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day; else the newest session.")] = None,
    enable: Annotated[bool, typer.Option("--enable", help="Switch downloads on; prints the terms.")] = False,
    disable: Annotated[bool, typer.Option("--disable", help="Switch downloads off.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say how things stand.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="When refused, wait until asking is allowed and go on.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch what is missing from the exchange's archives and import it: one request a second, each file once.

    Off until switched on with --enable. A run that was stopped or refused goes on where it ended.
    Exit code 1 when a file that should have come did not.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from app.services.nse.sync import TERMS

    if enable and disable:
        fail("--enable and --disable are opposites; give one")
    first, last = _day("--from", start), _day("--to", end)
    with open_platform() as platform:
        service = platform.sync
        if enable or disable:
            service.enable(enable)
            if not as_json:
                print(f"Downloads are on. {TERMS}" if enable else "Downloads are off.")
        if status or disable or (enable and first is None and last is None):
            if as_json:
                print_json(service.state())
            elif status:
                state = service.state()
                counts = ", ".join(f"{count:,} {name}" for name, count in sorted(state["downloads"].items())) or "none"
                print(f"Downloads are {'on' if state['enabled'] else 'off'}. Files asked for: {counts}")
                print(f"Newest price {state['last_price_day'] or 'none'}; published until {state['published_until']}")
            return
        columns = (
            TextColumn("{task.percentage:>3.0f}%"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        while True:
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                tell = partial(_tell, bar, bar.add_task("Asking", total=1.0))
                summary = service.run(first, last, progress=tell, cancelled=lambda: False)
            if summary.blocked_until is None or not wait:
                break
            time.sleep(max((summary.blocked_until - datetime.now(UTC)).total_seconds(), 0.0) + 1.0)
            first = summary.start
        tell_watched(platform, chosen_market(False))
    if as_json:
        print_json(summary.to_dict())
    else:
        for line in summary.lines():
            print(line)
    raise typer.Exit(summary.exit_code)


def _tell(bar: Progress, task: TaskID, fraction: float, message: str) -> None:
    bar.update(task, completed=fraction, description=message)


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option} {text}: not a date; write it as 2026-07-31")
