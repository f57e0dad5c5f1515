"""Package indices, Node and its lock."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from launcher import environment, interface  # noqa: E402


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
