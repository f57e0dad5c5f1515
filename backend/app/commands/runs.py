"""`export` and `report`: a stored run as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.shared import SampleFlag, chosen_market, fail, open_platform, write_file

RunId = Annotated[str, typer.Argument(help="Id of a stored run.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("report")(report)


def export(
    run_id: RunId,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; its ending says the format.")],
    table: Annotated[str, typer.Option(help="equity, trades, fills, rejections, events or decisions.")] = "trades",
    sample: SampleFlag = False,
) -> None:
    """Write one table of a stored run to a CSV or Parquet file."""
    from typing import cast, get_args

    from app.exceptions import SmartTraderException
    from app.services.run_tables import Format, TableName, run_table, written

    kind = output.suffix.removeprefix(".").lower()
    if kind not in get_args(Format):
        fail(f"--output {output}: expected a name that ends with .csv or .parquet")
    if table not in get_args(TableName):
        fail(f"--table {table} is none: choose {', '.join(get_args(TableName))}")
    market = chosen_market(sample)
    with open_platform() as platform:
        platform.database.migrate(market)
        try:
            with platform.database.transaction(market) as session:
                result, digest = platform.runs.result(session, run_id)
        except SmartTraderException as error:
            fail(str(error))
    content = run_table(result, digest, cast(TableName, table), market)
    write_file(output, written(content, cast(Format, kind)))
    print(f"{content.num_rows:,} rows of {table} in {output}")


def report(
    run_id: RunId,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    sample: SampleFlag = False,
) -> None:
    """Write a stored run as one page of HTML that opens without a server."""
    from app.exceptions import SmartTraderException

    market = chosen_market(sample)
    with open_platform() as platform:
        platform.database.migrate(market)
        try:
            with platform.database.transaction(market) as session:
                page = platform.reports.page(market, session, run_id)
        except SmartTraderException as error:
            fail(str(error))
    write_file(output, page.encode())
    print(f"The run is in {output}")
