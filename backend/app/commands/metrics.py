"""`smarttrader metrics`: the tear sheet of any equity or return series."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.measures import drawn
from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json

if TYPE_CHECKING:
    from app.services.series_files import Kind, Series, Unit
    from app.services.tear_sheets import Against


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("metrics")(metrics)


def metrics(
    file: Annotated[Path, typer.Argument(help="A CSV file: a date and a value a row.")],
    date_column: Annotated[str | None, typer.Option("--date", metavar="COLUMN", help="The dates; else found.")] = None,
    column: Annotated[str | None, typer.Option("--column", metavar="COLUMN", help="The values; else found.")] = None,
    equity: Annotated[bool, typer.Option("--equity", help="The values are equity, a price or a NAV.")] = False,
    returns: Annotated[bool, typer.Option("--returns", help="The values are returns.")] = False,
    percent: Annotated[bool, typer.Option("--percent", help="Returns are in percent: 1 is one percent.")] = False,
    fraction: Annotated[bool, typer.Option("--fraction", help="Returns are fractions: 0.01 is one percent.")] = False,
    periods: Annotated[
        int | None, typer.Option("--periods-per-year", help="Rows that make a year; else by their distance.")
    ] = None,
    risk_free: Annotated[float, typer.Option("--risk-free", metavar="PERCENT", help="A year, such as 6.5.")] = 0.0,
    benchmark_file: Annotated[Path | None, typer.Option(help="A CSV file of a benchmark, as the first one.")] = None,
    benchmark_column: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The values of the benchmark's file; else found.")
    ] = None,
    benchmark: Annotated[str | None, typer.Option(help="A stored index, such as NIFTY50.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """The tear sheet of any equity or return series, and what it was taken for."""
    from app.exceptions import SmartTraderException
    from app.services.series_files import read_series
    from app.services.tear_sheets import of_file, tear_sheet

    for first, second, names in (
        (equity, returns, "--equity and --returns"),
        (equity, percent or fraction, "--equity, and --percent or --fraction, which are of returns"),
        (percent, fraction, "--percent and --fraction"),
        (benchmark, benchmark_file, "--benchmark and --benchmark-file"),
    ):
        if first and second:
            fail(f"Give one of {names}")
    kind: Kind | None = "equity" if equity else "returns" if returns or percent or fraction else None
    unit: Unit | None = "percent" if percent else "fraction" if fraction else None
    try:
        series = read_series(file, date_column=date_column, value_column=column, kind=kind, unit=unit)
        against: Against | None = None
        if benchmark_file is not None:
            against = of_file(read_series(benchmark_file, value_column=benchmark_column))
        elif benchmark is not None:
            against = _stored(benchmark, series, sample)
        answer = tear_sheet(series, periods=periods, risk_free=risk_free / 100.0, benchmark=against)
    except SmartTraderException as error:
        fail(error.message)
    if as_json:
        print_json(answer)
    else:
        _print(answer)


def _stored(name: str, series: Series, sample: bool) -> Against:
    from app.services.tear_sheets import of_index

    first, last = (date.fromisoformat(str(series.sessions[i])[:10]) for i in (0, -1))
    with open_platform() as platform, platform.database.transaction(chosen_market(sample)) as session:
        return of_index(session, name, first, last)


def _print(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(title=f"{answer['file']}, {answer['first']} to {answer['last']}", title_justify="left")
    table.add_column("Metric")
    table.add_column("Value", justify="right")
    table.add_column("")
    for name, value in answer["metrics"].items():
        reason = answer["reasons"].get(name, "")
        table.add_row(name.replace("_", " "), Text(drawn(name, value)), Text(reason, style="dim"))
    for which, day in answer["max_drawdown"].items():
        reason = answer["reasons"].get(f"max_drawdown_{which}", "")
        table.add_row(f"max drawdown {which}", Text(day or "–"), Text(reason, style="dim"))
    console.print(table)
    for note in answer["notes"]:
        console.print(Text(note))
