"""Strategies of one's own: how files are found, what is told of those that do not load, what one version is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engines.strategies.registry import registry
from app.exceptions import DataNotFoundError
from app.services.user_strategies import workers as workers_module
from app.services.user_strategies.catalogue import Catalogue, listed
from app.services.user_strategies.errors import LoadError, StrategyNotLoaded
from app.services.user_strategies.strategy import UserStrategy
from app.services.user_strategies.workers import Limits
from tests.services.user_files import HEAD, event, line_of, vectorised, write


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    made = Catalogue(tmp_path / "strategies", Limits(load_seconds=8.0, run_seconds=60.0))
    yield made
    made.close()


def folder_of(catalogue: Catalogue) -> Path:
    assert catalogue.folder is not None
    return catalogue.folder


def only_error(catalogue: Catalogue, name: str, text: str) -> LoadError:
    """The one load error of a folder with this file alone."""
    write(folder_of(catalogue), name, text)
    strategies, errors = catalogue.all()
    assert list(strategies) == list(registry()) and len(errors) == 1, errors
    return errors[0]


def own(catalogue: Catalogue, strategy_id: str) -> UserStrategy:
    found = catalogue.find(strategy_id)
    assert isinstance(found, UserStrategy)
    return found


def test_files_are_found_changed_and_missed_without_a_restart(catalogue: Catalogue) -> None:
    assert list(catalogue.all()[0]) == list(registry())
    path = write(folder_of(catalogue), "mine.py", vectorised("mine"))
    first = own(catalogue, "mine")
    assert (first.kind, first.timeframe, first.universe, first.citation) == ("vectorised", "1d", "NIFTY50", "")
    assert first.params_schema()["properties"]["window"]["minimum"] == 2
    assert list(catalogue.all()[0])[-1] == "mine"
    path.write_text(vectorised("mine").replace("param(3", "param(4"))
    second = own(catalogue, "mine")
    assert second.source_hash != first.source_hash and second.values(second.params()) == {"window": 4}
    path.unlink()
    with pytest.raises(DataNotFoundError, match="There is no strategy mine"):
        catalogue.find("mine")


def test_a_shipped_strategy_is_found_without_a_process(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder_of(catalogue), "loops.py", vectorised("loops", before="while True:\n    pass"))
    monkeypatch.setattr(workers_module, "Worker", None)
    assert catalogue.find("sma_cross") is registry()["sma_cross"]


def test_parameters_are_checked_by_the_strategys_own_class(catalogue: Catalogue) -> None:
    check = (
        "\n    def check(self):\n        if self.window == 13:\n            raise ValueError('params.window: bad')\n"
    )
    head = HEAD.replace('unit="bars")\n', f'unit="bars")\n{check}', 1)
    write(folder_of(catalogue), "mine.py", vectorised("mine").replace(HEAD, head))
    mine = own(catalogue, "mine")
    assert mine.values(mine.params({"window": 5.0})) == {"window": 5} and mine.warm_up(mine.params({"window": 7})) == 7
    for given, told in (
        ({"window": 13}, "params.window: bad"),
        ({"window": 99}, "params.window: expected a whole number from 2 to 50, got 99"),
        ({"speed": 1}, "params.speed: mine has no such parameter"),
    ):
        with pytest.raises(ValueError, match=told):
            mine.params(given)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def f(:\n    pass\n", 1, "it cannot be read as Python: invalid syntax"),
        ("x = 1\n", None, "there is no strategy in it"),
        (vectorised("mine") + '\n\nclass Other(Mine):\n    id = "other"\n', -2, "there are several strategies in it"),
        (vectorised("sma_cross"), "id =", "sma_cross is the id of a strategy of the platform"),
        (vectorised("runs"), "id =", "the id runs is reserved"),
        (vectorised("Big One"), "id =", "the id 'Big One' cannot be used"),
        (
            vectorised("mine").replace('id = "mine"', 'id = "mi" + "ne"'),
            "id =",
            "the id is not written as a plain text",
        ),
    ],
)
def test_what_the_text_shows_is_told_with_its_line(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, text: str, line: str | int | None, message: str
) -> None:
    monkeypatch.setattr(workers_module, "Worker", None)  # nothing is run to find it out
    error = only_error(catalogue, "file.py", text)
    at = line_of(text, line) if isinstance(line, str) else len(text.splitlines()) - 1 if line == -2 else line
    assert (error.file, error.line) == ("file.py", at) and message in error.message and error.expected
    assert error.sentence().startswith("file.py")


@pytest.mark.parametrize(
    ("change", "line", "message", "expected"),
    [
        (("import numpy as np", "import nosuchmodule"), "nosuchmodule", "No module named 'nosuchmodule'", "imported"),
        (("params_type = P", "params_type = int"), "class Mine", "params_type is <class 'int'>", "derived from Params"),
        (("param(3,", "param(1,"), "class Mine", "the defaults are refused: params", "defaults that go together"),
        ((' = param(3, minimum=2, maximum=50, description="Bars", unit="bars")', " = 3"),
         "class Mine", "the parameter window has no range", "param("),
        (("Strategy[P]):", "object):"), "class Mine", "Mine is no strategy", "derived from Strategy"),
        (("    def signals(", "    def signal("), "class Mine", "Mine does not say signals", "define signals"),
        (('id = "mine"', 'id = "mine"\n    timeframe = "2h"'), "timeframe", "timeframe is '2h'", "one of 1m"),
        (('id = "mine"', 'id = "mine"\n    universe = ""'), "universe", "universe is ''", "universe = "),
        (('id = "mine"', 'id = "mine"\n    kind = "event"'), "kind =", "kind is 'event'", "one of vectorised"),
        (("hypothesis = ", ""), "class Mine", "hypothesis is missing", "hypothesis = "),
        (('id = "mine"', 'id = "mine"\n    def __init__(self):\n        1 / 0'), "1 / 0", "ZeroDivision", "imported"),
        (("return params.window", "return 2.5"), "class Mine", "warm_up answers 2.5", "a whole number"),
    ],
)  # fmt: skip
def test_what_only_running_shows_is_told_with_its_line(
    catalogue: Catalogue, change: tuple[str, str], line: str, message: str, expected: str
) -> None:
    text = vectorised("mine")
    assert change[0] in text
    text = text.replace(*change)
    error = only_error(catalogue, "mine.py", text)
    assert (error.file, error.line, error.strategy_id) == ("mine.py", line_of(text, line), "mine")
    assert message in error.message and expected in error.expected
    with pytest.raises(StrategyNotLoaded, match=r"The strategy mine does not load\. mine\.py, line "):
        catalogue.find("mine")


def test_a_second_file_with_the_same_id_is_refused_by_name(catalogue: Catalogue) -> None:
    write(folder_of(catalogue), "a.py", vectorised("mine"))
    write(folder_of(catalogue), "b.py", vectorised("mine"))
    strategies, [error] = catalogue.all()
    assert "mine" in strategies
    assert (error.file, error.line) == ("b.py", line_of(vectorised("mine"), "id ="))
    assert error.message == "the id mine is that of a.py too"


@pytest.mark.parametrize("name", ["random.py", "app.py", "numpy.py", "two words.py"])
def test_a_file_that_could_not_be_imported_by_its_name_is_told(catalogue: Catalogue, name: str) -> None:
    error = only_error(catalogue, name, vectorised("mine"))
    assert error.file == name and "name of" in error.message


def test_helpers_belong_to_the_source_and_others_do_not(catalogue: Catalogue) -> None:
    folder = folder_of(catalogue)
    write(folder, "mine.py", vectorised("mine", before="from _help import AT\nimport tools.more"))
    write(folder, "_help.py", "AT = 1\n")
    write(folder, "_unused.py", "AT = 1\n")
    write(folder / "tools", "__init__.py", "")
    write(folder / "tools", "more.py", "from . import deep\n")
    write(folder / "tools", "deep.py", "x = 1\n")
    seen = [own(catalogue, "mine")]
    assert set(seen[0].source.code.sources) == {"mine", "_help", "tools", "tools.more", "tools.deep"}
    assert "# ---- tools/deep.py\nx = 1\n" in seen[0].source_text
    write(folder, "_unused.py", "AT = 2\n")
    assert own(catalogue, "mine") is seen[0]
    for helper in ("_help.py", "tools/deep.py"):
        write(folder, helper, "AT = 3\n")
        seen.append(own(catalogue, "mine"))
    assert len({s.source_hash for s in seen}) == len({s.source.own_hash for s in seen}) == 3


def test_a_helper_is_blamed_for_what_it_does(catalogue: Catalogue) -> None:
    write(folder_of(catalogue), "_help.py", "x = 1\n\ny = 1 / 0\n")
    error = only_error(catalogue, "mine.py", vectorised("mine", before="import _help"))
    assert (error.file, error.line, error.message) == ("_help.py", 3, "ZeroDivisionError: division by zero")
    write(folder_of(catalogue), "_help.py", "x = 1\ny = (\n")
    _, [error] = catalogue.all()
    assert (error.file, error.line) == ("_help.py", 2) and "never closed" in error.message


def test_a_helper_that_no_import_statement_names_is_not_there(catalogue: Catalogue) -> None:
    # it would not be in the source's hash
    write(folder_of(catalogue), "_help.py", "x = 1\n")
    error = only_error(catalogue, "mine.py", vectorised("mine", before='__import__("_help")'))
    assert "No module named '_help'" in error.message


def test_an_import_that_never_ends_is_stopped_and_its_line_told(tmp_path: Path) -> None:
    text = vectorised("mine", before="x = 1\nwhile True:\n    x += 1")
    write(tmp_path, "mine.py", text)
    catalogue = Catalogue(tmp_path, Limits(load_seconds=2.0))
    try:
        _, [error] = catalogue.all()
    finally:
        catalogue.close()
    assert error.message == "it took longer than 2 seconds to load, the limit"
    assert error.line in (line_of(text, "while True"), line_of(text, "x += 1"))


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("import sys\nsys.exit(3)", "it called exit (3)"),
        ("import os\nos._exit(3)", "it ended the process it ran in (exit code 3)"),
        ("import os\nos.kill(os.getpid(), 9)", "it ended the process it ran in (signal 9)"),
        ("import os\nos.write(1, b'x' * 100)\nos.closerange(3, 50)", "it ended the process it ran in"),
        ("print('hello')\nraise KeyError('x')", "KeyError: 'x'"),
    ],
)
def test_an_import_that_ends_the_process_is_told(catalogue: Catalogue, before: str, message: str) -> None:
    assert message in only_error(catalogue, "mine.py", vectorised("mine", before=before)).message


def test_the_worker_is_told_no_secret(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "FYERS_SECRET_KEY", "GROQ_API_KEY", "AWS_SECRET_ACCESS_KEY", "SMARTTRADER_HOME"):
        monkeypatch.setenv(name, "a secret")
    before = "import os\nif 'a secret' in os.environ.values():\n    raise ValueError(sorted(os.environ))"
    write(folder_of(catalogue), "mine.py", vectorised("mine", before=before))
    assert own(catalogue, "mine").id == "mine"


def test_files_that_the_platform_holds_open_are_not_the_workers(catalogue: Catalogue, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w+") as held:
        os.dup2(held.fileno(), 200)  # which children inherit
    try:
        before = "import os\ntry:\n    os.fstat(200)\nexcept OSError:\n    pass\nelse:\n    raise ValueError"
        write(folder_of(catalogue), "mine.py", vectorised("mine", before=before))
        assert own(catalogue, "mine").id == "mine"
    finally:
        os.close(200)


def test_the_list_holds_what_loads_and_what_does_not(catalogue: Catalogue) -> None:
    write(folder_of(catalogue), "good.py", event("good"))
    write(folder_of(catalogue), "bad.py", "x = (\n")
    rows = listed(*catalogue.all())
    by_file = {row["file"]: row for row in rows if row["origin"] == "own"}
    assert by_file["good.py"]["kind"] == "event" and by_file["good.py"]["error"] is None
    assert by_file["bad.py"]["error"]["line"] == 1 and by_file["bad.py"]["strategy_id"] is None
    assert all(set(row) == set(rows[0]) for row in rows)


def test_two_files_loaded_at_once_do_not_meet(catalogue: Catalogue) -> None:
    write(folder_of(catalogue), "one.py", vectorised("one", before="import sys\nsys.meeting = 1"))
    write(folder_of(catalogue), "two.py", vectorised("two", before="import sys\nassert not hasattr(sys, 'meeting')"))
    for _ in range(2):
        assert catalogue.all()[1] == []


def test_importing_the_catalogue_runs_nothing_and_brings_no_compiler(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", vectorised("mine", before=f"open({str(tmp_path / 'ran')!r}, 'w')"))
    code = (
        "import sys; from pathlib import Path; from app.services.user_strategies.folder import read_folder;"
        f"found, errors = read_folder(Path({str(tmp_path)!r})); assert list(found) == ['mine'] and not errors;"
        "assert 'numba' not in sys.modules and 'mine' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not (tmp_path / "ran").exists()
