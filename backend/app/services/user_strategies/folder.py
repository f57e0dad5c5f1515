"""The folder of one's own strategies, looked through without running anything.

Each `.py` file in it is one strategy: one class at the top level with an `id` that is a plain text. Files whose name
begins with `_`, and packages, are helpers that strategies may import. What a strategy is, its class name and id, is
read from the syntax tree; whether it works is for the worker to find out.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from app.engines.strategies.registry import registry
from app.engines.strategies.source import PACKAGE, Module, closure, hash_of, project_module
from app.services.user_strategies.errors import LoadError
from app.services.user_strategies.wire import Code, SourceFile

ID: Final = re.compile(r"[a-z][a-z0-9_]{1,62}")
ID_WORDS: Final = "2 to 63 small letters, digits and _, a letter first"
RESERVED: Final = frozenset(
    {
        "available",
        "backtest",
        "correlation",
        "policy",
        "monitor",
        "runs",
        "portfolios",
        "sweeps",
        "load_errors",
        "library",
    }
    | {"all", "new", "none", "list", "proof", "strategies"}
)
LARGEST: Final = 1_000_000  # characters


@dataclass(frozen=True)
class StrategyFile:
    """A file that may be a strategy, with everything it imports of the folder and of the project.

    Attributes
    ----------
    file : path inside the folder
    code : what goes to the worker
    lines : the line of the class, under "", and of what is assigned or defined in it
    own_hash : SHA-256 of what the user wrote alone: it does not change with the platform's version
    """

    file: str
    code: Code
    lines: dict[str, int] = field(hash=False)
    own_hash: str

    def line_of(self, name: str | None) -> int:
        """Where an attribute is, else the class."""
        return self.lines.get(name or "", self.lines[""])

    def error(self, message: str, expected: str, line: int | None = None) -> LoadError:
        """What is wrong with this file."""
        return LoadError(self.file, line or self.line_of(None), self.code.strategy_id, message, expected)


def read_folder(folder: Path) -> tuple[dict[str, StrategyFile], list[LoadError]]:
    """The strategies of a folder by id, and why the other files are none; nothing where there is no folder."""
    found: dict[str, StrategyFile] = {}
    errors: list[LoadError] = []
    if not folder.is_dir():
        return found, errors
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        read = _read(folder, path)
        if isinstance(read, StrategyFile):
            other = found.get(read.code.strategy_id)
            if other is None:
                found[read.code.strategy_id] = read
                continue
            read = read.error(
                f"the id {read.code.strategy_id} is that of {other.file} too", "an id of its own", read.line_of("id")
            )
        errors.append(read)
    return found, errors


def _read(folder: Path, path: Path) -> StrategyFile | LoadError:
    name = path.stem
    if not name.isidentifier():
        return LoadError(
            path.name, None, None, f"{name} is no name of a module", "a file name of letters, digits and _"
        )
    text = _text(path)
    if text is None:
        return LoadError(path.name, None, None, "the file cannot be read", "Python source in UTF-8, below 1 MB")
    found = _looked_through(path.name, text)
    if isinstance(found, LoadError):
        return found
    why = taken(name, folder)
    if why is not None:
        return LoadError(path.name, None, found.strategy_id, why, "a file name of its own")
    own = _Folder(folder, {name: Module(text, package=False)})
    try:
        sources = closure(name, own)
    except SyntaxError as error:  # of a helper: the file itself has been parsed
        return LoadError(
            own.last, error.lineno, found.strategy_id, f"it cannot be read as Python: {error.msg}", "Python source"
        )
    for helper in own.files:
        why = taken(helper.split(".")[0], folder)
        if why is not None:
            return LoadError(path.name, None, found.strategy_id, why, "another name of the helper")
    mine = {module: source for module, source in sources.items() if module in own.files or module == name}
    files = {m: SourceFile(own.files.get(m, path.name), s.text, s.package) for m, s in mine.items()}
    code = Code(found.strategy_id, name, found.class_name, str(folder), files, hash_of(sources))
    return StrategyFile(path.name, code, found.lines, hash_of(mine))


class _Folder:
    """Modules of the folder, then of the project. Remembers which files it gave, and the last of them."""

    def __init__(self, folder: Path, known: dict[str, Module]) -> None:
        self._folder, self._known = folder, known
        self.files: dict[str, str] = {}
        self.last = ""

    def __call__(self, name: str) -> Module | None:
        if name in self._known:
            return self._known[name]
        if name.split(".")[0] == PACKAGE:
            return project_module(name)
        base = self._folder.joinpath(*name.split("."))
        for path, package in ((base.with_suffix(".py"), False), (base / "__init__.py", True)):
            text = _text(path) if path.is_file() else None
            if text is not None:
                self.files[name] = self.last = path.relative_to(self._folder).as_posix()
                return Module(text, package)
        return None


def _text(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None
    return text if len(text) <= LARGEST and "\0" not in text else None


def taken(name: str, folder: Path) -> str | None:
    """Why a module of the folder may not have a name: Python would find another of that name first."""
    if name in sys.stdlib_module_names or name == PACKAGE:
        return f"{name} is the name of a module of {'the platform' if name == PACKAGE else 'Python itself'}"
    spec = importlib.util.find_spec(name) if name not in sys.modules else sys.modules[name].__spec__
    origin = None if spec is None else spec.origin
    if spec is None or (origin is not None and Path(origin).is_relative_to(folder)):
        return None
    return f"{name} is the name of an installed module"


@dataclass(frozen=True)
class _Found:
    strategy_id: str
    class_name: str
    lines: dict[str, int]


@lru_cache(maxsize=512)
def _looked_through(file: str, text: str) -> _Found | LoadError:
    """The one class with an id, from the syntax tree."""

    def wrong(line: int | None, message: str, expected: str, strategy_id: str | None = None) -> LoadError:
        return LoadError(file, line, strategy_id, message, expected)

    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return wrong(error.lineno, f"it cannot be read as Python: {error.msg}", "Python source")
    except RecursionError:
        return wrong(None, "it is nested too deeply to be read", "Python source")
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    named = [(node, value) for node in classes for value in [_assigned(node, "id")] if value is not None]
    if not named:
        return wrong(
            classes[0].lineno if classes else None,
            "there is no strategy in it",
            'a class at the top level with id = "…", derived from Strategy, EventStrategy or CompiledStrategy; '
            "a file of helpers has a name that begins with _",
        )
    if len(named) > 1:
        names = " and ".join(f"{node.name} (line {node.lineno})" for node, _ in named)
        return wrong(named[1][0].lineno, f"there are several strategies in it: {names}", "one strategy in a file")
    node, value = named[0]
    lines = {"": node.lineno, **dict(_lines(node))}
    if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return wrong(lines["id"], "the id is not written as a plain text", 'id = "…"')
    strategy_id = value.value
    if not ID.fullmatch(strategy_id):
        return wrong(lines["id"], f"the id {strategy_id!r} cannot be used", ID_WORDS)
    if strategy_id in registry():
        return wrong(
            lines["id"], f"{strategy_id} is the id of a strategy of the platform", "an id of its own", strategy_id
        )
    if strategy_id in RESERVED:
        return wrong(lines["id"], f"the id {strategy_id} is reserved", "another one", strategy_id)
    return _Found(strategy_id, node.name, lines)


def _assigned(node: ast.ClassDef, name: str) -> ast.expr | None:
    for statement in node.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return statement.value
    return None


def _lines(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield from ((target.id, statement.lineno) for target in statement.targets if isinstance(target, ast.Name))
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement.lineno
        elif isinstance(statement, ast.FunctionDef):
            yield statement.name, statement.lineno
