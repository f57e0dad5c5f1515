"""Steps of run.py that fail say so, and those that are done are not done again."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher import interface, stamps, steps  # noqa: E402
from launcher.steps import StepFailed  # noqa: E402


def test_a_step_that_fails_shows_its_last_lines_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LOGS", tmp_path)
    code = "print('\\n'.join(f'line {n}' for n in range(1, 101))); raise SystemExit(3)"
    with pytest.raises(StepFailed) as caught:
        steps.run([sys.executable, "-c", code], name="demo", what="the demo failed", do="Try another")
    said = str(caught.value)
    assert "line 100" in said and "line 81" in said
    assert "line 80" not in said  # twenty lines
    assert "exit code 3" in said and "the demo failed" in said and "Try another" in said
    assert "line 1\n" in (tmp_path / "demo.log").read_text()


def test_a_program_that_is_not_there_is_a_failed_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LOGS", tmp_path)
    with pytest.raises(StepFailed, match="the demo failed") as caught:
        steps.run([tmp_path / "absent"], name="demo", what="the demo failed", do="Try another")
    assert "No such file" in caught.value.why


def test_of_works_side_by_side_the_first_failure_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "children", steps.Children())
    done: list[str] = []

    def fails() -> None:
        raise StepFailed("this", "why", "do")

    with pytest.raises(StepFailed, match="this"):
        steps.together(fails, lambda: done.append("other"))
    assert done == ["other"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_program_that_ignores_an_interruption_is_killed_with_what_it_started(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    children = steps.Children()
    stubborn = children.start([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    grandchild = int(stubborn.stdout.readline())
    children.end_all(patience=0.2)
    stubborn.stdout.close()
    assert stubborn.returncode == -9
    assert ended(grandchild)
    with pytest.raises(KeyboardInterrupt):
        children.start(["sleep", "1"])  # nothing new is started once the end has begun


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only waiting for its parent, within five seconds."""
    for _ in range(100):
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_programs_are_started_without_telemetry_and_without_another_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/another")
    monkeypatch.setenv("PYTHONPATH", "/another")
    env = steps.base_environment()
    assert env["NEXT_TELEMETRY_DISABLED"] == "1"
    assert env["UV_PYTHON_DOWNLOADS"] == "never"
    assert not {"VIRTUAL_ENV", "PYTHONPATH"} & env.keys()


def test_a_digest_follows_contents_names_and_words_and_not_the_order(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    first = stamps.digest(tmp_path, [a, b], "word")
    assert stamps.digest(tmp_path, [b, a, a], "word") == first
    assert stamps.digest(tmp_path, [a, b], "other") != first
    assert stamps.digest(tmp_path, [a], "word") != first
    a.write_text("12")
    changed = stamps.digest(tmp_path, [a, b], "word")
    assert changed != first
    a.rename(tmp_path / "c")
    assert stamps.digest(tmp_path, [tmp_path / "c", b], "word") != changed


def test_a_stamp_holds_for_exactly_what_it_was_set_for(tmp_path: Path) -> None:
    assert not stamps.is_done("build", "x", tmp_path)
    stamps.set_done("build", "x", tmp_path)
    assert stamps.is_done("build", "x", tmp_path)
    assert not stamps.is_done("build", "y", tmp_path)
    stamps.forget("build", tmp_path)
    assert not stamps.is_done("build", "x", tmp_path)


def test_what_a_build_makes_is_not_taken_for_a_source(tmp_path: Path) -> None:
    for name in ("app/page.tsx", "package.json", "out/index.html", ".next/x", "node_modules/a/b.js", "a.tsbuildinfo"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = [p.relative_to(tmp_path).as_posix() for p in interface.sources(tmp_path)]
    assert found == ["app/page.tsx", "package.json"]
