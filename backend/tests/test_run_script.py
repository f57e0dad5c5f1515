"""run.py and what it is made of: refusals before anything slow, stamps, settings handed on, counts."""

import ast
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from launcher import environment, hygiene, interface, serve, stamps, steps, testing  # noqa: E402
from launcher.main import main  # noqa: E402
from launcher.steps import StepFailed  # noqa: E402

from app.settings import _default_home  # noqa: E402

# --- the script itself ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_script", ROOT / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_is_readable_to_a_python_too_old_for_the_rest() -> None:
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize(("version", "word"), [((3, 6), "too old"), ((3, 10), "too old"), ((3, 15), "newer than")])
def test_an_unsuitable_python_is_refused_by_its_number(script: ModuleType, version: tuple[int, int], word: str) -> None:
    said = script.refusal(version)
    assert word in said
    assert f"this is Python {version[0]}.{version[1]}" in said
    assert "3.11 to 3.14" in said


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_a_suitable_python_is_not_refused(script: ModuleType, version: tuple[int, int]) -> None:
    assert script.refusal(version) is None


def test_the_script_and_the_environment_agree_on_the_supported_versions(script: ModuleType) -> None:
    assert (script.OLDEST, script.TOO_NEW) == environment.SUPPORTED


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def start_script(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    env = os.environ | {"SMARTTRADER_HOME": str(home)}
    command = [sys.executable, str(ROOT / "run.py"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30)


def test_a_taken_port_ends_it_before_anything_is_done(tmp_path: Path, taken_port: int) -> None:
    ran = start_script(tmp_path / "home", "--port", str(taken_port))
    assert ran.returncode == 1
    assert f"port {taken_port} on 127.0.0.1 cannot be used" in ran.stderr
    assert f"--port {taken_port + 1}" in ran.stderr
    assert ran.stdout == ""
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.test"])
def test_an_address_beyond_loopback_ends_it_with_the_reason(tmp_path: Path, host: str) -> None:
    ran = start_script(tmp_path / "home", "--host", host)
    assert ran.returncode == 1
    assert f"does not listen on {host}" in ran.stderr
    assert "no accounts yet" in ran.stderr
    assert ran.stdout == ""


def test_a_home_that_cannot_be_written_ends_it_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ran = start_script(tmp_path / "file" / "home", "--port", str(port))
    assert ran.returncode == 1
    assert "cannot be written" in ran.stderr
    assert "SMARTTRADER_HOME" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "eighty"], ["--port", "70000"], ["test", "nothing"]])
def test_a_wrong_argument_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


# --- before serving ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_addresses_are_allowed(host: str) -> None:
    serve.check_host(host)


def test_a_port_just_given_back_can_be_used() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    serve.check_port("127.0.0.1", port)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_home_is_the_one_the_server_takes(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for data_home in ("", str(tmp_path / "xdg")):
        monkeypatch.setenv("XDG_DATA_HOME", data_home)
        monkeypatch.delenv("SMARTTRADER_HOME", raising=False)
        assert serve.home_folder(os.environ, tmp_path / "absent.env") == _default_home()


def test_the_home_is_read_from_the_environment_then_from_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# SMARTTRADER_HOME=/commented\nSMARTTRADER_HOME='/from the/file' # why\nexport OTHER=2\nnot a line\n"
    )
    assert serve.home_folder({}, file) == Path("/from the/file")
    assert serve.home_folder({"SMARTTRADER_HOME": "/from/env"}, file) == Path("/from/env")
    assert serve.read_env_file(file) == {"SMARTTRADER_HOME": "/from the/file", "OTHER": "2"}


# --- serving, with a small server in the place of ours ----------------------------------------------------------------

LITTLE_SERVER = """#!{python}
import http.server, json, sys, time
if sys.argv[0].endswith("broken"):
    print("no such table: prices", flush=True)
    raise SystemExit(7)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({{"status": "ok", "path": self.path}}).encode())
    def log_message(self, *arguments):
        pass
host, port = sys.argv[sys.argv.index("--host") + 1], int(sys.argv[sys.argv.index("--port") + 1])
try:
    http.server.HTTPServer((host, port), Handler).serve_forever()
except KeyboardInterrupt:
    print("the little server closed its books", flush=True)
"""

DRIVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from launcher import main, serve
serve.SMARTTRADER = Path(sys.argv[2])
try:
    sys.exit(serve.serve("127.0.0.1", int(sys.argv[3]), browser=False, began=time.monotonic()))
except main.StepFailed as failure:
    print(failure)
    sys.exit(1)
