"""What must not be in a tracked file: where a package came from, or a file that a tool wrote for itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

# Written in pieces, so that this file does not hold what it looks for.
_HOSTS = re.compile(
    "|".join((r"pypi\.", r"pythonhosted\.")) + "org|" + r"registry\.(?:npmjs|yarnpkg)\." + "(?:org|com)", re.I
)
_TOOL_FILES = {"uv.lock", "pylock.toml", "AGENTS.md", ".python-version"}
LARGEST = 3_000_000  # bytes; larger files are data


def tracked(root: Path) -> list[Path]:
    """The files that git keeps; none where this is not a git checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if listed.returncode != 0:
        return []
    return [root / name for name in listed.stdout.decode().split("\0") if name]


def faults(root: Path) -> list[str]:
    """Each fault as `file:line: what`, for the tracked files below `root`."""
    found: list[str] = []
    for file in tracked(root):
        name = file.relative_to(root).as_posix()
        if file.name in _TOOL_FILES:
            found.append(f"{name}: a tool wrote this for itself; it does not belong in the repository")
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST:
            found += [f"{name}:{line}: {what}" for line, what in faults_in(file.read_bytes().decode(errors="ignore"))]
    return found


def faults_in(text: str) -> list[tuple[int, str]]:
    """(line, what) for each line that names a package registry."""
    return [
        (number, "names a package registry; the installers' own settings say where packages come from")
        for number, line in enumerate(text.splitlines(), 1)
        if _HOSTS.search(line)
    ]
