"""`run.py test`: every check, each said with its time, all run even when one fails, and one table at the end."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher import hygiene, serve
from launcher.environment import PYTHON
from launcher.interface import Node, ensure_export, ensure_node, missing_from_lock
from launcher.steps import BACKEND, FRONTEND, ROOT, StepFailed, base_environment, children, console

CHROMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
EVIDENCE_WORDS = "evidence: "  # how a test that needs the evidence folder begins its reason to skip


@dataclass
class Outcome:
    """What a check found. `skipped_evidence` counts the tests that skipped because the evidence folder is absent."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    skipped_evidence: int = 0
    note: str = ""

    @property
    def good(self) -> bool:
        return self.failed == 0


@dataclass
class Context:
    """What the checks share."""

    node: Node
    scratch: Path  # reports and the state folder of this run, deleted afterwards
    strict: bool
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Ours, with a state folder of its own and without a database that may be somebody's real one."""
        env = base_environment()
        env.pop("DATABASE_URL", None)
        return env | {"SMARTTRADER_HOME": str(self.scratch / "home")}


@dataclass(frozen=True)
class Check:
    """One named check. It is left out when a check in `needs` failed in this run."""

    name: str
    title: str
    work: Callable[[Context], Outcome]
    needs: tuple[str, ...] = ()


# --- kinds of work --------------------------------------------------------------------------------------------------


