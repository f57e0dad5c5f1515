"""The ledger of screens: every expression whose past was looked at."""

from __future__ import annotations

from sqlalchemy import Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class ScreenTrial(Base):
    """A distinct canonical expression whose past was looked at: the more there are, the less the best one says."""

    __tablename__ = "screen_trials"

    digest: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of the canonical text
    owner_id: Mapped[OwnerId] = mapped_column(primary_key=True)
    expression: Mapped[str] = mapped_column(Text)
    times: Mapped[int] = mapped_column(server_default=text("1"))
    first_tried_at: Mapped[CreatedAt]
    last_tried_at: Mapped[CreatedAt]
