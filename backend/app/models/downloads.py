"""Files asked of the exchange's archives: what came, what did not, and when to ask again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Download(Base):
    """One report of one day: fetched once and kept. A report that has no day carries the day it was asked for."""

    __tablename__ = "downloads"

    report: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str]  # KEPT, NOT_PUBLISHED, REFUSED (not what it should be), FAILED (no answer)
    address: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str]
    sha256: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    message: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
