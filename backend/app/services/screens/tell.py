"""Telling what happened in watched screens outside of the app: one mail for all that is new."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from app.database import Database, Market
from app.exceptions import ConflictError, ExternalAPIError
from app.models import ScreenEvent
from app.repositories.saved_screens import ScreenEventRepository, telling
from app.services.jobs.claims import waited_for
from app.services.jobs.context import JobContext
from app.services.mail import Mailer

OFF: Final = "No mail server is set up"
OLDEST: Final = timedelta(days=10)  # before the newest event: what happened earlier is no news once mail is set up


class Telling:
    """Mails events: one process at a time, and those that the server took are marked at once.

    Where the process dies between the two they are mailed again.
    """

    def __init__(self, database: Database, mailer: Mailer | None) -> None:
        self._database = database
        self._mailer = mailer

    @property
    def recipient(self) -> str | None:
        """Where mail goes; None where none is sent."""
        return None if self._mailer is None else self._mailer.recipient

    def run(self, market: Market) -> dict[str, Any]:
        """Mail what nobody was mailed yet.

        Raises
        ------
        ExternalAPIError : the mail server does not take it; the next time it is tried again.
        """
        if self._mailer is None:
            return {"mailed": 0, "reason": OFF}
        with waited_for(self._database.engine(market), telling("mail")):
            with self._database.transaction(market) as session:
                events = ScreenEventRepository(session).untold("mail", OLDEST)
            if events:
                self._mailer.send(*message_of(events, market))
                with self._database.transaction(market) as session:
                    ScreenEventRepository(session).mark_told("mail", [event.id for event, _ in events])
        return {"mailed": len(events), "reason": None}

    def test(self) -> None:
        """Send a message that tells nothing. Raises ConflictError where no server is set up, ExternalAPIError."""
        if self._mailer is None:
            raise ConflictError(OFF)
        self._mailer.send(
            "Mail from SmartTrader works", "Who comes into watched screens and who leaves is told here.\n"
        )

    def tell(self, market: Market, context: JobContext | None = None) -> dict[str, Any]:
        """`run` after new data, which does not fail where mail does: the events are in the app."""
        try:
            return self.run(market)
        except ExternalAPIError as error:
            if context is not None:
                context.log("warning", f"No mail was sent: {error.message}")
            return {"mailed": 0, "reason": error.message}


def message_of(events: Sequence[tuple[ScreenEvent, str]], market: Market) -> tuple[str, str]:
    """Subject and text for events with the names of their screens, newest session first."""
    found: dict[date, dict[str, dict[str, list[str]]]] = {}
    for event, name in events:
        kinds = found.setdefault(event.session, {}).setdefault(name, {"ENTERED": [], "LEFT": []})
        kinds[event.kind].append(event.symbol)
    screens = sorted({name for _, name in events})
    shown = ", ".join(screens[:3]) + (f" and {len(screens) - 3} more" if len(screens) > 3 else "")
    subject = f"{len(events)} {'change' if len(events) == 1 else 'changes'} in {shown}"
    lines = []
    if market is Market.SAMPLE:
        subject = f"[SAMPLE] {subject}"
        lines += ["SAMPLE: these companies and prices are made up.", ""]
    for session, by_name in sorted(found.items(), reverse=True):
        lines.append(f"{session:%a} {session.day} {session:%b %Y}")
        for name, kinds in sorted(by_name.items()):
            lines.append(f"  {name}")
            for kind, word in (("ENTERED", "came in"), ("LEFT", "left")):
                if kinds[kind]:
                    lines.append(f"    {word}: {', '.join(sorted(kinds[kind]))}")
        lines.append("")
    lines.append("From the screens you watch in SmartTrader, after the close of those sessions.")
    return subject, "\n".join(lines) + "\n"
