"""What run.py test counts and tells."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher import hygiene, interface, testing  # noqa: E402


def test_a_line_that_names_a_registry_is_found() -> None:
    host = "files.python" + "hosted.org"
    text = f"fine\n# see https://{host}/packages/x\nthe word registry alone is fine\n"
    assert [line for line, _ in hygiene.faults_in(text)] == [2]


JUNIT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure message="x"/></testcase>
<testcase name="c"><error message="x"/></testcase>
<testcase name="d"><skipped message="evidence: no folder /x"/></testcase>
<testcase name="e"><skipped message="needs namespaces"/></testcase>
</testsuite></testsuites>"""


def test_a_pytest_report_is_counted_and_evidence_skips_apart(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    report.write_text(JUNIT)
    outcome = testing.read_junit(report, 1, strict=False)
    assert (outcome.passed, outcome.failed, outcome.skipped, outcome.skipped_evidence) == (1, 2, 2, 1)


def test_when_strict_an_evidence_skip_is_a_failure(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    report.write_text(JUNIT.replace("failure", "ok").replace("error", "ok"))
    outcome = testing.read_junit(report, 0, strict=True)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (3, 1, 1)
    assert not outcome.good
    assert testing.read_junit(report, 0, strict=False).good


@pytest.mark.parametrize("code", [2, 3, 4, 5])
def test_a_run_that_ended_badly_without_a_failing_test_is_a_failure(tmp_path: Path, code: int) -> None:
    assert not testing.read_junit(tmp_path / "absent.xml", code, strict=False).good


def test_a_jest_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "jest.json"
    said = {"numPassedTests": 7, "numFailedTests": 1, "numPendingTests": 2, "numTodoTests": 1}
    report.write_text(json.dumps(said | {"numRuntimeErrorTestSuites": 1}))
    outcome = testing.read_jest(report, 1)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (7, 2, 3)
    assert not testing.read_jest(tmp_path / "absent.json", 1).good


def test_the_table_ends_with_the_totals() -> None:
    outcomes = {
        "ruff": testing.Outcome(passed=1),
        "pytest": testing.Outcome(passed=40, failed=2, skipped=3, skipped_evidence=2),
    }
    said = testing.table(outcomes, {"ruff": 0.1, "pytest": 9.0}, 9.5)
    assert said.endswith("\n41 passed, 2 failed, 3 skipped in 9.5 s")
    assert "2 tests need the evidence folder" in said


def test_a_check_whose_need_failed_is_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = interface.Node(Path("node"), ("npm",), Path(), (20, 9))
    ran: list[str] = []

    def work(name: str, failed: int) -> testing.Outcome:
        ran.append(name)
        return testing.Outcome(passed=1 - failed, failed=failed)

    checks = (
        testing.Check("build", "Build", lambda context: work("build", 1)),
        testing.Check("browser", "Browser", lambda context: work("browser", 0), needs=("build",)),
        testing.Check("lint", "Lint", lambda context: work("lint", 0)),
    )
    monkeypatch.setattr(testing, "CHECKS", checks)
    monkeypatch.setattr(testing, "ensure_node", lambda: node)
    assert testing.run_checks([], strict=False) == 1
    assert ran == ["build", "lint"]
    assert "not run: build failed" in capsys.readouterr().out
    assert testing.run_checks(["lint"], strict=False) == 0


def test_the_browser_named_in_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "chromium"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert testing.find_chromium({"CHROMIUM_PATH": "/mine"}) == "/mine"
    assert testing.find_chromium({}) == str(installed)
