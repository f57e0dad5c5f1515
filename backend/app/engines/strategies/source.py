"""The identity of a strategy's source: a hash over its module and the project modules that it imports."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "app"
ROOT = Path(__file__).parents[3]  # the directory that holds the package


def module_file(name: str) -> Path | None:
    """The file of a project module or package; None where there is none of that name."""
    base = ROOT.joinpath(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported_modules(name: str, source: str, package: bool) -> set[str]:
    """Project modules that a module's source imports, also inside functions, with the packages they lie in."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".") if package else name.split(".")[:-1]
                parent = parts[: len(parts) - node.level + 1]
                base = ".".join([*parent, *([base] if base else [])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)  # names that are no module fall out below
    ours = {module for module in found if module.split(".")[0] == PACKAGE}
    return ours | {".".join(m.split(".")[: i + 1]) for m in ours for i in range(len(m.split(".")))}


@cache
def source_hash(name: str) -> str:
    """SHA-256 of the module `name` and of all project modules that it imports, directly or not.

    Line ends do not count; names and texts do. ValueError where the module has no source file in the project.
    """
    sources: dict[str, str] = {}
    todo = [name]
    while todo:
        module = todo.pop()
        path = module_file(module)
        if module in sources or path is None:
            continue
        sources[module] = path.read_text(encoding="utf-8")
        todo.extend(imported_modules(module, sources[module], path.name == "__init__.py"))
    if name not in sources:
        raise ValueError(f"strategy module {name} has no source file in the project")
    digest = hashlib.sha256()
    for module in sorted(sources):
        digest.update(module.encode() + b"\0" + sources[module].encode() + b"\0")
    return digest.hexdigest()
