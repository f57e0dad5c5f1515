"""Watching: who came into a saved screen and who left it, session by session, as events."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.screener.history import changes
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN
from app.exceptions import DataNotFoundError, SmartTraderException
from app.models import SavedScreen
from app.repositories.saved_screens import SavedScreenRepository, ScreenEventRepository
from app.services.jobs.context import JobContext
from app.services.panel import Panel, PanelService
from app.services.push.service import PushService
from app.services.screener import ScreenerService
from app.services.screens.saved import ScreenQuestion, question_of
from app.services.screens.service import Universe, deadline
from app.services.screens.tell import Telling
from app.services.universe import find_instrument, index_id

B1 = NDArray[np.bool_]
U1 = NDArray[np.uint8]

log = logging.getLogger(__name__)

MOST_SESSIONS: Final = 30  # of a watched screen that nobody looked after for longer, the last ones become events
_SECONDS: Final = 120.0


class ScreenWatch:
    """Evaluates saved screens through time, each with one pass over the market."""

    def __init__(
        self,
        database: Database,
        panels: PanelService,
        screener: ScreenerService,
        telling: Telling,
        push: PushService,
    ) -> None:
        self._telling = telling
        self._push = push
        self._database = database
        self._panels = panels
        self._screener = screener

    def run(self, market: Market) -> dict[str, Any]:
        """Note what has happened in watched screens since they were last looked at; running it twice notes it once.

        A screen watched for the first time, or with another question, begins at the latest session, without events.
        One that can no longer be evaluated (an index that is gone) is named with the reason and does not stop others.
        Of each screen that was looked at the stocks are counted of which it is not known whether they match: they have
        neither come nor left.
        """
        found: dict[str, Any] = {"screens": 0, "events": 0, "unknown": {}, "failed": {}}
        panel = self._panels.current(market)
        if not len(panel.sessions):
            return found
        with self._database.transaction(market) as session:
            watched = [screen.id for screen, _ in SavedScreenRepository(session).all(watching=True)]
        for screen_id in watched:
            self._look(market, panel, screen_id, found)
        return found

    def _look(self, market: Market, panel: Panel, screen_id: int, found: dict[str, Any]) -> None:
        """One screen. Who changes it meanwhile need not wait, and finds nothing noted of what it was before."""
        latest: date = panel.sessions[-1].astype(object)
        noted: list[tuple[date, dict[str, str]]] = []
        with self._database.transaction(market) as session:
            repository = SavedScreenRepository(session)
            screen = repository.get(screen_id)
            seen = _state(screen)
            if screen is None or not screen.watching:
                return
            found["screens"] += 1
            if screen.watched_to is not None and screen.watched_to < latest:
                first = int(np.searchsorted(panel.sessions, np.datetime64(screen.watched_to, "D"), side="right"))
                first = max(first, len(panel.sessions) - MOST_SESSIONS)
                question = question_of(repository.version(screen))
                try:
                    rows, flags = self.flags(market, session, panel, question)
                except SQLAlchemyError:
                    raise  # that is no fault of the screen
                except Exception as error:  # whatever is wrong with one screen, the others go on
                    found["failed"][screen.name] = _reason(error, screen.name)
                    return
                noted = _noted(panel, rows, flags, first)
                unknown = int(np.count_nonzero(flags[rows.at(len(panel.sessions) - 1)] == UNKNOWN))
                if unknown:
                    found["unknown"][screen.name] = unknown
        with self._database.transaction(market) as session:
            screen = SavedScreenRepository(session).get(screen_id, lock=True)
            if screen is None or _state(screen) != seen:
                return  # looked at when the next data come, as it is now
            events = ScreenEventRepository(session)
            found["events"] += sum(events.add(screen, day, symbols) for day, symbols in noted)
            screen.watched_to = latest

    def anything(self, market: Market) -> bool:
        """Whether any screen is watched."""
        with self._database.transaction(market) as session:
            return bool(SavedScreenRepository(session).all(watching=True))

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """`run` as a job, which then tells of it outside of the app; once it is begun it is too late to cancel it."""
        context.begin_storing()
        found = self.run(context.market)
        return {**found, **self.tell(context.market, context)}

    def tell(self, market: Market, context: JobContext | None = None) -> dict[str, Any]:
        """Mail what is new, and push it to browsers; what cannot be told that way is in the app."""
        return {"mail": self._telling.tell(market, context), "push": self._push.tell(market, context)}

    def held(
        self, market: Market, session: Session, symbol: str, days: int, asof: date | None = None
    ) -> list[dict[str, Any]]:
        """Of each saved screen the sessions among the last `days` up to a day on which it held a stock, oldest first.

        Beside them stands on how many it is not known whether it did.

        Raises
        ------
        DataNotFoundError : no stock has or had that symbol.
        """
        panel = self._panels.current(market)
        key = find_instrument(panel, symbol.strip().upper(), asof)
        if key is None:
            raise DataNotFoundError(f"No stock has or had the symbol {symbol}", "symbol", symbol)
        end = panel.window(None, asof)[2]
        first = end - days
        out = []
        for screen, version in SavedScreenRepository(session).all():
            sessions: list[date] = []
            reason, unknown = None, 0
            try:
                rows, flags = self.flags(market, session, panel, question_of(version), only=key)
                asked = (rows.days >= first) & (rows.days < end)
                sessions = panel.sessions[rows.days[asked & (flags == TRUE)]].tolist()
                unknown = int(np.count_nonzero(asked & (flags == UNKNOWN)))
            except SQLAlchemyError:
                raise
            except Exception as error:  # as above
                reason = _reason(error, screen.name)
            out.append(
                {
                    "id": screen.id,
                    "name": screen.name,
                    "sessions": sessions,
                    "unknown": unknown,
                    "now": bool(sessions) and sessions[-1] == panel.sessions[end - 1].astype(object),
                    "reason": reason,
                }
            )
        return out

    def flags(
        self, market: Market, session: Session, panel: Panel, question: ScreenQuestion, only: str | None = None
    ) -> tuple[Rows, U1]:
        """The market's rows, and on which a saved screen holds, as conditions are held; not outside of its universe.

        With `only` an instrument's rows alone.
        """
        from app.engines.screener.language.evaluate import Evaluator  # brings the compiler
        from app.engines.screener.language.reads import crosses_section

        screens = self._screener.screens
        expression = self._screener.condition(market, session, question.filter_type, question.q)
        trees = [] if expression is None else [expression.tree]
        universe = Universe(index_id(question.index), question.instrument_type)
        rows = screens.frame(market, session, panel, trees, universe)
        words = screens.vocabulary(market, session)
        of_one: U1 | None = None
        if only is not None:
            column = panel.keys.index(only) if only in panel.keys else -1
            own = np.flatnonzero(rows.columns == column)
            if expression is not None and crosses_section(expression.tree, words):
                of_one = Evaluator(rows, words, deadline(_SECONDS)).condition(expression.tree)[own]
            starts = np.flatnonzero(np.isin(own, rows.segments[:-1]))
            segments = np.unique(np.concatenate([[0], starts, [len(own)]])).astype(np.int64)
            rows = rows.taken(own, segments)
        held = np.full(len(rows), TRUE, np.uint8)
        if of_one is not None:
            held = of_one
        elif expression is not None and len(rows):
            held = Evaluator(rows, words, deadline(_SECONDS)).condition(expression.tree)
        return rows, np.where(rows.universe & _in_sector(rows, question.sector), held, np.uint8(FALSE))


def _in_sector(rows: Rows, sector: str | None) -> B1:
    if sector is None:
        return np.ones(len(rows), np.bool_)
    texts = rows.source.text("sector")
    wanted = np.array([value.casefold() == sector.casefold() for value in texts.values] + [False], np.bool_)
    found: B1 = wanted[texts.codes]
    return found


def _state(screen: SavedScreen | None) -> tuple[Any, ...] | None:
    """What must not have changed between the evaluation of a screen and the noting of it."""
    return None if screen is None else (screen.version, screen.watching, screen.watched_to, screen.deleted_at)


def _noted(panel: Panel, rows: Rows, flags: U1, first: int) -> list[tuple[date, dict[str, str]]]:
    """By session from the `first` on, who came and who left (symbol → ENTERED or LEFT)."""
    entered, left = changes(rows, flags)
    found = []
    for day in range(first, len(panel.sessions)):
        at = rows.at(day)
        session: date = panel.sessions[day].astype(object)
        symbols = {
            panel.instruments[rows.keys[n]].symbol_on(session): kind
            for kind, which in (("ENTERED", entered), ("LEFT", left))
            for n in rows.columns[at[which[at]]].tolist()
        }
        found.append((session, symbols))
    return found


def _reason(error: Exception, name: str) -> str:
    """Why a screen cannot be evaluated; what nobody has foreseen is in the log as well."""
    if isinstance(error, SmartTraderException):
        return error.message
    log.error("The screen %r failed", name, exc_info=error)
    return f"It cannot be evaluated: {type(error).__name__}"