def _ran(command: Sequence[str | Path], cwd: Path, env: dict[str, str]) -> int:
    """Run a program with its output on ours."""
    child = children.start(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    finally:
        if child.poll() is not None:
            children.finished(child)


def _one(code: int, note: str = "") -> Outcome:
    return Outcome(passed=int(code == 0), failed=int(code != 0), note=note)


def _python(*arguments: str | Path) -> Callable[[Context], Outcome]:
    def work(context: Context) -> Outcome:
        return _one(_ran([PYTHON, *arguments], BACKEND, context.environment()))

    return work


def _npm(*arguments: str) -> Callable[[Context], Outcome]:
    def work(context: Context) -> Outcome:
        command = [*context.node.npm, "run", *arguments]
        return _one(_ran(command, FRONTEND, context.environment() | _path_of(context.node)))

    return work


def _path_of(node: Node) -> dict[str, str]:
    return {"PATH": node.environment()["PATH"]}


def _run_pytest(context: Context, name: str, *arguments: str, **extra: str) -> Outcome:
    report = context.scratch / f"{name}.xml"
    command: list[str | Path] = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    code = _ran(command, BACKEND, context.environment() | extra)
    return read_junit(report, code, context.strict)


def _pytest(name: str, *arguments: str) -> Callable[[Context], Outcome]:
    return lambda context: _run_pytest(context, name, *arguments)


def read_junit(report: Path, code: int, strict: bool) -> Outcome:
    """The counts of a pytest report; a run that ended badly without a failing test is itself a failure."""
    outcome = Outcome()
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                outcome.failed += 1
            elif skip is None:
                outcome.passed += 1
            else:
                outcome.skipped += 1
                outcome.skipped_evidence += EVIDENCE_WORDS in (skip.get("message") or "")
    if strict and outcome.skipped_evidence:
        outcome.failed += outcome.skipped_evidence
        outcome.skipped -= outcome.skipped_evidence
        outcome.note = f"--strict: {outcome.skipped_evidence} skipped for want of evidence files"
    if code != 0 and outcome.failed == 0:
        outcome.failed = 1
        outcome.note = "no test was found" if code == 5 else f"pytest ended with exit code {code}"
    return outcome


def _jest(context: Context) -> Outcome:
    report = context.scratch / "jest.json"
    command = [*context.node.npm, "test", "--", "--ci", "--json", f"--outputFile={report}"]
    code = _ran(command, FRONTEND, context.environment() | _path_of(context.node))
    return read_jest(report, code)


def read_jest(report: Path, code: int) -> Outcome:
    outcome = Outcome()
    if report.is_file():
        said = json.loads(report.read_text(encoding="utf-8"))
        outcome.passed, outcome.failed = said["numPassedTests"], said["numFailedTests"]
        outcome.skipped = said["numPendingTests"] + said["numTodoTests"]
        outcome.failed += said["numRuntimeErrorTestSuites"]
    if code != 0 and outcome.failed == 0:
        outcome.failed, outcome.note = 1, f"jest ended with exit code {code}"
    return outcome


def _hygiene(context: Context) -> Outcome:
    faults = [f"frontend/package-lock.json: {fault}" for fault in missing_from_lock()]
    faults += hygiene.faults(ROOT)
    for fault in faults:
        console.say(f"        {fault}")
    return _one(len(faults))


def _build(context: Context) -> Outcome:
    try:
        ensure_export(context.node)
    except StepFailed as failure:
        console.say(str(failure))
        return _one(1)
    return _one(0)


def find_chromium(environment: dict[str, str]) -> str | None:
    """The browser for the tests: the one named in CHROMIUM_PATH, else an installed one."""
    named = environment.get("CHROMIUM_PATH")
    if named:
        return named
    for name in CHROMES:
        found = shutil.which(name)
        if found:
            return found
    usual = [
        Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
        Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
        Path(environment.get("PROGRAMFILES", "C:/Program Files")) / "Google/Chrome/Application/chrome.exe",
    ]
    return next((str(path) for path in usual if path.is_file()), None)


def _browser(context: Context) -> Outcome:
    chromium = find_chromium(dict(os.environ))
    if chromium is None or not Path(chromium).is_file():
        console.say(
            "        There is no browser for the tests: install Chromium (Debian, Ubuntu: sudo apt install chromium)\n"
            "        or name the program of a Chromium or Chrome in CHROMIUM_PATH."
        )
        return Outcome(failed=1, note="no Chromium" if chromium is None else f"{chromium} does not exist")
    return _run_pytest(context, "browser", "tests/browser", "-p", "no:schemathesis", CHROMIUM_PATH=chromium)


PYTEST_WITHOUT = ("-p", "no:schemathesis", "-p", "no:playwright", "-p", "no:base_url")

CHECKS = (
    Check("hygiene", "Locks are complete and hold no address", _hygiene),
    Check("ruff", "Lint", _python("-m", "ruff", "check", ".", "../run.py", "../launcher")),
    Check("format", "Format", _python("-m", "ruff", "format", "--check", ".", "../run.py", "../launcher")),
    Check("mypy", "Types", _python("-m", "mypy")),
    Check(
        "imports",
        "Import rules",
        _python("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    ),
    Check("openapi", "The API contract is written out", _python("scripts/export_openapi.py", "--check")),
    Check("client", "The client's types are those of the contract", _npm("api:check"), needs=("openapi",)),
    Check("eslint", "Interface lint", _npm("lint")),
    Check("prettier", "Interface format", _npm("format:check")),
    Check("build", "Interface build", _build),
    Check("tsc", "Interface types", _npm("typecheck"), needs=("build",)),
    Check("jest", "Interface tests", _jest),
    Check(
        "pytest",
        "Backend tests",
        _pytest("backend", *PYTEST_WITHOUT, "--ignore=tests/browser", "--ignore=tests/test_contract.py"),
    ),
    Check(
        "contract", "The API keeps its contract", _pytest("contract", "tests/test_contract.py", "-p", "no:playwright")
    ),
    Check("browser", "Browser tests", _browser, needs=("build",)),
)


def names() -> list[str]:
    return [check.name for check in CHECKS]


def run_checks(wanted: Sequence[str], strict: bool) -> int:
    """Run the checks named, or all; 0 when nothing failed."""
    began = time.monotonic()
    times: dict[str, float] = {}
    scratch = Path(tempfile.mkdtemp(prefix="smarttrader-test-"))
    try:
        context = Context(ensure_node(), scratch, strict)
        serve.check_home(scratch / "home")
        for check in CHECKS:
            if wanted and check.name not in wanted:
                continue
            broken = [n for n in check.needs if n in context.outcomes and not context.outcomes[n].good]
            console.say(f"\n=== {check.title} ({check.name})")
            start = time.monotonic()
            not_run = Outcome(skipped=1, note=f"not run: {', '.join(broken)} failed")
            outcome = not_run if broken else check.work(context)
            context.outcomes[check.name] = outcome
            times[check.name] = time.monotonic() - start
            console.say(f"=== {check.name}: {_word(outcome)} in {times[check.name]:.1f} s")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    console.say(table(context.outcomes, times, time.monotonic() - began))
    return 0 if all(outcome.good for outcome in context.outcomes.values()) else 1


def _word(outcome: Outcome) -> str:
    if not outcome.good:
        return "FAILED"
    return "passed" if outcome.passed or not outcome.skipped else "skipped"


def table(outcomes: dict[str, Outcome], times: dict[str, float], seconds: float) -> str:
    """One line a check, how many evidence tests skipped, and the totals in the words of a test runner."""
    lines = [f"\n{'check':<10} {'':<8} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>9}"]
    for name, o in outcomes.items():
        row = f"{name:<10} {_word(o):<8} {o.passed:>7} {o.failed:>7} {o.skipped:>8} {times[name]:>7.1f} s  {o.note}"
        lines.append(row.rstrip())
    evidence = sum(o.skipped_evidence for o in outcomes.values())
    lines.append(f"\nPython {platform.python_version()} on {sys.platform}")
    if evidence:
        lines.append(
            f"{evidence} tests need the evidence folder (SMARTTRADER_EVIDENCE, by default ../shared), which is absent"
        )
    passed, failed, skipped = (sum(getattr(o, n) for o in outcomes.values()) for n in ("passed", "failed", "skipped"))
    lines.append(f"{passed} passed, {failed} failed, {skipped} skipped in {seconds:.1f} s")
    return "\n".join(lines)
