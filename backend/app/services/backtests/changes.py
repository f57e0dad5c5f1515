"""What a job was asked for is not there any more as it was: said before anything is worked out or counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.engines.backtest import RunSpec
from app.engines.backtest.spec import engine_version
from app.engines.strategies.registry import AnyStrategy
from app.exceptions import ConflictError, DataNotFoundError, InsufficientDataError, ValidationError
from app.services.backtests.inputs import Inputs, changed_inputs


class InputsChanged(ConflictError):
    """What a run or a search reads is not what it names any more: it can never be carried out.

    `details.changed` names what is another now.
    """

    def __init__(self, message: str, *changed: str) -> None:
        super().__init__(f"{message}: ask for it again", details={"changed": list(changed)})


def check_engine(asked: str) -> None:
    """Refuse what was asked of another version of the engine, before it is read: it may have other fields."""
    if asked != engine_version():
        raise InputsChanged(f"It was asked of engine {asked}, and this is {engine_version()}", "engine_version")


def check_source(strategy: AnyStrategy, source_hash: str) -> None:
    """Refuse another source of a strategy than was asked for."""
    if strategy.source_hash != source_hash:
        raise InputsChanged(f"The source of {strategy.id} changed since it was asked for", f"strategy {strategy.id}")


def check_inputs(spec: RunSpec, inputs: Inputs) -> None:
    """Refuse other inputs than a specification names."""
    changed = changed_inputs(spec, inputs)
    if changed:
        named = ", ".join(changed).replace("_", " ")
        raise InputsChanged(f"The data changed since it was asked for ({named})", *changed)


@contextmanager
def changed_where_missing() -> Iterator[None]:
    """Say of data that were there when they were asked for, and are not now, that they changed.

    A symbol that is unknown now, or one company with another by now, is wrong of a question; here it was right once.
    """
    try:
        yield
    except (DataNotFoundError, InsufficientDataError, ValidationError) as error:
        raise InputsChanged(f"The data changed since it was asked for ({error.message})", "data") from error
