"""Saved screens: a question under a name, a version for each time it was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import Market
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import SavedScreen, ScreenVersion
from app.repositories.saved_screens import SavedScreenRepository
from app.services.screener import ScreenerService
from app.services.screens.service import ALL
from app.services.universe import known_id

LONGEST_NAME = 100


@dataclass(frozen=True)
class ScreenQuestion:
    """What a saved screen asks, as the query parameters of `GET /api/screener/` have it."""

    q: str | None = None
    filter_type: str = ALL
    index: str = ALL
    instrument_type: str = "EQUITY"
    sector: str | None = None
    columns: tuple[str, ...] = ()  # ids of the table's columns; none: its own choice
    sort_by: str = "turnover"
    sort_order: Literal["asc", "desc"] = "desc"


class SavedScreens:
    """Names are unique among the screens that are not deleted, whatever their case."""

    def __init__(self, screener: ScreenerService) -> None:
        self._screener = screener

    def all(self, market: Market, session: Session) -> list[dict[str, Any]]:
        """Every saved screen, by name."""
        return [self._shown(market, session, *one) for one in SavedScreenRepository(session).all()]

    def get(self, market: Market, session: Session, screen_id: int) -> dict[str, Any]:
        """A saved screen. Raises DataNotFoundError."""
        screen = self._find(session, screen_id)
        return self._shown(market, session, screen, SavedScreenRepository(session).version(screen))

    def named(self, session: Session, name: str) -> tuple[SavedScreen, ScreenQuestion]:
        """The screen of a name. Raises DataNotFoundError, which lists the names there are."""
        repository = SavedScreenRepository(session)
        screen = repository.named(name.strip())
        if screen is None:
            known = ", ".join(one.name for one, _ in repository.all()) or "none yet"
            raise DataNotFoundError(f"There is no saved screen {name}; there are: {known}", "screen", name)
        return screen, question_of(repository.version(screen))

    def versions(self, session: Session, screen_id: int) -> list[dict[str, Any]]:
        """Every version, newest first. Raises DataNotFoundError."""
        self._find(session, screen_id)
        return [
            {
                "version": one.number,
                "name": one.name,
                "question": one.question,
                "digest": one.digest,
                "created_at": one.created_at,
            }
            for one in SavedScreenRepository(session).versions(screen_id)
        ]

    def create(self, market: Market, session: Session, name: str, question: ScreenQuestion) -> dict[str, Any]:
        """Save a screen under a new name.

        Raises
        ------
        ConflictError : the name is in use.
        ValidationError : no name; the expression, the columns or the sort are wrong, as `GET /api/screener/` says it;
            no stock has the sector.
        DataNotFoundError : no such index.
        """
        name, digest = _name(name), self._checked(market, session, question)
        repository = SavedScreenRepository(session)
        self._free(session, name)
        try:
            with session.begin_nested():
                screen = repository.add(name)
        except IntegrityError:  # somebody else was quicker
            raise ConflictError(f"A screen is called {name} already", details={"field": "name"}) from None
        return self._shown(market, session, screen, repository.write(screen, asdict(question), digest))

    def change(
        self, market: Market, session: Session, screen_id: int, version: int, name: str, question: ScreenQuestion
    ) -> dict[str, Any]:
        """Save the next version; one that says the same as the present one is no new one.

        Raises as `create`; ConflictError, too, where the screen was changed since `version`.
        """
        name, digest = _name(name), self._checked(market, session, question)
        repository = SavedScreenRepository(session)
        screen = self._find(session, screen_id, lock=True)
        if screen.version != version:
            raise ConflictError(
                f"{screen.name} was changed meanwhile: it is at version {screen.version}, not {version}",
                details={"field": "version", "version": screen.version},
            )
        if name.lower() != screen.name.lower():
            self._free(session, name)
        present = repository.version(screen)
        if question_of(present) != question or present.name != name:
            screen.name, screen.version, screen.updated_at = name, version + 1, datetime.now(UTC)
            if question_of(present) != question:
                screen.watched_to = None  # who was in the old one did not come into the new one
            present = repository.write(screen, asdict(question), digest)
        return self._shown(market, session, screen, present)

    def watch(self, market: Market, session: Session, screen_id: int, watching: bool) -> dict[str, Any]:
        """Make events of who comes and goes from now on, or stop. Raises DataNotFoundError."""
        screen = self._find(session, screen_id, lock=True)
        if watching != screen.watching:
            screen.watching, screen.watched_to = watching, None
            session.flush()
        return self.get(market, session, screen_id)

    def delete(self, session: Session, screen_id: int) -> None:
        """Hide a screen; `restore` brings it back. Raises DataNotFoundError."""
        self._find(session, screen_id, lock=True).deleted_at = datetime.now(UTC)

    def restore(self, market: Market, session: Session, screen_id: int) -> dict[str, Any]:
        """Bring a deleted screen back. DataNotFoundError; ConflictError where its name was given away."""
        screen = SavedScreenRepository(session).get(screen_id, lock=True)
        if screen is None:
            raise DataNotFoundError(f"There is no screen {screen_id}", "screen", str(screen_id))
        if screen.deleted_at is not None:
            self._free(session, screen.name)
            screen.deleted_at = None
            session.flush()
        return self.get(market, session, screen_id)

    def _find(self, session: Session, screen_id: int, *, lock: bool = False) -> SavedScreen:
        screen = SavedScreenRepository(session).get(screen_id, lock=lock)
        if screen is None or screen.deleted_at is not None:
            raise DataNotFoundError(f"There is no screen {screen_id}", "screen", str(screen_id))
        return screen

    @staticmethod
    def _free(session: Session, name: str) -> None:
        other = SavedScreenRepository(session).named(name)
        if other is not None:
            raise ConflictError(f"A screen is called {other.name} already", details={"field": "name"})

    def _checked(self, market: Market, session: Session, question: ScreenQuestion) -> str | None:
        """The digest of what a question asks of a stock, once it is known to be one."""
        if question.index != ALL:
            try:
                known_id(session, question.index)
            except DataNotFoundError as error:
                named = {**(error.details or {}), "field": "index"}
                raise DataNotFoundError(error.message, "index", question.index, details=named) from None
        if question.sector is not None:
            self._screener.screens.known_sector(market, session, question.sector)
        condition = self._screener.condition(market, session, question.filter_type, question.q)
        for number, column in enumerate(question.columns):
            self._screener.screens.compiled(market, session, column, None, f"columns.{number}")
        self._screener.check_sort(market, session, question.sort_by)
        return None if condition is None else condition.digest

    def _shown(self, market: Market, session: Session, screen: SavedScreen, version: ScreenVersion) -> dict[str, Any]:
        return {
            "id": screen.id,
            "name": screen.name,
            "version": screen.version,
            "watching": screen.watching,
            "question": version.question,
            "digest": version.digest,
            "created_at": screen.created_at,
            "updated_at": version.created_at,
        }


def question_of(version: ScreenVersion) -> ScreenQuestion:
    """The question of a version."""
    stored: Mapping[str, Any] = version.question
    return ScreenQuestion(**{**stored, "columns": tuple(stored["columns"])})


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME:
        raise ValidationError(f"name: expected 1 to {LONGEST_NAME} characters, got {len(plain)}", "name")
    for place, letter in enumerate(plain, 1):
        if not letter.isprintable():
            raise ValidationError(
                f"name: character {place} is U+{ord(letter):04X}, which cannot be shown",
                "name",
            )
    return plain