"""


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def drive(folder: Path, name: str, port: int) -> "subprocess.Popen[str]":
    program = folder / name
    program.write_text(LITTLE_SERVER.format(python=sys.executable))
    program.chmod(0o755)
    command = [sys.executable, "-c", DRIVER, str(ROOT), str(program), str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and scripts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_told_to_stop_the_server_is_let_to_close_its_books(tmp_path: Path, free_port: int, number: int) -> None:
    running = drive(tmp_path, "smarttrader", free_port)
    assert running.stdout is not None
    said = [running.stdout.readline(), running.stdout.readline()]
    assert f"ready at http://127.0.0.1:{free_port}" in said[1]
    with pytest.raises(StepFailed, match=f"port {free_port}") as caught:
        serve.check_port("127.0.0.1", free_port)
    assert caught.value.why == "SmartTrader is running there already"
    running.send_signal(number)
    rest, _ = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "the little server closed its books" in rest
    serve.check_port("127.0.0.1", free_port)  # it was given back


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX scripts")
def test_a_server_that_ends_at_once_is_a_failure_with_its_words_above(tmp_path: Path, free_port: int) -> None:
    running = drive(tmp_path, "broken", free_port)
    said, _ = running.communicate(timeout=20)
    assert running.returncode == 1
    assert said.index("no such table: prices") < said.index("the server did not start")
    assert "exit code 7" in said


# --- steps ------------------------------------------------------------------------------------------------------------


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


# --- stamps -----------------------------------------------------------------------------------------------------------


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


# --- the package index ------------------------------------------------------------------------------------------------


def test_pips_settings_are_read_with_the_environment_before_install_before_global() -> None:
    listed = (
        ":env:.index-url='http://index.test/env'\n"
        "global.index-url='http://index.test/global'\n"
        "global.extra-index-url='\\nhttp://a.test/simple\\nhttp://b.test/simple'\n"
        "global.timeout='9'\n"
        "install.timeout='30'\n"
        "list.format='json'\n"
    )
    assert environment.parse_pip_settings(listed) == {
        "index-url": "http://index.test/env",
        "extra-index-url": "\nhttp://a.test/simple\nhttp://b.test/simple",
        "timeout": "30",
    }


def test_pips_index_is_handed_to_uv() -> None:
    pip = {
        "index-url": "http://index.test/simple",
        "extra-index-url": "\nhttp://a.test/simple\nhttp://b.test/simple",
        "find-links": "/wheels /more",
        "trusted-host": "index.test",
        "cert": "/etc/certificates.pem",
    }
    assert environment.uv_index_settings(pip, {}) == {
        "UV_DEFAULT_INDEX": "http://index.test/simple",
        "UV_INDEX": "http://a.test/simple http://b.test/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INSECURE_HOST": "index.test",
        "SSL_CERT_FILE": "/etc/certificates.pem",
    }


def test_what_is_said_to_uv_itself_is_left_alone() -> None:
    pip = {"index-url": "http://index.test/simple", "cert": "/other.pem"}
    env = {"UV_INDEX_URL": "http://mine.test/simple", "SSL_CERT_FILE": "/mine.pem"}
    assert environment.uv_index_settings(pip, env) == {}
    assert environment.uv_index_settings({}, {}) == {}


# --- Node and its lock ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "version"), [("v20.9.0\n", (20, 9)), ("v24.19.0", (24, 19)), ("", None), ("20.9.0", None), ("error", None)]
)
def test_nodes_version_is_read(said: str, version: tuple[int, int] | None) -> None:
    assert interface.parse_node_version(said) == version


def write_lock(folder: Path, packages: dict[str, object]) -> Path:
    lock = folder / "package-lock.json"
    lock.write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))
    return lock


def test_a_lock_with_every_optional_dependency_where_node_looks_for_it_is_fit(tmp_path: Path) -> None:
    packages = {
        "": {"name": "x"},
        "node_modules/a": {"optionalDependencies": {"a-linux": "1", "a-win": "1"}},
        "node_modules/a-linux": {},
        "node_modules/a/node_modules/a-win": {},
        "node_modules/b/node_modules/c": {"optionalDependencies": {"d": "1"}},
        "node_modules/b/node_modules/d": {},
    }
    assert interface.missing_from_lock(write_lock(tmp_path, packages)) == []


def test_a_lock_without_another_systems_binaries_or_with_an_address_is_unfit(tmp_path: Path) -> None:
    key = "resolved"
    packages = {
        "node_modules/a": {"optionalDependencies": {"a-linux": "1", "a-win": "1"}},
        "node_modules/a-linux": {key: "wherever it came from"},
        "node_modules/other/node_modules/a-win": {},  # not where `a` would find it
    }
    assert interface.missing_from_lock(write_lock(tmp_path, packages)) == [
        "node_modules/a-linux: holds a 'resolved' address",
        "node_modules/a: its optional dependency a-win has no entry",
    ]


def test_the_projects_own_lock_is_fit() -> None:
    assert interface.missing_from_lock() == []


# --- checks -----------------------------------------------------------------------------------------------------------


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
