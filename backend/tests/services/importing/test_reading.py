"""Reading ahead of storing: order, how far ahead, and that nothing is lost on the way."""

from __future__ import annotations

import io
import time
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from app.services.importing import reading
from app.services.importing.files import Member, file_digest, walk
from app.services.importing.findings import FileRefusedError, Rule
from app.services.importing.kinds import recognise
from app.services.importing.price_files import PriceFile
from app.services.importing.reading import Parsed, Read, in_order, parse, read_ahead

from .samples import legacy, legacy_name, quote


def _content(day: int) -> tuple[str, bytes]:
    on = date(2024, 7, day)
    return legacy_name(on), legacy(on, [quote("AAA", 1.0)])


def test_reading_is_one_member_ahead_of_the_caller_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 6):
        name, data = _content(day)
        (tmp_path / name).write_bytes(data)
    parsed: list[str] = []

    def noted(member: Member) -> Parsed:
        parsed.append(member.name)
        return parse(member)

    monkeypatch.setattr(reading, "parse", noted)
    sources = in_order(walk([tmp_path])[0])
    with closing(read_ahead(sources, set())) as steps:
        seen = 0
        for step in steps:
            if isinstance(step, Read):
                seen += 1
                deadline = time.monotonic() + 5
                while len(parsed) < min(seen + 1, 5) and time.monotonic() < deadline:
                    time.sleep(0.001)
                time.sleep(0.01)  # it would go on now if it went on
                assert len(parsed) == min(seen + 1, 5)
    assert parsed == [source.path.name for source in sources]


def test_steps_come_in_order_and_a_known_archive_is_not_opened(tmp_path: Path) -> None:
    for name, days in (("a.zip", (1, 2)), ("b.zip", (3, 4))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for day in days:
                archive.writestr(*_content(day))
    (tmp_path / "c.csv").write_bytes(b"<html>")
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04 cut short")
    sources, _, _ = walk([tmp_path])
    steps = [type(step).__name__ for step in read_ahead(sources, {file_digest(tmp_path / "b.zip")})]
    one_file = ["Begun", "Read", "Ended"]
    assert steps == ["Begun", "Read", "Read", "Ended", "Begun", *one_file, "Begun", "Unreadable", "Ended"]


def test_an_error_in_the_reading_thread_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_member: Member) -> Parsed:
        raise RuntimeError("a defect")

    (tmp_path / "a.csv").write_bytes(b"a,b\n")
    monkeypatch.setattr(reading, "parse", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        list(read_ahead(walk([tmp_path])[0], set()))


def test_a_large_member_waits_to_be_parsed_until_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, data = _content(1)
    (tmp_path / name).write_bytes(data)
    monkeypatch.setattr(reading, "_PARSED_AHEAD_BYTES", len(data) - 1)
    (read,) = [step for step in read_ahead(walk([tmp_path])[0], set()) if isinstance(step, Read)]
    assert read.parsed is None
    parsed = parse(read.member)
    assert isinstance(parsed, PriceFile) and parsed.frame.height == 1


def test_a_workbook_whose_damage_looks_like_a_newer_zip_is_named_as_damaged() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    data = bytearray(buffer.getvalue())
    data[data.index(b"PK\x01\x02") + 6] = 133  # the version needed to unpack
    with pytest.raises(FileRefusedError, match="not a complete workbook") as refused:
        recognise("symbolchange.xlsx", bytes(data))
    assert refused.value.finding.rule is Rule.ARCHIVE_DAMAGED
