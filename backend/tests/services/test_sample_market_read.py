"""The files of the sample market go through the readers of the import without a finding."""

from __future__ import annotations

from pathlib import Path

from app.services.importing.files import BadMember, open_source, walk
from app.services.importing.kinds import PRICE_KINDS, Kind, recognise
from app.services.importing.price_files import read_price_file
from app.services.sample_market import generate_small


def test_every_file_is_recognised_and_every_price_file_is_read_without_a_finding(tmp_path: Path) -> None:
    small = generate_small(tmp_path / "market")
    kinds: dict[Kind, int] = {}
    sources, missing, ignored = walk([small.directory])
    assert (missing, ignored) == ([], 0)
    for source in sources:
        for member in open_source(source):
            assert not isinstance(member, BadMember)
            kind = recognise(member.name, member.data)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kind in PRICE_KINDS:
                assert read_price_file(kind, member.name, member.data).findings == []
    assert sum(kinds.values()) == small.files
    assert {Kind.PRICES_LEGACY, Kind.PRICES_DELIVERY, Kind.PRICES_UDIFF} <= set(kinds)
    others = {Kind.EQUITY_LIST, Kind.SYMBOL_CHANGES, Kind.ACTIONS_PURPOSE, Kind.INDEX_LIST, Kind.INDEX_HISTORY}
    assert others <= set(kinds)
