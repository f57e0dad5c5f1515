"""Which version of the readers and of what is worked out from all files is at work, so that older results are known.

A reader that learns to take more from a file counts up the version of its kind: a file stored by an older one is stored
anew, in one transaction, when it is imported again. `DERIVED` counts up with whatever is worked out from stored rows
alone (identity, membership, factors, dividends): the next import or start of the server works all of it out again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.services.importing.kinds import Kind

DERIVED: Final = 3  # 2: the next ISIN of an issuer goes on under another symbol; 3: rights, sectors
READERS: Final[Mapping[str, int]] = {Kind.ACTIONS_PURPOSE.value: 2}  # 2: the terms of rights; kinds not named are at 1


def reader_of(kind: str) -> int:
    """The version of the reader of a kind."""
    return READERS.get(kind, 1)
