"""Answers are compressed for whoever is far away, and for nobody on this machine."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

from app.web.compression import Compression

BODY = b"close > sma(close, 200) " * 200


@pytest.mark.parametrize(("host", "coding"), [("192.0.2.7", "gzip"), ("127.0.0.1", None), ("::1", None)])
def test_only_an_answer_that_leaves_the_machine_is_compressed(host: str, coding: str | None) -> None:
    app = FastAPI()
    app.add_middleware(Compression, minimum_size=1024)

    @app.get("/")
    def answer() -> Response:
        return Response(BODY, media_type="application/json")

    found = TestClient(app, client=(host, 50_000)).get("/", headers={"Accept-Encoding": "gzip"})
    assert (found.headers.get("content-encoding"), found.content) == (coding, BODY)
