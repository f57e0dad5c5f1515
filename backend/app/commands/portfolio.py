"""`smarttrader portfolio`: portfolios of stocks from a terminal."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_json, write_file

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.database import Market
    from app.services.platform import Platform
    from app.services.portfolios.risk import Question

NameOrId = Annotated[str, typer.Argument(help="Name or id of the portfolio.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("list")(list_portfolios)
    group.command("show")(show)
    group.command("import")(import_file)
    group.command("performance")(performance)
    group.command("tax")(tax)
    group.command("analyze")(analyze)
    group.command("report")(report)


def list_portfolios(sample: SampleFlag = False, as_json: JsonFlag = False) -> None:
    """Every portfolio with its value at the last prices, the largest first."""
    market = chosen_market(sample)
    with open_platform() as platform, platform.database.transaction(market) as session:
        rows, _ = platform.portfolios.page(
            market,
            session,
            page=1,
            limit=100_000,
            sort_by="market_value",
            descending=True,
            search=None,
            client=None,
        )
    if as_json:
        print_json(rows)
        return
    columns = ("id", "name", "client", "num_positions", "invested", "market_value", "day_change", "unrealised_pnl")
    _print_table(columns, rows, left=("name", "client"))


def show(
    portfolio: NameOrId,
    asof: Annotated[str | None, typer.Option(help="At the end of this day, YYYY-MM-DD.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """A portfolio and its positions."""

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        return platform.portfolios.get(market, session, portfolio_id, _day(asof, "--asof"))

    found = _on(portfolio, sample, work)
    if as_json:
        print_json(found)
        return
    print(f"{found['name']}: worth {_or_unknown(found['market_value'])}, invested {found['invested']}, "
          f"unrealised {_or_unknown(found['unrealised_pnl'])}, realised {found['realised_pnl']}, "
          f"income {found['income']}, charges {found['charges']}; prices of {found['priced_on']}")  # fmt: skip
    columns = ("symbol", "quantity", "entry_price", "ltp", "market_value", "unrealised_pnl", "allocation_pct")
    _print_table(columns, found["positions"], left=("symbol",))


def import_file(
    portfolio: NameOrId,
    file: Annotated[Path, typer.Argument(help="CSV or XLSX of a broker, or of your own.", exists=True, dir_okay=False)],
    confirm: Annotated[bool, typer.Option("--confirm", help="Enter it; without, it is only shown.")] = False,
    create: Annotated[bool, typer.Option("--create", help="Make the portfolio where there is none.")] = False,
    layout: Annotated[str | None, typer.Option(help="How to read it; found by itself.")] = None,
    account: Annotated[str, typer.Option(help="Demat account: lots are matched within one.")] = "",
    asof: Annotated[str | None, typer.Option(help="The day a statement of holdings is of.")] = None,
    leave_out: Annotated[str, typer.Option(help="Lines that are not wanted: 12,13")] = "",
    not_known: Annotated[str, typer.Option(help="Lines that look known and are others: 12,13")] = "",
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Show what a broker's file would do to a ledger, and with --confirm enter it, all of it or nothing."""
    from app.exceptions import DataNotFoundError

    unwanted, others = _lines(leave_out, "--leave-out"), _lines(not_known, "--not-known")

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        from app.services.portfolios.files.service import Asked

        asked = Asked(
            layout=layout,
            account=account,
            asof=_day(asof, "--asof"),
            leave_out=unwanted,
            not_known=others,
        )
        files, data = platform.portfolio_files, file.read_bytes()
        shown = files.preview(market, session, portfolio_id, data, file.name, asked)
        if not confirm:
            session.rollback()  # the portfolio that was made for it goes too
            return shown
        return files.confirm(market, session, portfolio_id, data, file.name, asked, shown["digest"], None)

    def make(platform: Platform, market: Market, session: Session) -> int:
        if not create:
            raise DataNotFoundError(f"There is no portfolio {portfolio}; --create makes it", "portfolio", portfolio)
        made: int = platform.portfolios.create(market, session, portfolio, None, None, [])["id"]
        return made

    told = _on(portfolio, sample, work, missing=make)
    if as_json:
        print_json(told)
    else:
        _print_import(told, confirm)
    if told["counts"]["errors"] or told.get("ledger_error"):
        raise typer.Exit(1)


