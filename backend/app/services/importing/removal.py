"""Taking an imported file out again, as if it had never come in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
from sqlalchemy import Engine

from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.repositories import files, prices
from app.repositories.files import StoredFile
from app.services.importing import derive, merge, neighbours
from app.services.importing.kinds import Kind
from app.services.importing.run import locked

Progress = Callable[[float, str], None]


def find(engine: Engine, name_or_sha256: str) -> StoredFile:
    """The one imported file of a name or the beginning of a SHA-256.

    Raises
    ------
    DataNotFoundError : there is none.
    ValidationError : there are several; their SHA-256 are told.
    """
    with engine.connect() as connection:
        found = files.find_files(connection, name_or_sha256)
    if not found:
        raise DataNotFoundError(f"No imported file is called {name_or_sha256} or has this SHA-256", "file")
    if len(found) > 1:
        told = ", ".join(f"{one.sha256[:16]} ({one.rows:,} rows)" for one in found[:10])
        raise ValidationError(
            f"{len(found)} imported files fit {name_or_sha256}: name one by its SHA-256: {told}", "file"
        )
    return found[0]


def remove(engine: Engine, name_or_sha256: str, progress: Progress = lambda _fraction, _message: None) -> StoredFile:
    """Remove a file with its rows, evidence and findings; rows of other files that had lost to its rows count again.

    What is derived is worked out again. A run that is killed on the way is completed by the next import or start.

    Raises
    ------
    DataNotFoundError, ValidationError : as `find`.
    ConflictError : an import is running and does not end, or the file holds intraday bars.
    """
    with locked(engine, progress):
        file = find(engine, name_or_sha256)
        if file.kind == Kind.INTRADAY:
            raise ConflictError(f"{file.name} holds intraday bars, which cannot be taken out again yet")
        progress(0.0, f"removing {file.name}")
        with engine.begin() as connection:
            days: list[date] = []
            if file.first_date is not None and file.last_date is not None:
                for year in range(file.first_date.year, file.last_date.year + 1):  # memory stays that of a year
                    days += prices.days_of_file(connection, file.id, date(year, 1, 1), date(year, 12, 31))
                    lost = prices.remove_rows(connection, file.id, date(year, 1, 1), date(year, 12, 31))
                    digests = files.file_digests(connection, lost["file_id"].unique().to_list())
                    known = {other: sha256 for other, (sha256, _) in digests.items()}
                    if lost.height:
                        ranked = lost.with_columns(
                            pl.lit(None, pl.Datetime("us", "UTC")).alias("published_at"),
                            pl.col("file_id").replace_strict(known, return_dtype=pl.String).alias("sha256"),
                        )
                        prices.win_again(connection, merge.winners(ranked))
            files.remove_file(connection, file)
            neighbours.compare(connection)
            files.mark_pending(connection)
            files.prices_changed(connection, days)
        derive.everything(engine, progress)
    return file
