"""The identity of a strategy's source: a hash over its module and the modules that it imports and we keep.

Those are the modules of the project and, of a strategy of one's own, those of its folder.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "app"
ROOT = Path(__file__).parents[3]  # the directory that holds the package


class Module(NamedTuple):
    """A module's text, and whether it is a package: relative imports depend on it."""

    text: str
    package: bool


def module_file(name: str, root: Path | None = None) -> Path | None:
    """The file of a module or package below `root` (default: the project's); None where there is none of that name."""
    base = (root or ROOT).joinpath(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@lru_cache(maxsize=1024)
def imported_modules(name: str, module: Module) -> frozenset[str]:
    """Names that a module's source imports, also inside functions, with the packages they lie in.

    Names taken from a module are among them as if they were modules: which are, shows where they are looked up.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".") if module.package else name.split(".")[:-1]
                parent = parts[: len(parts) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(".".join(m.split(".")[: i + 1]) for m in found for i in range(len(m.split("."))) if m)


def closure(name: str, module_of: Callable[[str], Module | None]) -> dict[str, Module]:
    """The module `name` and all that it imports, directly or not, as far as `module_of` knows them."""
    found: dict[str, Module] = {}
    todo = [name]
    while todo:
        name = todo.pop()
        module = None if name in found else module_of(name)
        if module is not None:
            found[name] = module
            todo.extend(imported_modules(name, module))
    return found


def hash_of(sources: Mapping[str, Module]) -> str:
    """SHA-256 of modules by name. Line ends do not count; names and texts do."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name].text.encode() + b"\0")
    return digest.hexdigest()


@cache
def project_module(name: str) -> Module | None:
    """A module of the project as it was when it was first asked for; None where there is none."""
    path = module_file(name) if name.split(".")[0] == PACKAGE else None
    return None if path is None else Module(path.read_text(encoding="utf-8"), path.name == "__init__.py")


@cache
def source_hash(name: str) -> str:
    """SHA-256 of the module `name` and of all project modules that it imports, directly or not.

    ValueError where the module has no source file in the project.
    """
    if project_module(name) is None:
        raise ValueError(f"strategy module {name} has no source file in the project")
    return hash_of(closure(name, project_module))
