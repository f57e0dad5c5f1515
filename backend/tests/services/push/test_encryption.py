"""Encryption of push messages: the RFC's own example, and a receiver that is written without the sender's code."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app.services.push.encryption import MOST_PLAIN, encrypt
from tests.push_server import Receiver, b64, unb64

# RFC 8291 §5 and appendix A
PLAIN = b"When I grow up, I want to be a watermelon"
AUTH = unb64("BTBZMqHH6r4Tts7J_aSIgg")
SALT = unb64("DGv6ra1nlYgDCS1FRnbzlw")
SENDER_PRIVATE = unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
RECEIVER_PRIVATE = unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
RECEIVER_PUBLIC = unb64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private_key(octets: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(octets, "big"), ec.SECP256R1())


def test_the_example_of_rfc_8291_is_encrypted_to_the_same_octets() -> None:
    sent = encrypt(PLAIN, RECEIVER_PUBLIC, AUTH, sender=private_key(SENDER_PRIVATE), salt=SALT)
    assert b64(sent) == BODY


def test_the_receiver_of_these_tests_reads_the_example_of_rfc_8291() -> None:
    receiver = Receiver(private_key(RECEIVER_PRIVATE), AUTH)
    assert receiver.point == RECEIVER_PUBLIC
    assert receiver.decrypt(unb64(BODY)) == PLAIN


@given(st.binary(max_size=MOST_PLAIN), st.binary(min_size=16, max_size=16))
def test_what_is_encrypted_is_read_by_its_receiver_and_by_no_other(plain: bytes, auth: bytes) -> None:
    receiver = Receiver(auth=auth)
    sent = encrypt(plain, receiver.point, auth)
    assert receiver.decrypt(sent) == plain
    with pytest.raises(InvalidTag):
        Receiver(auth=auth).decrypt(sent)


def test_no_two_messages_share_a_key_or_a_salt() -> None:
    receiver = Receiver()
    first, second = (encrypt(PLAIN, receiver.point, receiver.auth) for _ in range(2))
    assert first[:16] != second[:16] and first[21:86] != second[21:86]


def test_the_longest_message_fills_the_4096_octets_that_every_push_service_takes() -> None:
    receiver = Receiver()
    assert MOST_PLAIN == 3993  # RFC 8291 §4
    assert len(encrypt(b"x" * MOST_PLAIN, receiver.point, receiver.auth)) == 4096
    with pytest.raises(ValueError, match="at most 3993 octets, not 3994"):
        encrypt(b"x" * (MOST_PLAIN + 1), receiver.point, receiver.auth)


@pytest.mark.parametrize(
    "point",
    [b"", RECEIVER_PUBLIC[:-1], b"\x02" + RECEIVER_PUBLIC[1:33], b"\x04" + b"\x01" * 64, b"\x05" + RECEIVER_PUBLIC[1:]],
)
def test_a_key_that_is_no_point_of_the_curve_is_refused(point: bytes) -> None:
    with pytest.raises(ValueError):
        encrypt(PLAIN, point, AUTH)


def test_an_authentication_secret_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 octets"):
        encrypt(PLAIN, RECEIVER_PUBLIC, AUTH + b"x")
