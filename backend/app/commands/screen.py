"""`smarttrader screen`: what matches an expression, on any day; and what followed it."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.commands.shared import JsonFlag, SampleFlag, chosen_market, fail, open_platform, print_csv, print_json

if TYPE_CHECKING:
    from app.database import Market
    from app.exceptions import SmartTraderException
    from app.services.platform import Platform

_DEFAULT_COLUMNS = "close, change_pct, volume, turnover"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("screen")(screen)


def screen(
    expression: Annotated[
        str | None,
        typer.Argument(metavar="EXPR", help="A condition, such as 'close > sma(close, 200) and rsi(2) < 10'."),
    ] = None,
    asof: Annotated[str | None, typer.Option(metavar="DATE", help="The day; the latest session by default.")] = None,
    universe: Annotated[str, typer.Option(help="An index as of that day, or ALL.")] = "ALL",
    instrument_type: Annotated[
        str, typer.Option("--type", help="EQUITY (main board), ETF, SME, REIT, INVIT, RIGHTS or ALL.")
    ] = "EQUITY",
    preset: Annotated[
        str, typer.Option(help="A screen that comes with the product: VOLUME_SHOCKER, 52W_HIGH, …")
    ] = "ALL",
    columns: Annotated[str, typer.Option(help="Fields or expressions, separated by commas.")] = _DEFAULT_COLUMNS,
    sort: Annotated[
        str, typer.Option(help="A field or an expression; with a leading - the largest come first.")
    ] = "symbol",
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 1_000_000,
    history: Annotated[
        bool, typer.Option("--history", help="Matches through time and what followed, instead.")
    ] = False,
    start: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day of the history.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day of the history.")] = None,
    saved: Annotated[str | None, typer.Option(metavar="NAME", help="A saved screen, with all that it asks.")] = None,
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Save what is asked under a name, or as its next version.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws behind the history's intervals.")] = 0,
    sample: SampleFlag = False,
    as_json: JsonFlag = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")] = False,
) -> None:
    """Stocks that match an expression, as known on a day. What cannot be told does not match, and is counted."""
    from app.exceptions import SmartTraderException

    if as_json and as_csv:
        fail("Choose --json or --csv")
    if saved is not None and save is not None:
        fail("Choose --saved or --save")
    if expression is None and preset == "ALL" and saved is None:
        fail("Say what to look for: an expression, --preset or --saved")
    if saved is not None and (expression is not None or preset != "ALL"):
        fail("A saved screen has its own expression: leave EXPR and --preset out")
    days = {name: _day(name, text) for name, text in (("--asof", asof), ("--from", start), ("--to", end))}
    market = chosen_market(sample)
    with open_platform() as platform:
        try:
            sector = None
            if saved is not None:
                with platform.database.transaction(market) as session:
                    _, kept = platform.saved_screens.named(session, saved)
                expression, preset, universe = kept.q, kept.filter_type, kept.index
                instrument_type, sector = kept.instrument_type, kept.sector
                sort = f"{'-' if kept.sort_order == 'desc' else ''}{kept.sort_by}"
                columns = ", ".join(kept.columns) or columns
            if save is not None:
                _save(platform, market, save, (expression, preset, universe, instrument_type, columns, sort))
            if history:
                from app.services.screens.history import HistoryQuestion

                with platform.database.transaction(market) as session:
                    whole = platform.screener.condition(market, session, preset.upper(), expression)
                if whole is None:
                    fail("The screen asks nothing of a stock: there is no history to tell")
                question = HistoryQuestion(
                    whole.text, universe, instrument_type.upper(), days["--from"], days["--to"], seed
                )
                _print_history(platform.histories.answer(market, question), as_json)
                return
            descending = sort.startswith("-")
            _print_matches(
                platform,
                market,
                {
                    "expression": expression,
                    "asof": days["--asof"],
                    "universe": universe,
                    "instrument_type": instrument_type.upper(),
                    "preset": preset.upper(),
                    "columns": columns,
                    "sort_by": sort[1:] if descending else sort,
                    "order": "desc" if descending else "asc",
                    "limit": limit,
                    "sector": sector,
                },
                "json" if as_json else "csv" if as_csv else "text",
            )
        except SmartTraderException as error:
            fail(_told(error, expression))


def _save(platform: Platform, market: Market, name: str, asked: tuple[str | None, str, str, str, str, str]) -> None:
    from app.exceptions import DataNotFoundError
    from app.services.screens.saved import ScreenQuestion

    expression, preset, universe, instrument_type, columns, sort = asked
    screens = platform.saved_screens
    with platform.database.transaction(market) as session:
        names = platform.screener.screens.columns(market, session, columns)
        question = ScreenQuestion(
            q=expression,
            filter_type=preset.upper(),
            index=universe,
            instrument_type=instrument_type.upper(),
            columns=tuple(one.text for one in names),
            sort_by=sort.removeprefix("-"),
            sort_order="desc" if sort.startswith("-") else "asc",
        )
        try:
            known, _ = screens.named(session, name)
        except DataNotFoundError:
            made = screens.create(market, session, name, question)
        else:
            made = screens.change(market, session, known.id, known.version, known.name, question)
    print(f"Saved {made['name']}, version {made['version']}", file=sys.stderr)


def _print_matches(
    platform: Platform, market: Market, asked: dict[str, Any], form: Literal["json", "csv", "text"]
) -> None:
    from polars import selectors

    from app.services.screens.table import answer, frame

    with platform.database.transaction(market) as session:
        found = answer(platform, market, session, **asked)
    table = frame(found)
    if form == "json":
        meta = {
            "asof": found.asof,
            "total": found.total,
            "unknown": found.unknown,
            "expression": found.expression,
            "digest": found.digest,
            "point_in_time": found.point_in_time,
            "note": found.note,
            "snapshot": found.snapshot,
            "columns": found.columns,
            "quarantined": found.quarantined,
        }
        print_json({"data": table.to_dicts(), "meta": meta})
        return
    if form == "csv":
        plain = table.with_columns(selectors.boolean().cast(str))  # true and false, as everywhere else
        print_csv(plain.columns, plain.iter_rows())
        return
    widths = {name: max(len(name), 14) for name in table.columns[3:]}
    print(f"{'symbol':<14} {'sector':<28} " + " ".join(f"{name:>{width}}" for name, width in widths.items()))
    for row in table.iter_rows(named=True):
        cells = " ".join(f"{_cell(row[name]):>{width}}" for name, width in widths.items())
        print(f"{row['symbol']:<14} {(row['sector'] or '')[:28]:<28} {cells}")
    stamp = "POINT-IN-TIME" if found.point_in_time else "NOT POINT-IN-TIME"
    print(f"{found.total} match, of {found.unknown} it cannot be told. As of {found.asof}, {stamp}.")
    if found.note:
        print(found.note)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _print_history(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print(found["expression"])
    print(f"{found['start']} to {found['end']}, {found['index']}, screens tried: {found['trials']}")
    heads = {
        "sessions": 8,
        "signals": 8,
        "mean": 8,
        "universe": 9,
        "excess": 8,
        "95 % interval": 20,
        "p": 7,
        "p, all tried": 13,
    }
    print(" ".join(f"{name:>{width}}" for name, width in heads.items()))
    for one in found["forward"]:
        cells = [str(one["horizon"]), f"{one['signals']:,}"]
        cells += ["-" if one[name] is None else f"{100 * one[name]:.2f}%" for name in ("mean", "universe", "excess")]
        cells.append("-" if one["low"] is None else f"{100 * one['low']:.2f} to {100 * one['high']:.2f}%")
        cells += ["-" if one[name] is None else f"{one[name]:.3f}" for name in ("p_value", "p_adjusted")]
        print(" ".join(f"{cell:>{width}}" for cell, width in zip(cells, heads.values(), strict=True)))
    newest = found["latest"][0]
    names = {"matched": "matched", "entered": "came", "left": "left"}
    told = ", ".join(f"{len(newest[name]):,} {word}" for name, word in names.items())
    print(f"{newest['date']}: {told}, not known of {newest['unknown']:,}")
    for name, how in found["method"].items():
        print(f"{name}: {how}")


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    from app.exceptions import ValidationError
    from app.services.screens.past import past

    try:
        return past(date.fromisoformat(text), option)
    except ValueError:
        fail(f"{option} is {text!r}, expected a date like 2024-05-31")
    except ValidationError as error:
        fail(error.message)


def _told(error: SmartTraderException, expression: str | None) -> str:
    """The message; for an expression the line that is wrong, with the place marked."""
    details = error.details or {}
    if details.get("field") != "q" or expression is None or "column" not in details:
        return error.message
    lines = expression.split("\n")
    line = lines[min(details["line"], len(lines)) - 1]
    marks = "^" * max(1, min(details["length"], len(line) + 1 - (details["column"] - 1)))
    return f"{error.message}\n  {line}\n  {' ' * (details['column'] - 1)}{marks}"
