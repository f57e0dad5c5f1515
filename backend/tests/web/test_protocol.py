"""What is on the wire: addresses longer than the parser of addresses takes, and refusals before any application."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.guards import MAX_JSON_BYTES, Guards
from app.web.protocol import LARGEST_HEADERS, LONGEST_ADDRESS, LONGEST_PATH, Protocol
from tests.serving import serving


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with what it sees of the address."""
    if scope["type"] != "http":
        return
    seen = {"path": scope["path"], "query": scope["query_string"].decode(), "body": ""}
    more = True
    while more:
        message = await receive()
        seen["body"] += message.get("body", b"").decode()
        more = message.get("more_body", False)
    body = json.dumps(seen).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server with the protocol answers."""
    yield from answering(echo)


@pytest.fixture(scope="module")
def guarded() -> Iterator[int]:
    """Where a server answers that has the guards in front."""
    yield from answering(Guards(echo, ["127.0.0.1"], max_upload_bytes=2 * MAX_JSON_BYTES))


def answering(application: ASGIApp) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", http=Protocol, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)


def answers(port: int, sent: bytes, most: int = 1) -> list[tuple[int, dict[str, str], Any]]:
    """Status, headers and body of the answers to bytes sent as they are, on one connection."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        stream = connection.makefile("rb")
        for _ in range(most):
            status = int(stream.readline().split()[1])
            lines = iter(lambda: stream.readline().strip().decode(), "")
            headers = dict(line.split(": ", 1) for line in lines)
            found.append((status, headers, json.loads(stream.read(int(headers["content-length"])))))
    return found


def request(address: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {address} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


@pytest.mark.parametrize("length", [59_999, 60_000, 60_001, 65_535, 65_536, 200_000, LONGEST_ADDRESS])
def test_the_query_of_an_address_of_any_length_is_seen_whole(port: int, length: int) -> None:
    start = "/a%20b?first=1&q="
    address = start + "x" * (length - len(start))
    [(status, _, seen)] = answers(port, request(address))
    assert (status, seen["path"], seen["query"]) == (200, "/a b", address.partition("?")[2])


def test_a_fragment_and_a_host_in_a_long_address_are_no_part_of_the_query(port: int) -> None:
    query = "q=" + "y" * 100_000
    [(status, _, seen)] = answers(port, request(f"http://127.0.0.1/a?{query}#z?w"))
    assert (status, seen["path"], seen["query"]) == (200, "/a", query)


def test_a_connection_goes_on_after_a_long_address_whether_its_requests_wait_for_each_other_or_not(port: int) -> None:
    queries = ["q=" + letter * length for letter, length in (("a", 70_000), ("b", 5), ("c", 90_000), ("d", 1))]
    found = answers(port, b"".join(request(f"/?{query}") for query in queries), most=4)
    assert [seen["query"] for _, _, seen in found] == queries

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        connections = set()
        for query in queries:
            answer = client.send(_asking(client, query))
            assert answer.json()["query"] == query
            connections.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(connections) == 1


def _asking(client: httpx.Client, query: str) -> httpx.Request:
    """A request whose address may be longer than the client itself would write."""
    made = client.build_request("GET", "/")
    made.extensions["target"] = f"/?{query}".encode()
    return made


def test_a_long_address_may_have_a_body(port: int) -> None:
    query = "q=" + "a" * 80_000
    [(_, _, seen)] = answers(port, f"POST /?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody".encode())
    assert (seen["query"], seen["body"]) == (query, "body")


def refused(port: int, sent: bytes) -> tuple[int, str, str]:
    """Status, code and words of a refusal, after checking the envelope around it and that the connection ends."""
    [(status, headers, body)] = answers(port, sent)
    assert set(body) == {"error"}
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    assert body["error"]["request_id"] == headers["x-request-id"]
    return status, body["error"]["code"], body["error"]["message"]


@pytest.mark.parametrize("length", [LONGEST_ADDRESS + 1, 4 * LONGEST_ADDRESS])
def test_an_address_that_does_not_end_is_refused_in_words_though_the_client_still_sends(port: int, length: int) -> None:
    status, code, message = refused(port, request("/?" + "x" * (length - 2)))
    assert (status, code) == (414, "ADDRESS_TOO_LONG")
    assert "more than 1,048,576 bytes" in message


def test_a_path_that_is_too_long_is_refused_in_words(port: int) -> None:
    status, code, message = refused(port, request("/" + "x" * LONGEST_PATH))
    assert (status, code, message) == (
        414,
        "ADDRESS_TOO_LONG",
        "The path has 60,001 bytes; at most 60,000 are read",
    )


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-{n}: {'v' * 1000}" for n in range(300)],
        ["X-One: " + "v" * (LARGEST_HEADERS + 1)],
        ["X-Endless: " + "v" * 3 * LONGEST_ADDRESS],
    ],
    ids=["many", "one", "endless"],
)
def test_headers_that_are_too_large_are_refused_in_words(port: int, headers: list[str]) -> None:
    status, code, message = refused(port, request("/", *headers))
    assert (status, code) == (431, "HEADERS_TOO_LARGE")
    assert "more than 262,144 bytes" in message


