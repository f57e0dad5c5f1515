"""The beginnings that `smarttrader strategy new` writes: working strategies, with comments on what to change."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from app.engines.strategies.base import Kind
from app.engines.strategies.registry import registry
from app.services.user_strategies import start
from app.services.user_strategies.folder import ID, ID_WORDS, RESERVED, read_folder, taken


def write_start(folder: Path, name: str, kind: Kind) -> Path:
    """Write the beginning of a strategy into the folder; its path. Raises as `write_new`."""
    title, title_class = title_of(name)
    text = files(start).joinpath(f"{kind}.py").read_text(encoding="utf-8")
    for theirs, ours in (("my_strategy", name), ("My strategy", title), ("MyStrategy", title_class)):
        text = text.replace(theirs, ours)
    return write_new(folder, name, text)


def title_of(name: str) -> tuple[str, str]:
    """How an id reads as a title, and as the name of a class."""
    title = name.replace("_", " ")
    return title[:1].upper() + title[1:], "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def write_new(folder: Path, name: str, text: str) -> Path:
    """Write the file of a strategy into the folder, which is made where it is missing; its path.

    Raises
    ------
    ValueError : the name cannot be an id, is in use, or the file is there.
    """
    if not ID.fullmatch(name):
        raise ValueError(f"{name} cannot be the id of a strategy: expected {ID_WORDS}")
    if name in registry():
        raise ValueError(f"{name} is the id of a strategy of the platform: choose another")
    if name in RESERVED:
        raise ValueError(f"{name} is a reserved word: choose another")
    why = taken(name, folder)
    if why is not None:
        raise ValueError(f"{why}, and a file of that name could not be imported: choose another")
    known, errors = read_folder(folder)
    used = {i: source.file for i, source in known.items()} | {e.strategy_id: e.file for e in errors if e.strategy_id}
    if name in used:
        raise ValueError(f"{name} is the id of the strategy in {folder / used[name]}: choose another")
    path = folder / f"{name}.py"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise ValueError(f"{path} is there already: it is left alone") from None
    return path
