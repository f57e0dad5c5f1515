"""The Python environment: `.venv/` at the root, from hashed locks, with the command `smarttrader`."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher import stamps
from launcher.steps import BACKEND, ROOT, VENV, StepFailed, base_environment, console, run

SUPPORTED = ((3, 11), (3, 15))  # from, below
_BIN = VENV / ("Scripts" if sys.platform == "win32" else "bin")
_EXE = ".exe" if sys.platform == "win32" else ""
PYTHON = _BIN / f"python{_EXE}"
UV = _BIN / f"uv{_EXE}"
SMARTTRADER = _BIN / f"smarttrader{_EXE}"

NETWORK = "Check the network connection and the package index that pip is set to use, then run this again"


def ensure_environment() -> None:
    """Make or renew `.venv/`; does nothing when the locks have not changed since. Raises StepFailed."""
    version = _version_of(PYTHON)
    if version is None or not SUPPORTED[0] <= version < SUPPORTED[1]:
        _make_venv()
        version = _version_of(PYTHON)
    locks = [BACKEND / name for name in ("requirements.lock", "requirements-uv.lock", "pyproject.toml")]
    wanted = stamps.digest(ROOT, locks, f"python {version}", str(VENV))
    if stamps.is_done("environment", wanted) and UV.exists() and SMARTTRADER.exists():
        return
    stamps.forget("environment")
    with console.step("Installer (uv)"):
        run(
            [PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", BACKEND / "requirements-uv.lock"],
            name="uv",
            what="the installer uv could not be installed",
            do=NETWORK,
            env=base_environment() | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    env = uv_environment()
    with console.step("Python packages"):
        run(
            [UV, "pip", "sync", "--compile-bytecode", "--require-hashes", BACKEND / "requirements.lock"],
            name="packages",
            what="the Python packages could not be installed",
            do=NETWORK,
            env=env,
        )
    with console.step("The smarttrader command"):
        run(
            [UV, "pip", "install", "--no-deps", "--no-build-isolation", "--offline", "-e", BACKEND],
            name="project",
            what="SmartTrader itself could not be installed into the environment",
            do="Delete the folder .venv and run this again",
            env=env,
        )
    with console.step("Bytecode of SmartTrader"):  # else the first command compiles a hundred files while one waits
        run(
            [PYTHON, "-m", "compileall", "-q", BACKEND / "app"],
            name="bytecode",
            what="SmartTrader's own sources could not be compiled",
            do=f"Make sure that {BACKEND} can be written and that its disk is not full, then run this again",
        )
    stamps.set_done("environment", wanted)


def _version_of(python: Path) -> tuple[int, int] | None:
    """The version of an environment's Python; None when there is none, or it does not run any more."""
    if not python.exists():
        return None
    code = "import sys, json; print(json.dumps(sys.version_info[:2]))"
    try:
        said = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = json.loads(said.stdout)
    return major, minor


def _make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise StepFailed(
            "the Python environment could not be made",
            "this Python comes without the modules venv and ensurepip",
            f"Install the package {package} (Debian, Ubuntu: sudo apt install {package}) and run this again",
        )
    with console.step("Python environment (.venv)"):
        run_in_place = [sys.executable, "-m", "venv", "--clear", VENV]
        made = subprocess.run([str(c) for c in run_in_place], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise StepFailed(
                "the Python environment could not be made",
                (made.stdout + made.stderr).strip() or f"exit code {made.returncode}",
                f"Make sure that {ROOT} can be written and that its disk is not full, then run this again",
            )


# --- the package index: uv does not read pip's settings, so they are handed to it -----------------------------------


def pip_settings() -> dict[str, str]:
    """What `pip config list` says, by option: from the environment, else of `install`, else for everything."""
    listed = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    return parse_pip_settings(listed.stdout)


def parse_pip_settings(listed: str) -> dict[str, str]:
    """The lines of `pip config list`, `section.option='value'`, by option."""
    rank = {"global": 0, "install": 1, ":env:": 2}
    best: dict[str, tuple[int, str]] = {}
    for line in listed.splitlines():
        name, separator, written = line.partition("=")
        section, _, option = name.rpartition(".")
        if not separator or section not in rank:
            continue
        value = str(ast.literal_eval(written))
        if option not in best or rank[section] >= best[option][0]:
            best[option] = (rank[section], value)
    return {option: value for option, (_, value) in best.items()}


def uv_index_settings(pip: Mapping[str, str], env: Mapping[str, str]) -> dict[str, str]:
    """pip's settings in uv's words; what the environment already says to uv itself is left alone."""
    wanted: dict[str, str] = {}

    def put(name: str, value: str | None, *others: str) -> None:
        if value and not any(n in env for n in (name, *others)):
            wanted[name] = value

    def words(option: str, separator: str = " ") -> str:
        return separator.join(pip.get(option, "").split())

    put("UV_DEFAULT_INDEX", pip.get("index-url"), "UV_INDEX_URL")
    put("UV_INDEX", words("extra-index-url"), "UV_EXTRA_INDEX_URL")
    put("UV_FIND_LINKS", words("find-links", ","))
    put("UV_INSECURE_HOST", words("trusted-host"))
    put("UV_NO_INDEX", "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else None)
    put("UV_HTTP_TIMEOUT", pip.get("timeout") or pip.get("default-timeout"))
    put("SSL_CERT_FILE", pip.get("cert"))
    put("HTTPS_PROXY", pip.get("proxy"), "https_proxy", "ALL_PROXY", "all_proxy")
    put("HTTP_PROXY", pip.get("proxy"), "http_proxy", "ALL_PROXY", "all_proxy")
    if "UV_INDEX" in wanted:
        # pip looks in every index and takes the best; uv would stop at the first. The locks' hashes decide anyway.
        put("UV_INDEX_STRATEGY", "unsafe-best-match")
    return wanted


def uv_environment() -> dict[str, str]:
    env = base_environment()
    return env | uv_index_settings(pip_settings(), env) | {"VIRTUAL_ENV": str(VENV)}
