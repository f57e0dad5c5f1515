"""Which addresses push messages go to. A browser names them, so they are let lead out of this network alone (SSRF)."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from app.exceptions import ValidationError

LONGEST: Final = 2_000
_LABEL: Final = 63  # letters between two dots of a name (RFC 1035 §2.3.4)
_HERE: Final = ("localhost", "local", "internal", "home.arpa")  # names that lead nowhere else
_NAT64: Final = IPv6Network("64:ff9b::/96")
_NOWHERE: Final = (IPv6Network("::/96"), IPv6Network("64:ff9b:1::/48"))  # IPv4 of old, and of one's own network

Address = IPv4Address | IPv6Address


class NotPublic(Exception):
    """A name that leads into this machine or this network."""


def checked_endpoint(endpoint: str, *, local: bool) -> SplitResult:
    """The parts of an endpoint that may be sent to.

    `local` : push services on this machine are let in, too, also without TLS: only tests have them.

    Raises
    ------
    ValidationError : of `endpoint`, saying what was expected. Where a name leads is checked each time one is sent.
    """
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise _wrong("holds a letter that no address holds")
    if len(endpoint) > LONGEST:
        raise _wrong(f"has {len(endpoint)} letters; at most {LONGEST} are kept")
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise _wrong("is no address") from None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise _wrong("is no https:// address of a push service")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _wrong("holds a user name, a password or a fragment")
    address = _literal(host)
    if local and address is not None and address.is_loopback:
        return parts
    if parts.scheme != "https":
        raise _wrong("is not encrypted: expected https://")
    if address is not None:
        if not is_public(address):
            raise _wrong("leads into this network")
    elif "." not in host or any(host == name or host.endswith(f".{name}") for name in _HERE):
        raise _wrong("leads into this network")
    elif not host.rpartition(".")[2][0].isalpha():  # 127.1, 0x7f.1: addresses in another writing
        raise _wrong("has a host that is neither a name nor an address as it is usually written")
    elif not all(0 < len(label) <= _LABEL for label in host.split(".")):
        raise _wrong(f"has a host of which a part is empty or longer than {_LABEL} letters, as no name's is")
    return parts


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet; those that carry another one are judged by it."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local or any(address in net for net in _NOWHERE):
            return False
    return address.is_global and not address.is_multicast


def reachable(host: str, port: int, *, local: bool) -> list[str]:
    """The addresses of a host, one of which is then connected to: asked for once, so that no second answer differs.

    Raises
    ------
    NotPublic : one of them leads into this machine or network, and `local` does not let it.
    OSError : the name is not known, or nobody can be asked.
    """
    found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for text in found:
        address = ip_address(text.partition("%")[0])
        if not is_public(address) and not (local and address.is_loopback):
            raise NotPublic
    return found


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _wrong(told: str) -> ValidationError:
    return ValidationError(f"endpoint {told}", "endpoint")
