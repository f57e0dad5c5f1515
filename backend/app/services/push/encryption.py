"""Encryption of a push message for one browser (RFC 8291): its push service carries it and cannot read it."""

from __future__ import annotations

import os
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
_RECORD: Final = 4096
# every push service takes a body of 4096 octets (RFC 8030 §7.2): the header, a delimiter and a tag are off
MOST_PLAIN: Final = _RECORD - (16 + 4 + 1 + 65) - 1 - 16
_LAST: Final = b"\x02"  # the delimiter of a last record, which the only one is


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as web push writes it: 65 octets, uncompressed."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def receiver_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """A browser's key; ValueError unless it is an uncompressed point of P-256."""
    if len(point) != 65 or point[0] != 4:
        raise ValueError("a key of a subscription is an uncompressed point of 65 octets")
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)


def encrypt(
    plain: bytes,
    receiver: bytes,
    auth: bytes,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push request in the content coding `aes128gcm`, one record.

    Parameters
    ----------
    plain : at most `MOST_PLAIN` octets
    receiver, auth : `p256dh` (65 octets) and `auth` (16 octets) of the subscription
    sender, salt : new ones for each message; only a test gives its own

    Raises
    ------
    ValueError : the message is too long, or the subscription's keys are none.

    Source: RFC 8291 §3.4 and §4, RFC 8188 §2.
    """
    if len(plain) > MOST_PLAIN:
        raise ValueError(f"a push message has at most {MOST_PLAIN} octets, not {len(plain)}")
    if len(auth) != 16:
        raise ValueError("the authentication secret of a subscription has 16 octets")
    theirs = receiver_key(receiver)
    sender = sender or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(16)
    ours = point_of(sender.public_key())
    shared = sender.exchange(ec.ECDH(), theirs)
    secret = _derive(shared, auth, b"WebPush: info\x00" + receiver + ours, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + struct.pack("!LB", _RECORD, len(ours)) + ours
    return header + AESGCM(key).encrypt(nonce, plain + _LAST, None)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
