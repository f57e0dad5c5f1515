"""run.py before anything slow: what it refuses, and where the home is."""

import ast
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher import environment, serve  # noqa: E402
from launcher.main import main  # noqa: E402

from app.settings import _default_home  # noqa: E402


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
