"""Claims: what one process of all does at a time, without a transaction that stays open while it does it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine

from app.repositories.jobs import release_claim, try_claim

_POLL_SECONDS: Final = 0.2


@contextmanager
def held(engine: Engine, claim: uuid.UUID) -> Iterator[bool]:
    """Whether a claim is ours as long as the block lasts. That of a process that died is free at once."""
    with engine.connect() as connection:
        mine = try_claim(connection, claim)
        connection.commit()
        try:
            yield mine
        finally:
            if mine:
                release_claim(connection, claim)
                connection.commit()


def pause() -> None:
    """A moment, until a claim is asked for again."""
    time.sleep(_POLL_SECONDS)


@contextmanager
def waited_for(engine: Engine, claim: uuid.UUID, between: Callable[[], None] = pause) -> Iterator[None]:
    """A claim that is ours as long as the block lasts. While another has it `between` is called, which may raise."""
    while True:
        with held(engine, claim) as mine:
            if mine:
                yield
                return
        between()
