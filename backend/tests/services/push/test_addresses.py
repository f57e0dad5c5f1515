"""Which addresses push messages go to."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from app.exceptions import ValidationError
from app.services.push.addresses import LONGEST, NotPublic, checked_endpoint, is_public, reachable


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%3d",
        "https://8.8.8.8:8443/push",
        "https://[2607:f8b0::1]/push",
    ],
)
def test_push_services_of_the_internet_are_let_in(endpoint: str) -> None:
    assert checked_endpoint(endpoint, local=False).scheme == "https"


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("http://push.example.net/p", "not encrypted"),
        ("ftp://push.example.net/p", "no https"),
        ("file:///etc/passwd", "no https"),
        ("push.example.net/p", "no https"),
        ("https:///p", "no https"),
        ("https://push.example.net:0/p", "no https"),
        ("https://push.example.net:99999/p", "no address"),
        ("https://[::1/p", "no address"),
        ("https://me:s3cret@push.example.net/p", "user name"),
        ("https://push.example.net/p#part", "fragment"),
        ("https://push.example.net/p\r\nHost: other", "a letter"),
        ("https://push.example.net/a b", "a letter"),
        ("https://püsh.example.net/p", "a letter"),
        ("https://push.example.net/" + "x" * LONGEST, f"at most {LONGEST}"),
        ("https://localhost/p", "this network"),
        ("https://LOCALHOST./p", "this network"),
        ("https://a.localhost:8000/p", "this network"),
        ("https://printer.local/p", "this network"),
        ("https://metadata.google.internal/p", "this network"),
        ("https://router/p", "this network"),
        ("https://127.0.0.1/p", "this network"),
        ("https://127.9.9.9:8443/p", "this network"),
        ("https://0.0.0.0/p", "this network"),
        ("https://10.1.2.3/p", "this network"),
        ("https://172.16.0.1/p", "this network"),
        ("https://192.168.1.1/p", "this network"),
        ("https://169.254.169.254/latest/meta-data", "this network"),
        ("https://100.64.0.1/p", "this network"),
        ("https://224.0.0.1/p", "this network"),
        ("https://[::1]/p", "this network"),
        ("https://[::ffff:127.0.0.1]/p", "this network"),
        ("https://[fe80::1]/p", "this network"),
        ("https://[fd00::1]/p", "this network"),
        ("https://127.1/p", "neither a name"),
        ("https://0x7f.0.0.0x1/p", "neither a name"),
        ("https://2130706433/p", "this network"),
        ("https://push..example.net/p", "a part is empty"),
        ("https://.example.net/p", "a part is empty"),
        (f"https://{'x' * 64}.example.net/p", "longer than 63"),
    ],
)
def test_what_is_no_push_service_of_the_internet_is_refused(endpoint: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refused:
        checked_endpoint(endpoint, local=False)
    assert refused.value.field == "endpoint" and "s3cret" not in refused.value.message


def test_a_test_may_let_in_this_machine_and_nothing_else_of_the_network() -> None:
    assert checked_endpoint("http://127.0.0.1:9000/p", local=True).port == 9000
    for endpoint in ("http://192.168.1.1/p", "https://192.168.1.1/p", "http://push.example.net/p"):
        with pytest.raises(ValidationError):
            checked_endpoint(endpoint, local=True)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("2607:f8b0::1", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),  # 8.8.8.8 seen from a network without IPv4
        ("2002:808:808::1", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::808:808", False),
        ("2002:7f00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("::127.0.0.1", False),
        ("::", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_an_address_that_carries_another_one_is_judged_by_it(text: str, public: bool) -> None:
    assert is_public(ip_address(text)) is public


def test_a_name_that_leads_into_this_network_by_any_of_its_addresses_is_not_gone_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[str] = []

    def told(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", told)
    answers[:] = ["8.8.8.8", "8.8.4.4", "8.8.8.8"]
    assert reachable("push.example.net", 443, local=False) == ["8.8.8.8", "8.8.4.4"]
    answers[:] = ["8.8.8.8", "127.0.0.1"]
    with pytest.raises(NotPublic):
        reachable("push.example.net", 443, local=False)
    assert reachable("push.example.net", 443, local=True) == ["8.8.8.8", "127.0.0.1"]
    answers[:] = ["10.0.0.1"]
    with pytest.raises(NotPublic):
        reachable("push.example.net", 443, local=True)
