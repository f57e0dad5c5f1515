"""The key of a home and the tokens it signs."""

from __future__ import annotations

import stat
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.embedded.locks import FileLock
from app.exceptions import InternalError
from app.services.push.vapid import KEY_FILE, home_key, origin_of
from tests.push_server import unb64, verified

NOW = datetime(2026, 11, 27, 13, 0, tzinfo=UTC)
# RFC 8292 §2.4
RFC_HEADER = (
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3N"
    "jgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmy"
    "sazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmC"
    "lBPs"
)

KEPT = [(KEY_FILE, True), (f"{KEY_FILE}.lock", False)]  # and whether there is anything in it


def files(home: Path) -> list[tuple[str, bool]]:
    return [(path.name, path.stat().st_size > 0) for path in sorted(home.iterdir())]


def test_the_verifier_of_these_tests_takes_the_example_of_rfc_8292_and_no_changed_one() -> None:
    claims, _ = verified(RFC_HEADER)
    assert claims == {"aud": "https://push.example.net", "exp": 1453523768, "sub": "mailto:push@example.com"}
    with pytest.raises(InvalidSignature):
        verified(RFC_HEADER.replace(".eyJhdWQi", ".eyJhdXQi"))


def test_a_token_names_the_service_the_contact_and_an_end_within_a_day(tmp_path: Path) -> None:
    key = home_key(tmp_path)
    claims, signer = verified(key.authorization("https://push.example.net/p/abc?x=1", "me@example.com", NOW))
    assert claims["aud"] == "https://push.example.net"
    assert claims["sub"] == "mailto:me@example.com"
    assert NOW < datetime.fromtimestamp(claims["exp"], UTC) <= NOW + timedelta(hours=24)
    assert signer == key.public and len(unb64(signer)) == 65


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://push.example.net/p", "https://push.example.net"),
        ("https://push.example.net:443/p", "https://push.example.net"),
        ("https://PUSH.example.net:8443/p", "https://push.example.net:8443"),
        ("https://[2001:db8::1]:8443/p", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:9000/p", "http://127.0.0.1:9000"),
    ],
)
def test_an_origin_has_its_port_where_that_is_not_the_usual_one(endpoint: str, origin: str) -> None:
    assert origin_of(endpoint) == origin


def test_a_home_has_one_key_which_its_owner_alone_can_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = home_key(home)
    assert home_key(home).public == first.public
    assert home_key(tmp_path / "another").public != first.public
    assert files(home) == KEPT
    if sys.platform != "win32":
        assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600


def test_those_who_make_the_key_at_once_have_the_same_one(tmp_path: Path) -> None:
    found: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(home_key(tmp_path).public)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert files(tmp_path) == KEPT


def test_a_key_is_made_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as Linux says on exFAT and on many shares

    monkeypatch.setattr("os.link", none)
    assert home_key(tmp_path).public == home_key(tmp_path).public
    assert files(tmp_path) == KEPT


def test_a_key_that_was_made_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody makes it while this one waits for the lock."""
    lock = FileLock(tmp_path / f"{KEY_FILE}.lock")
    lock.acquire()
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(home_key(tmp_path).public))
    waiting.start()
    time.sleep(0.1)
    theirs = home_key(tmp_path / "theirs").public
    (tmp_path / "theirs" / KEY_FILE).rename(tmp_path / KEY_FILE)
    lock.release()
    waiting.join(20)
    assert found == [theirs] and home_key(tmp_path).public == theirs


@pytest.mark.parametrize("kind", ["text", "cut", "another curve"])
def test_a_file_that_holds_no_such_key_is_told_without_what_it_holds(tmp_path: Path, kind: str) -> None:
    home_key(tmp_path)
    path = tmp_path / KEY_FILE
    if kind == "text":
        path.write_text("s3cret")
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        other = ed25519.Ed25519PrivateKey.generate()
        path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    held = path.read_text()
    with pytest.raises(InternalError) as told:
        home_key(tmp_path)
    assert KEY_FILE in told.value.message and held not in told.value.message
    assert path.read_text() == held  # what may be a key of somebody is not written over


def test_the_private_half_is_in_no_writing_of_the_key(tmp_path: Path) -> None:
    key = home_key(tmp_path)
    private = (tmp_path / KEY_FILE).read_text().splitlines()[1]
    assert private not in repr(key) and private not in str(vars(key))
