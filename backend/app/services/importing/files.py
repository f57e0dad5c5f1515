"""Walking paths and opening archives: every file comes out as bytes in memory, one at a time, within limits.

A zip or xz can claim to hold a terabyte. Members are therefore read with a running count against the limits, whatever
the archive's own directory says, and an archive inside an archive is not opened.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.services.importing.findings import FileRefusedError, Rule

MAX_MEMBER_BYTES = 256 * 1024 * 1024
MAX_ARCHIVE_BYTES = 2 * 1024 * 1024 * 1024
MAX_MEMBERS = 20_000
MAX_RATIO = 200  # real exchange files compress 4 to 12 times
RATIO_FREE_BYTES = 8 * 1024 * 1024  # small members may compress better than MAX_RATIO: a page of zeros is no bomb
_CHUNK = 1024 * 1024
_IGNORED_NAMES = {
    "readme.md",
    "readme.txt",
    "readme",
    "manifest.csv",
    "manifest.json",
    "license",
    "license.txt",
    ".ds_store",
    "thumbs.db",
}
_ARCHIVE_SUFFIXES = (".zip", ".gz", ".tgz", ".xz", ".tar")


@dataclass(frozen=True, slots=True)
class Source:
    """A file on disk that a path led to; `named` when the caller named it, rather than a folder above it."""

    path: Path
    named: bool
    size: int


@dataclass(frozen=True, slots=True)
class Member:
    """A file's bytes, decompressed. `label` is how it is named to people; `folders` lie above it, nearest first."""

    name: str
    container: str | None
    label: str
    folders: tuple[str, ...]
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class BadMember:
    """A file or member that could not be opened; `sha256` is of the bytes it is made of on disk."""

    name: str
    label: str
    sha256: str
    error: FileRefusedError


def walk(paths: Sequence[Path], unreadable: list[OSError] | None = None) -> tuple[list[Source], list[Path], int]:
    """Files under the paths in a fixed order, paths that do not exist, and how many files need no mention.

    A file reached twice comes once. What of the folders could not be read is added to `unreadable`. Links are followed
    to files of the same folder, not to folders nor out of it.
    """
    found: dict[Path, Source] = {}
    missing: list[Path] = []
    ignored = 0
    for path in paths:
        if path.is_file():
            found[path.resolve()] = Source(path, True, path.stat().st_size)
        elif path.is_dir():
            for child in _files_below(path, [] if unreadable is None else unreadable):
                if not child.is_file() or (child.is_symlink() and not child.resolve().is_relative_to(path.resolve())):
                    continue
                if _is_ignored(child.name):
                    ignored += 1
                elif child.resolve() not in found:
                    found[child.resolve()] = Source(child, False, child.stat().st_size)
        else:
            missing.append(path)
    return sorted(found.values(), key=lambda source: str(source.path)), missing, ignored


def _files_below(folder: Path, unreadable: list[OSError]) -> list[Path]:
    return sorted(
        Path(place) / name for place, _, names in os.walk(folder, onerror=unreadable.append) for name in names
    )


def _is_ignored(name: str) -> bool:
    return name.lower() in _IGNORED_NAMES or name.startswith((".", "~$"))


def file_digest(path: Path) -> str:
    """SHA-256 of a file on disk, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_archive(path: Path) -> bool:
    """Whether the file is opened for what is inside; a workbook is a zip, but read as it is."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return path.suffix.lower() != ".xlsx"
    return head.startswith((b"\x1f\x8b", b"\xfd7zXZ\x00")) or path.name.lower().endswith((".tar", ".zip", ".gz", ".xz"))


def open_source(source: Source) -> Iterator[Member | BadMember]:
    """The file, or each file inside it, decompressed."""
    path = source.path
    try:
        if not is_archive(path):
            if source.size > MAX_MEMBER_BYTES:
                raise _too_large(path.name, MAX_MEMBER_BYTES)
            yield _member(path, path.name, None, path.read_bytes())
            return
        with path.open("rb") as stream:
            head = stream.read(6)
        if head.startswith(b"PK"):
            yield from _zip_members(path)
        elif _is_tar(path):
            yield from _tar_members(path)
        else:
            yield _single(path, head)
    except FileRefusedError as error:
        yield BadMember(path.name, str(path), file_digest(path), error)
    except OSError as error:
        unreadable = FileRefusedError(Rule.UNREADABLE, f"{path.name}: {error}")
        yield BadMember(path.name, str(path), hashlib.sha256(str(path).encode()).hexdigest(), unreadable)


def _folders(path: Path) -> tuple[str, ...]:
    return tuple(part.name for part in path.absolute().parents if part.name)


def _member(path: Path, name: str, container: str | None, data: bytes) -> Member:
    label = str(path) if container is None else f"{path}!{name}"
    return Member(Path(name).name, container, label, _folders(path), data, hashlib.sha256(data).hexdigest())


def _too_large(name: str, limit: int) -> FileRefusedError:
    return FileRefusedError(
        Rule.ARCHIVE_LIMIT, f"{name}: more than {limit // (1024 * 1024)} MB unpacked; a market file is far smaller"
    )


