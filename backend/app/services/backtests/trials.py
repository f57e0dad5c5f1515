"""The ledger of trials, as the doubt about a record reads it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.evidence.trials import Group, Record, Trials, trials_for
from app.repositories.strategies import RunRepository


def record_of(sessions: NDArray[np.datetime64], returns: int | None = None) -> Record:
    """The record of measured bars, shape [T], T > 0; of as many returns as days but the first, where not given."""
    days = sessions.astype("datetime64[D]")
    count = int(np.count_nonzero(days[1:] != days[:-1]))
    return Record(days[0].item(), days[-1].item(), count if returns is None else returns)


def ledger(session: Session, strategy_ids: Sequence[str]) -> list[list[Group]]:
    """The trials of each of the strategies that has any."""
    return [
        [Group(None if group.record is None else Record(*group.record), *group[1:]) for group in groups]
        for groups in RunRepository(session).trials(strategy_ids).values()
    ]


def most_tried(lineages: Sequence[Sequence[Group]], record: Record | None) -> Trials:
    """The trials as a record is judged by them; of several strategies, those of the one with the most.

    One of its own where none is in the ledger.
    """
    found = [trials_for(groups, record) for groups in lineages]
    return max(found, key=lambda trials: (trials.number, trials.variance or 0.0), default=Trials(1, None))
