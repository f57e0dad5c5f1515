"""What the commands share: the services they run on, and how they answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from app.database import Market
    from app.services.platform import Platform

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
SampleFlag = Annotated[bool, typer.Option("--sample", help="The sample market instead of the real one.")]


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


def print_json(value: Any) -> None:
    """Print a value as indented JSON; dates as ISO text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


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
    """The market a command works on."""
    from app.database import Market

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