def performance(
    portfolio: NameOrId,
    start: Annotated[str | None, typer.Option("--from", help="YYYY-MM-DD; the first entry by default.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="YYYY-MM-DD; the last session by default.")] = None,
    benchmark: Annotated[str | None, typer.Option(help="An index; NIFTY 50 by default.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """What a portfolio earned: time-weighted, money-weighted, beside an index, and by stock."""

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        return platform.performance.report(
            market,
            session,
            portfolio_id,
            start=_day(start, "--from"),
            end=_day(end, "--to"),
            benchmark=benchmark,
        )

    found = _on(portfolio, sample, work)
    if as_json:
        print_json(found)
        return
    print(f"{found['name']}, {found['start']} to {found['end']}: gain {found['gain']}")
    print(f"time-weighted {_fraction(found['time_weighted'])}, money-weighted a year "
          f"{_fraction(found['money_weighted'])}, "
          f"{found['benchmark']} {_fraction(found['benchmark_return'])}")  # fmt: skip
    columns = ("symbol", "gain", "unrealised", "realised", "income", "charges")
    _print_table(columns, found["stocks"], left=("symbol",))
    for note in found["notes"]:
        print(note)


def tax(
    portfolio: NameOrId,
    year: Annotated[str | None, typer.Option(help="Financial year, 2024-25; the current one by default.")] = None,
    losses: Annotated[
        list[str] | None,
        typer.Option("--loss", help="Unused, of an earlier year or another account: SHORT:2021-22:125000; repeat it."),
    ] = None,
    surcharge: Annotated[str, typer.Option(help="Percent of the tax: 10 or 15 on large incomes.")] = "0",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the lines as CSV.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write FILE.pdf or FILE.csv.")] = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """An estimate of the tax on a financial year's gains."""
    from app.services.portfolios.tax_files import as_csv as lines_of
    from app.services.portfolios.tax_files import as_pdf

    form = None if output is None else output.suffix.lower()
    if form not in (None, ".pdf", ".csv"):
        fail(f"--output: expected a name that ends in .pdf or .csv, got {output}")
    try:
        percent = Decimal(surcharge)
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite():
        fail(f"--surcharge: expected percent, such as 15, got {surcharge}")

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        return platform.tax.report(market, session, portfolio_id, year, losses=losses or (), surcharge=percent)

    found = _on(portfolio, sample, work)
    if output is not None:
        of = chosen_market(sample)
        content = lines_of(found, of).encode("utf-8-sig") if form == ".csv" else as_pdf(found, of)
        write_file(output, content)
        print(f"The tax of {found['year']} is in {output}")
    elif as_json:
        print_json(found)
    elif as_csv:
        sys.stdout.write(lines_of(found, chosen_market(sample)))
    else:
        told = f"estimated tax {found['total']} (with surcharge {found['surcharge']} and cess {found['cess']})"
        print(f"{found['name']}, {found['year']}: {told}")
        _print_table(("kind", "sales", "gains", "losses", "net"), found["summary"], left=("kind",))
        for hint in found["hints"]:
            print(f"{hint['symbol']}: {hint['text']}")
        for sentence in [*found["notes"], found["notice"]]:
            print(sentence)


LookbackOption = Annotated[int, typer.Option(help="Sessions of history to judge by.", min=20)]
BenchmarkOption = Annotated[str | None, typer.Option(help="An index; NIFTY 50 by default.")]
AsOfOption = Annotated[str | None, typer.Option(help="At the end of this day, YYYY-MM-DD.")]


def analyze(
    portfolio: NameOrId,
    lookback: LookbackOption = 252,
    benchmark: BenchmarkOption = None,
    asof: AsOfOption = None,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """The risk of a portfolio: of the market, how it is spread, and of its companies' accounts."""

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        question = _question(portfolio_id, lookback, benchmark, asof)
        return platform.risk.analyze(market, session, question)

    found = _on(portfolio, sample, work)
    if as_json:
        print_json(found)
        return
    window = found["window"]
    print(f"{window['sessions']} sessions, {window['first']} to {window['last']}, beside {found['benchmark']}")
    for part in ("market_risk", "portfolio_risk", "fundamental_risk"):
        print(part.replace("_", " "))
        for name, value in found[part].items():
            if value is None or isinstance(value, int | float):
                print(f"  {name.replace('_', ' ')}: {_measure(value)}")
    for name, why in found["reasons"].items():
        print(f"{name.replace('_', ' ')}: unknown, {why}")


def report(
    portfolio: NameOrId,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .pdf, .xlsx or .html.")],
    lookback: LookbackOption = 252,
    benchmark: BenchmarkOption = None,
    asof: AsOfOption = None,
    sample: SampleFlag = False,
) -> None:
    """Write a report of a portfolio to keep: a PDF, a workbook, or a page that opens without a server."""
    form = output.suffix.removeprefix(".").lower()
    if form not in ("pdf", "xlsx", "html"):
        fail(f"--output {output}: expected a name that ends with .pdf, .xlsx or .html")

    def work(platform: Platform, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        question = _question(portfolio_id, lookback, benchmark, asof)
        name, content = platform.risk.report(market, session, question, form)
        return {"name": name, "content": content}

    write_file(output, _on(portfolio, sample, work)["content"])
    print(f"The report is in {output}")


def _question(portfolio_id: int, lookback: int, benchmark: str | None, asof: str | None) -> Question:
    from app.services.portfolios.held import LONGEST
    from app.services.portfolios.risk import Question

    if lookback > LONGEST:
        fail(f"--lookback: expected 20 to {LONGEST} sessions, got {lookback}")
    return Question(portfolio_id, lookback, benchmark, _day(asof, "--asof"))


def _measure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _on(name_or_id: str, sample: bool, work: Any, missing: Any = None) -> dict[str, Any]:
    """What some work answers about a portfolio; a refusal ends the command with its sentence."""
    from app.exceptions import DataNotFoundError, SmartTraderException

    market = chosen_market(sample)
    try:
        with open_platform() as platform, platform.database.transaction(market) as session:
            try:
                portfolio_id = platform.portfolios.find(session, name_or_id)
            except DataNotFoundError:
                if missing is None:
                    raise
                portfolio_id = missing(platform, market, session)
            answer: dict[str, Any] = work(platform, market, session, portfolio_id)
            return answer
    except SmartTraderException as error:
        fail(error.message)


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option}: {text} is not a date; write it as 2024-07-01")


def _print_import(told: dict[str, Any], confirmed: bool) -> None:
    counts = told["counts"]
    print(f"{told['title']}: {counts['rows']} rows, {counts['new']} new, {counts['duplicates']} known, "
          f"{counts['skipped']} left out, {counts['errors']} with an error")  # fmt: skip
    for row in told["rows"]:
        if row["status"] == "ERROR":
            print(f"  line {row['line']}: {row['message']}")
    for action in told["actions"]:
        print(f"  with {action['kind']} {action['ratio']} of {action['symbol']} on {action['ex_date']}")
    problem = told.get("ledger_error")
    if problem:
        where = "" if problem["line"] is None else f"line {problem['line']}: "
        print(f"  {where}{problem['message']}")
    print(f"{told['added']} lines entered" if confirmed else "Nothing is entered yet: --confirm does it")


def _print_table(columns: tuple[str, ...], rows: list[dict[str, Any]], left: tuple[str, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="left" if name in left else "right")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def _or_unknown(value: str | None) -> str:
    return "unknown" if value is None else value


def _fraction(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2%}"


def _lines(text: str, option: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        fail(f"{option}: {text} is no list of lines; write 12,13")
    return frozenset(int(part) for part in parts)