def _read_bounded(stream: IO[bytes], name: str, compressed: int) -> bytes:
    """All of a decompressing stream, stopped as soon as size or ratio pass what a market file can have."""
    out = io.BytesIO()
    while chunk := stream.read(_CHUNK):
        out.write(chunk)
        size = out.tell()
        if size > MAX_MEMBER_BYTES:
            raise _too_large(name, MAX_MEMBER_BYTES)
        if size > RATIO_FREE_BYTES and size > MAX_RATIO * max(compressed, 1):
            raise FileRefusedError(
                Rule.ARCHIVE_LIMIT,
                f"{name}: unpacks to more than {MAX_RATIO} times its size, as only a decompression bomb does",
            )
    return out.getvalue()


def _is_nested(name: str) -> bool:
    return name.lower().endswith(_ARCHIVE_SUFFIXES)


def _zip_members(path: Path) -> Iterator[Member | BadMember]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{path.name}: not a complete zip file ({error})") from error
    with archive:
        infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        if len(infos) > MAX_MEMBERS:
            raise FileRefusedError(Rule.ARCHIVE_LIMIT, f"{path.name}: {len(infos)} members, more than {MAX_MEMBERS}")
        total = 0
        for info in infos:
            if _is_ignored(Path(info.filename).name):
                continue
            try:
                if _is_nested(info.filename):
                    raise _nested(info.filename)
                if info.flag_bits & 0x1:
                    raise FileRefusedError(Rule.UNREADABLE, f"{info.filename}: protected by a password")
                if info.file_size > MAX_MEMBER_BYTES:
                    raise _too_large(info.filename, MAX_MEMBER_BYTES)
                with archive.open(info) as stream:
                    data = _read_bounded(stream, info.filename, info.compress_size)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
                damaged = FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{path.name}: member {info.filename}: {error}")
                yield BadMember(
                    Path(info.filename).name, f"{path}!{info.filename}", _fallback_digest(path, info.filename), damaged
                )
                continue
            except FileRefusedError as error:
                yield BadMember(
                    Path(info.filename).name, f"{path}!{info.filename}", _fallback_digest(path, info.filename), error
                )
                continue
            total += len(data)
            if total > MAX_ARCHIVE_BYTES:
                raise _too_large(path.name, MAX_ARCHIVE_BYTES)
            yield _member(path, info.filename, path.name, data)


def _nested(name: str) -> FileRefusedError:
    return FileRefusedError(Rule.ARCHIVE_LIMIT, f"{name}: an archive inside an archive is not opened; unpack it first")


def _fallback_digest(path: Path, name: str) -> str:
    """What stands for the content of a member that cannot be read: the archive's bytes and the member's name."""
    return hashlib.sha256(f"{file_digest(path)}!{name}".encode()).hexdigest()


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith((".tar.xz", ".tar.gz", ".tgz", ".tar"))


class _CountedReader(io.RawIOBase):
    """Passes reads through and stops when an archive unpacks to more than the limits, headers included."""

    def __init__(self, stream: IO[bytes], name: str, compressed: int) -> None:
        self._stream = stream
        self._name = name
        self._compressed = compressed
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._read += len(data)
        if self._read > MAX_ARCHIVE_BYTES or (
            self._read > RATIO_FREE_BYTES and self._read > MAX_RATIO * max(self._compressed, 1)
        ):
            raise FileRefusedError(
                Rule.ARCHIVE_LIMIT,
                f"{self._name}: unpacks to more than {MAX_RATIO} times its size, as only a decompression bomb does",
            )
        return len(data)


def _decompressor(path: Path, raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    return raw


def _tar_members(path: Path) -> Iterator[Member | BadMember]:
    count = 0
    with path.open("rb") as raw:
        counted = _CountedReader(_decompressor(path, raw), path.name, path.stat().st_size)
        try:
            with tarfile.open(fileobj=io.BufferedReader(counted, _CHUNK), mode="r|") as archive:
                for info in archive:
                    if not info.isfile() or _is_ignored(Path(info.name).name):
                        continue
                    count += 1
                    if count > MAX_MEMBERS:
                        raise FileRefusedError(Rule.ARCHIVE_LIMIT, f"{path.name}: more than {MAX_MEMBERS} members")
                    if info.size > MAX_MEMBER_BYTES:
                        raise _too_large(info.name, MAX_MEMBER_BYTES)
                    if _is_nested(info.name):
                        yield BadMember(
                            Path(info.name).name,
                            f"{path}!{info.name}",
                            _fallback_digest(path, info.name),
                            _nested(info.name),
                        )
                        continue
                    stream = archive.extractfile(info)
                    data = stream.read() if stream is not None else b""
                    if len(data) != info.size:
                        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{path.name}: member {info.name} is cut short")
                    yield _member(path, info.name, path.name, data)
        except (tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise FileRefusedError(
                Rule.ARCHIVE_DAMAGED, f"{path.name}: the archive is damaged or cut short ({error})"
            ) from error


def _single(path: Path, head: bytes) -> Member:
    """A lone `.gz` or `.xz` file."""
    name = path.name.rsplit(".", 1)[0] if path.suffix.lower() in {".gz", ".xz"} else path.name
    try:
        with path.open("rb") as raw:
            data = _read_bounded(_decompressor(path, raw), path.name, path.stat().st_size)
    except (lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise FileRefusedError(
            Rule.ARCHIVE_DAMAGED, f"{path.name}: the archive is damaged or cut short ({error})"
        ) from error
    if not head.startswith((b"\x1f\x8b", b"\xfd7zXZ\x00")):
        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{path.name}: not the archive its name says")
    return _member(path, name, path.name, data)
