"""Compression of answers for whoever is far away."""

from __future__ import annotations

from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class Compression(GZipMiddleware):
    """Compresses, but not for a client on this machine: to compress takes longer than to hand the bytes over."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and client[0] in LOOPBACK:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
