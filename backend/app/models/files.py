"""Files that were imported, what was found wrong in any, and the versions that tell a cache it is stale."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt


class ImportFile(Base):
    """One file whose rows are stored. A file is known by its content: the same bytes are never stored twice."""

    __tablename__ = "import_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    container: Mapped[str | None]  # the archive it was met in
    kind: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    first_date: Mapped[date | None]
    last_date: Mapped[date | None]
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[CreatedAt]
    reader: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))  # services/importing/readers.py


class Finding(Base):
    """Something wrong or worth knowing in a file: where, which rule, and what was done about it."""

    __tablename__ = "findings"
    __table_args__ = (UniqueConstraint("sha256", "rule", "line", "subject", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]  # content of the file, also of one that was refused
    file_name: Mapped[str]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("import_files.id"))
    line: Mapped[int | None]
    rule: Mapped[str] = mapped_column(index=True)
    severity: Mapped[str]  # refused | warning | note
    subject: Mapped[str | None]  # a symbol, an index, a field
    message: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[CreatedAt]


class DataVersion(Base):
    """A counter that moves with every change of one part of the data: `prices:2014`, `identity`, `actions`, …"""

    __tablename__ = "data_versions"

    scope: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[CreatedAt]
