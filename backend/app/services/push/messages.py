"""What a notification says of the events of one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from app.database import Market
from app.models import ScreenEvent

ALERTS: Final = "/screener/alerts/"
# of each kind, of them, of a screen's name and of a symbol: a notification shows a few lines and holds 3993 octets
_NAMES, _SESSIONS, _LETTERS, _SYMBOL = 8, 3, 80, 20


def topic_of(market: Market, screen_id: int) -> str:
    """What a newer message takes the place of an older one by: at most 32 letters of base64url (RFC 8030 §5.4)."""
    return f"{market.value}-screen-{screen_id}"


def notification(events: Sequence[ScreenEvent], name: str, market: Market) -> dict[str, Any]:
    """As the interface's worker reads it. Events are of one screen and there is at least one."""
    sample = market is Market.SAMPLE
    shown = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
    counts = {word: sum(event.kind == kind for event in events) for kind, word in _WORDS.items()}
    title = f"{shown}: " + ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    lines = ["These companies and prices are made up."] if sample else []
    sessions = sorted({event.session for event in events}, reverse=True)
    for session in sessions[:_SESSIONS]:
        lines.append(_day(session))
        for kind, word in _WORDS.items():
            symbols = sorted(event.symbol for event in events if event.kind == kind and event.session == session)
            if symbols:
                lines.append(f"{word.capitalize()}: {_listed(symbols)}")
    if len(sessions) > _SESSIONS:
        lines.append(f"and {len(sessions) - _SESSIONS} sessions before")
    screen_id = events[0].screen_id
    return {
        "title": f"[SAMPLE] {title}" if sample else title,
        "body": "\n".join(lines),
        "tag": topic_of(market, screen_id),
        "url": ALERTS,
        "screen_url": f"/screener/?screen={screen_id}&open=1",
    }


def trial_notification() -> dict[str, Any]:
    """To see whether notifications arrive."""
    return {
        "title": "Notifications work",
        "body": "This browser is told who comes into watched screens and who leaves them, after each evening's data.",
        "tag": "test",
        "url": ALERTS,
        "screen_url": None,
    }


_WORDS: Final = {"ENTERED": "came in", "LEFT": "left"}


def _day(session: date) -> str:
    return f"{session:%a} {session.day} {session:%b %Y}"


def _listed(symbols: list[str]) -> str:
    more = len(symbols) - _NAMES
    return ", ".join(symbol[:_SYMBOL] for symbol in symbols[:_NAMES]) + (f" and {more} more" if more > 0 else "")
