"""Stamps: what a step was last done for, so that it is done again only when that changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from launcher.steps import VENV

STAMPS = VENV / "stamps"


def digest(root: Path, files: Iterable[Path], *extra: str) -> str:
    """A hash of the names and contents of files, and of other words that matter."""
    total = hashlib.sha256()
    for word in extra:
        total.update(f"{word}\0".encode())
    for file in sorted(set(files)):
        total.update(f"{file.relative_to(root).as_posix()}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def is_done(name: str, wanted: str, stamps: Path = STAMPS) -> bool:
    """Whether the step was last done for exactly this."""
    stamp = stamps / name
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


def set_done(name: str, wanted: str, stamps: Path = STAMPS) -> None:
    stamps.mkdir(parents=True, exist_ok=True)
    (stamps / name).write_text(wanted, encoding="ascii")


def forget(name: str, stamps: Path = STAMPS) -> None:
    (stamps / name).unlink(missing_ok=True)