def test_headers_may_be_as_large_as_is_said(port: int) -> None:
    assert answers(port, request("/", *[f"X-{n}: {'v' * 1000}" for n in range(200)]))[0][0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"nothing of the kind\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_the_envelope(port: int, sent: bytes) -> None:
    status, code, message = refused(port, sent)
    assert (status, code) == (400, "BAD_REQUEST")
    assert "no HTTP request" in message


def test_a_connection_that_is_refused_ends_though_the_client_stays(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"nothing\r\n\r\n")
        while connection.recv(65536):
            pass


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("told", [True, False], ids=["of told length", "in chunks"])
def test_a_body_that_is_too_large_is_answered_though_the_client_still_sends(
    guarded: int, connection: str, told: bool
) -> None:
    body = b"x" * (20 * MAX_JSON_BYTES)
    for _ in range(3):  # a connection that is reset loses the answer most of the time, not always
        asking = http.client.HTTPConnection("127.0.0.1", guarded, timeout=20)
        headers = {"Content-Type": "application/json", "Connection": connection}
        if told:
            asking.request("POST", "/api/x", body, headers)
        else:
            pieces = (body[k : k + 65_536] for k in range(0, len(body), 65_536))
            asking.request("POST", "/api/x", pieces, headers, encode_chunked=True)
        answer = asking.getresponse()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
        asking.close()


def test_a_client_that_sends_no_more_of_a_refused_body_is_answered_at_once_and_then_left(guarded: int) -> None:
    length = f"Content-Length: {2 * MAX_JSON_BYTES}"
    head = f"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\nConnection: close\r\n\r\n"
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", guarded), timeout=20) as connection:
        connection.sendall(head.encode() + b"a part")
        stream = connection.makefile("rb")
        assert stream.readline().split()[1] == b"413"
        assert time.monotonic() - began < 3
        stream.read()  # to the end: the server closes
    assert time.monotonic() - began < 15


@pytest.mark.integration
def test_an_expression_of_ten_thousand_terms_in_the_address_is_refused_with_its_place(tmp_path: Path) -> None:
    text = " and ".join(["close > 1"] * 10_000)  # 139,995 characters, of which 100,000 are read
    with serving(tmp_path / "home", tmp_path) as served:
        port = int(served.url.rpartition(":")[2])
        [(status, _, body)] = answers(port, request("/api/screener/?limit=1&q=" + text.replace(" ", "%20")))
        error = body["error"]
        assert (status, error["code"]) == (422, "VALIDATION_ERROR")
        assert error["details"]["field"] == "q"
        assert (error["details"]["line"], error["details"]["column"]) == (1, 100_001)

        shorter = " and ".join(["close > 1"] * 7_000)  # 97,995 characters, more terms than the language takes
        [(status, _, body)] = answers(port, request("/api/screener/?limit=1&q=" + shorter.replace(" ", "%20")))
        assert (status, body["error"]["code"], body["error"]["details"]["field"]) == (422, "VALIDATION_ERROR", "q")
        assert {"line", "column", "length"} <= set(body["error"]["details"])
