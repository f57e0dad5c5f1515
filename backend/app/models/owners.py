"""Owners: who a portfolio, a strategy or a job belongs to. One local owner until there are accounts."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class Owner(Base):
    """A person the platform works for."""

    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[CreatedAt]


class AppSetting(Base):
    """A setting that every process must agree on, such as which market is shown."""

    __tablename__ = "app_settings"

    owner_id: Mapped[OwnerId] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
