"""Says in every answer which market it is about, in one place.

The header `X-Market` is `NSE` or `SAMPLE`. A JSON object about the generated market has the member `market` besides,
since what is kept of an answer is often its body alone; one that has a member of that name already is left as it is.
"""

from __future__ import annotations

from typing import Final

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.database import Market

HEADER: Final = "X-Market"
STATE: Final = "market"  # where app.web.sessions leaves the market of a request


class MarketMark:
    """ASGI middleware, inside of what packs an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        waiting: Message | None = None

        async def marked(message: Message) -> None:
            nonlocal waiting
            market = scope.get("state", {}).get(STATE)
            if market is None:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = market.mark
                if market is Market.SAMPLE and _is_object_of_json(message):
                    waiting = message
                else:
                    await send(message)
            else:
                if waiting is not None:
                    start, waiting = waiting, None
                    if not message.get("more_body"):
                        message = {**message, "body": _with_member(message.get("body", b""), market.mark)}
                        MutableHeaders(scope=start)["content-length"] = str(len(message["body"]))
                    await send(start)
                await send(message)

        await self._app(scope, receive, marked)


def _is_object_of_json(start: Message) -> bool:
    kind = MutableHeaders(scope=start).get("content-type", "").partition(";")[0]
    return kind.endswith("json") and 200 <= start["status"] < 300


def _with_member(body: bytes, mark: str) -> bytes:
    """The body with a first member `market`; numbers keep the digits they were written with."""
    value = orjson.loads(body) if body.startswith(b"{") else None
    if not isinstance(value, dict) or "market" in value:
        return body
    return b'{"market":"' + mark.encode() + (b'",' if value else b'"') + body[1:]
