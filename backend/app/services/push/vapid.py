"""Who sends a push message (RFC 8292): a key pair of this home, made once, and a signed token for each request."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.embedded.locks import FileLock
from app.exceptions import InternalError
from app.services.push.encryption import CURVE, point_of

KEY_FILE: Final = "push-key.pem"
_VALID: Final = timedelta(hours=12)  # at most 24 (RFC 8292 §2)


class VapidKey:
    """The key pair by which push services and browsers know this home. The private half leaves the object as
    signatures alone."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self.public = base64.urlsafe_b64encode(point_of(private.public_key())).rstrip(b"=").decode()

    def authorization(self, endpoint: str, contact: str, now: datetime) -> str:
        """The value of the header `Authorization` for a request to an endpoint."""
        claims = {"aud": origin_of(endpoint), "exp": int((now + _VALID).timestamp()), "sub": f"mailto:{contact}"}
        return f"vapid t={jwt.encode(claims, self._private, algorithm='ES256')}, k={self.public}"


def origin_of(endpoint: str) -> str:
    """Scheme, host and a port that is not the usual one (RFC 6454 §6.1), which is what a token is good for."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")


def home_key(home: Path) -> VapidKey:
    """The key of a home, made when it is asked for the first time; of two who make it at once, one's is taken.

    Raises
    ------
    InternalError : the file is none of ours. Nothing of it is in the message.
    """
    path = home / KEY_FILE
    if not path.exists():
        _make(path)
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise InternalError(
            f"{KEY_FILE} in SMARTTRADER_HOME holds no key for web push: put a copy of it back, or remove it and turn "
            "notifications on again in each browser"
        )
    return VapidKey(private)


def _make(path: Path) -> None:
    """Write a new key, readable by its owner alone, whole or not at all; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # a lock rather than a hard link, which not every file system has
    with FileLock(path.with_name(f"{path.name}.lock")):
        if path.exists():  # somebody else was quicker: theirs is the key
            return
        private = ec.generate_private_key(CURVE)
        text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        fresh = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
