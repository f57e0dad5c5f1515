"""Seeded damage to files, as downloads, editors and disks do it."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from app.services.importing.files import Member, open_source, walk
from app.services.importing.findings import FileRefusedError, FileSkippedError
from app.services.importing.kinds import recognise

LONG = 10_000_000
_LARGEST_SEED_FILE = 400_000  # bytes; longer texts are cut to whole lines
_KEPT_LINES = 400

Mutation = Callable[[random.Random, bytes], bytes]


def seeds(folder: Path, per_kind: int = 2) -> list[Member]:
    """Some files of each kind under a folder, long texts shortened to their first lines."""
    found: dict[str, list[Member]] = {}
    for source in walk([folder])[0]:
        if source.size > 4_000_000:
            continue
        for member in open_source(source):
            if not isinstance(member, Member):
                continue
            try:
                kind = recognise(member.name, member.data).value
            except (FileRefusedError, FileSkippedError):
                continue
            own = found.setdefault(kind, [])
            if len(own) < per_kind and (len(member.data) <= _LARGEST_SEED_FILE or not _is_binary(member.data)):
                own.append(_shortened(member))
            break  # one member of an archive is enough
    return [member for kind in sorted(found) for member in found[kind]]


def _is_binary(data: bytes) -> bool:
    return data.startswith((b"PAR1", b"PK")) or b"\0" in data[:1000]


def _shortened(member: Member) -> Member:
    if _is_binary(member.data) or len(member.data) <= _LARGEST_SEED_FILE:
        return member
    data = b"".join(member.data.splitlines(keepends=True)[:_KEPT_LINES])
    return Member(member.name, member.container, member.label, member.folders, data, member.sha256)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The file up to any byte."""
    return data[: chance.randrange(len(data))]


def flip(chance: random.Random, data: bytes) -> bytes:
    """Some bytes are others."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 3, 30))):
        out[chance.randrange(len(out))] = chance.randrange(256)
    return bytes(out)


def flip_near_an_end(chance: random.Random, data: bytes) -> bytes:
    """A byte near the beginning or the end, where archives and Parquet keep what describes them."""
    out = bytearray(data)
    near = chance.randrange(min(200, len(out)))
    out[near if chance.random() < 0.5 else -1 - near] = chance.randrange(256)
    return bytes(out)


def shuffle_columns(chance: random.Random, data: bytes) -> bytes:
    """The columns of the header, or of every line, in another order."""
    lines = data.split(b"\n")
    width = lines[0].count(b",") + 1
    order = chance.sample(range(width), width)
    upto = 1 if chance.random() < 0.5 else len(lines)
    for n in range(upto):
        cells = lines[n].split(b",")
        if len(cells) == width:
            lines[n] = b",".join(cells[i] for i in order)
    return b"\n".join(lines)


def drop_a_column(chance: random.Random, data: bytes) -> bytes:
    """A column is missing from every line."""
    lines = data.split(b"\n")
    gone = chance.randrange(lines[0].count(b",") + 1)
    return b"\n".join(b",".join(c for i, c in enumerate(line.split(b",")) if i != gone) for line in lines)


def recode(chance: random.Random, data: bytes) -> bytes:
    """The file in another encoding, marked or not."""
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"))
    return data.decode("latin-1").encode(encoding)


def change_a_cell(chance: random.Random, data: bytes) -> bytes:
    """A cell is something else: negative, enormous, no number, a formula, a name of another alphabet, a quote."""
    lines = data.split(b"\n")
    n = chance.randrange(len(lines))
    cells = lines[n].split(b",")
    cells[chance.randrange(len(cells))] = chance.choice(
        (b"-5.5", b"1e309", b"-1e308", b"nan", b"", b'"', b"'", b"=1+1", "\u0645\U0001f680".encode(), b"\x00",
         b"\x1b[0m", b"99999999999999999999", b"31-Feb-2024", b"0", b"\xff\xfe", b"a,b", b'"a\nb"', b"\r",
         b"9" * 400, b"<html>")
    )  # fmt: skip
    lines[n] = b",".join(cells)
    return b"\n".join(lines)


def long_cell(chance: random.Random, data: bytes) -> bytes:
    """A cell of ten million characters."""
    lines = data.split(b"\n")
    n = chance.randrange(len(lines))
    cells = lines[n].split(b",")
    cells[chance.randrange(len(cells))] = chance.choice((b"A", b"9", b'"', b" ")) * LONG
    lines[n] = b",".join(cells)
    return b"\n".join(lines)


def repeat_lines(chance: random.Random, data: bytes) -> bytes:
    """A line is there twice, or moves."""
    lines = data.split(b"\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return b"\n".join(lines)


def insert_junk(chance: random.Random, data: bytes) -> bytes:
    """Random bytes in the middle."""
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.choice((1, 20, 5000))) + data[at:]


def zipped_and_damaged(chance: random.Random, data: bytes) -> bytes:
    """A zip of the file with one kind of damage above done to the archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", data)
    return chance.choice((cut, flip, flip_near_an_end, insert_junk))(chance, out.getvalue())


MUTATIONS: tuple[Mutation, ...] = (
    cut,
    flip,
    flip_near_an_end,
    shuffle_columns,
    drop_a_column,
    recode,
    change_a_cell,
    change_a_cell,
    repeat_lines,
    insert_junk,
    zipped_and_damaged,
)


def damaged(
    chance: random.Random, members: list[Member], count: int, long_every: int = 60
) -> Iterator[tuple[str, Member]]:
    """Files with one or two kinds of damage: (which, the file)."""
    for n in range(count):
        member = chance.choice(members)
        how = [long_cell] if n % long_every == long_every - 1 else chance.choices(MUTATIONS, k=chance.choice((1, 1, 2)))
        data = member.data
        for one in how:
            data = one(chance, data) or b"\n"
        label = "+".join(one.__name__ for one in how)
        yield label, Member(member.name, None, member.label, member.folders, data, f"{n:064x}")
