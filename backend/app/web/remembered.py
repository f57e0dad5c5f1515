"""A route that reads its parameters once: all but one text, which differs with every request.

Reading and checking seventeen parameters and putting a handler's dependencies together takes longer than many an
answer. A query string that was once found right is right again, so that its values are taken from memory; the text is
decoded as the framework does it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Answer = Callable[[Request, dict[str, Any]], Response]

_KEPT: Final = 500
_LONGEST: Final = 2_000  # bytes of a query string without the text


def apart(query: bytes, name: bytes) -> tuple[bytes, str | None] | None:
    """A query string without one parameter, and that one's text; None where it stands there twice."""
    mine: list[bytes] = []
    others: list[bytes] = []
    for part in query.split(b"&"):
        (mine if part.startswith(name) and part[len(name) : len(name) + 1] == b"=" else others).append(part)
    if len(mine) > 1:
        return None
    rest = b"&".join(others)
    if not mine:
        return rest, None
    [(_, text)] = parse_qsl(mine[0].decode("latin-1"), keep_blank_values=True)
    return rest, text


class Remembered:
    """Values of parameters by query string, and the function that answers with them."""

    def __init__(self, text: str, longest: int, answer: Answer) -> None:
        self._text = text
        self._longest = longest
        self._answer = answer
        self._known: dict[bytes, dict[str, Any]] = {}

    def keep(self, request: Request, values: dict[str, Any]) -> None:
        """Remember the values the framework read of a request's query string."""
        found = apart(request.scope["query_string"], self._text.encode())
        if found is None or found[1] != values[self._text] or len(found[0]) > _LONGEST:
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[found[0]] = values

    def values(self, query: bytes) -> dict[str, Any] | None:
        """The values of a query string; None where they are to be read and checked."""
        found = apart(query, self._text.encode())
        known = None if found is None else self._known.get(found[0])
        if found is None or known is None:
            return None
        text = found[1]
        return None if text is not None and len(text) > self._longest else {**known, self._text: text}

    def route_class(self) -> type[APIRoute]:
        """The class of a route that asks here first."""
        remembered = self

        class Route(APIRoute):
            def get_route_handler(self) -> Handler:
                read = super().get_route_handler()

                async def handler(request: Request) -> Response:
                    values = remembered.values(request.scope["query_string"])
                    if values is None:
                        return await read(request)
                    return await run_in_threadpool(remembered._answer, request, values)

                return handler

        return Route
