"""What the database refuses is told and logged without the row: a secret may be in it."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database import Database, Market
from app.settings import Settings

pytestmark = pytest.mark.integration


def refused(database: Database, statement: str, **values: Any) -> str:
    """All that is written of an error, causes included."""
    with pytest.raises(DBAPIError) as error, database.transaction(Market.REAL) as session:
        session.execute(text(statement), values)
    return "".join(traceback.format_exception(error.value))


def test_a_row_that_a_rule_refuses_is_in_nothing_that_is_told_of_it(settings: Settings) -> None:
    statements = {
        # a check, a unique key, a foreign key, a value that is missing, and a function that quotes its argument
        "INSERT INTO held VALUES (-1, :secret)": 'violates check constraint "above"',
        "INSERT INTO held VALUES (1, :secret), (2, :secret)": "duplicate key value violates unique constraint",
        "INSERT INTO holds VALUES (:secret)": "violates foreign key constraint",
        "INSERT INTO held VALUES (NULL, :secret)": "violates not-null constraint",
        "SELECT noted(:secret)": "division by zero",
    }
    with Database(settings) as database:
        with database.transaction(Market.REAL) as session:
            session.execute(
                text(
                    "CREATE TABLE held (n int NOT NULL CONSTRAINT above CHECK (n > 0), what text UNIQUE); "
                    "CREATE TABLE holds (what text REFERENCES held (what)); "
                    "CREATE FUNCTION noted(what text) RETURNS int LANGUAGE plpgsql AS "
                    "$$ BEGIN EXECUTE 'SELECT 1 / 0 --' || what; RETURN 1; END $$"
                )
            )
        for statement, said in statements.items():
            told = refused(database, statement, secret="s3cret")
            assert said in told and statement.partition(":")[0] in told
            assert "s3cret" not in told and "DETAIL" not in told
        with pytest.raises(DBAPIError) as plain, database.plain(Market.REAL).connect() as connection:
            connection.execute(text("INSERT INTO held VALUES (-1, 's3cret')"))
        assert "s3cret" not in str(plain.value.orig)


def test_an_error_without_an_answer_of_the_server_is_left_as_it_is(settings: Settings) -> None:
    with Database(settings) as database:
        with pytest.raises(DBAPIError) as gone, database.session(Market.REAL) as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert "connection" in str(gone.value)
