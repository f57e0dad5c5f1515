"""What the commands share: the services they run on, and how they answer."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from app.database import Market
    from app.services.platform import Platform
    from app.services.user_strategies.catalogue import Catalogue

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_SAID = "smarttrader.said"
_ASKED: ContextVar[typer.Context | None] = ContextVar("asked for the sample", default=None)


def _noted(context: typer.Context, sample: bool) -> bool:
    _ASKED.set(context if sample else None)
    return sample


SampleFlag = Annotated[
    bool, typer.Option("--sample", help="The sample market instead of the real one.", callback=_noted)
]


@contextmanager
def open_platform(*, strategies: bool = False) -> Iterator[Platform]:
    """The services, with databases at the current schema; joins a running server's embedded database.

    A command that runs strategies has them made known to the databases, which loads the compiler.
    """
    from app.services.platform import Platform
    from app.settings import get_settings

    platform = Platform(get_settings())
    try:
        platform.prepare(strategies=strategies)
        yield platform
    finally:
        platform.close()


def tell_watched(platform: Platform, market: Market) -> None:
    """Look at the watched screens after new data, and say what happened in them; nothing where none is watched."""
    if not platform.watch.anything(market):
        return
    noted = platform.watch.run(market)
    print(f"Watched screens: {noted['screens']}, stocks that came or went: {noted['events']}", file=sys.stderr)
    for name, reason in noted["failed"].items():
        print(f"  {name}: {reason}", file=sys.stderr)
    for way, told in platform.watch.tell(market).items():
        if told["reason"] is not None and way in platform.ways:
            print(f"  Not told by {way}: {told['reason']}", file=sys.stderr)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON, dates as ISO text; an object about the sample market says so as its first member."""
    if _market_mark() is not None and isinstance(value, dict):
        value = {"market": _market_mark(), **value}
    separators = (",", ":") if indent is None else None
    print(json.dumps(value, indent=indent, separators=separators, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> str:
    """What JSON has no word for, as the API writes it."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV; of the sample market each says so in a last column `market`."""
    from app.services.spreadsheet_cells import safe_cell

    mark = _market_mark()
    more, cell = ([], []) if mark is None else (["market"], [mark])
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*header, *more])
    writer.writerows([*map(safe_cell, row), *cell] for row in rows)


def _market_mark() -> str | None:
    """SAMPLE while the command at work was asked for the sample market."""
    from app.database import Market

    return None if _ASKED.get() is None else Market.SAMPLE.mark


def _told(asked: typer.Context) -> None:
    """Say once a command, as the first line of its text, which market it is about."""
    if not asked.meta.get(_SAID):
        asked.meta[_SAID] = True
        print("SAMPLE: a generated market of fictional companies")


def say_of_compiling() -> None:
    """Say on standard error that the engine will be compiled first, where nothing of it is on the disk."""
    from app.services.kernels import compiled

    if not compiled():
        print(
            "Compiling the engine, once: a minute or two (smarttrader warm-up does it beforehand).",
            file=sys.stderr,
            flush=True,
        )


def chosen_market(sample: bool) -> Market:
    """The market a command works on. What it prints about the sample market is marked: text by a first line."""
    from app.database import Market

    asked = _ASKED.get()
    if sample and asked is not None and not (asked.params.get("as_json") or asked.params.get("as_csv")):
        _told(asked)
    return Market.SAMPLE if sample else Market.REAL


def fail(message: str) -> NoReturn:
    """End with a sentence on standard error and exit code 1."""
    print(message, file=sys.stderr)
    raise typer.Exit(1)


def write_file(file: Path, content: bytes) -> None:
    """Write a file, or end the command saying why it cannot be."""
    try:
        file.write_bytes(content)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


@contextmanager
def own_catalogue() -> Iterator[Catalogue]:
    """The strategies, where there is no platform."""
    from app.services.user_strategies.catalogue import catalogue_of
    from app.settings import get_settings

    catalogue = catalogue_of(get_settings())
    try:
        yield catalogue
    finally:
        catalogue.close()
