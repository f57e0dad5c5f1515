"""What every table shares: the declarative base, constraint names, and the columns that recur."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import DateTime, ForeignKey, Integer, MetaData, func, text
from sqlalchemy.orm import DeclarativeBase, mapped_column

LOCAL_OWNER_ID = 1


class Base(DeclarativeBase):
    """Declarative base; every constraint gets a name that a migration can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
OwnerId = Annotated[
    int,
    mapped_column(
        Integer, ForeignKey("owners.id"), default=LOCAL_OWNER_ID, server_default=text(str(LOCAL_OWNER_ID)), index=True
    ),
]
