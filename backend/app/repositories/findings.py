"""What was found in files; kept once per content, also of files that were refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

_INSERT = text(
    "INSERT INTO findings (sha256, file_name, file_id, line, rule, severity, subject, message, action) "
    "VALUES (:sha256, :file_name, :file_id, :line, :rule, :severity, :subject, :message, :action) "
    "ON CONFLICT (sha256, rule, line, subject) DO NOTHING"
)


def add_findings(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store findings that are not there yet; how many were new."""
    return sum(connection.execute(_INSERT, dict(row)).rowcount for row in rows)


def replace_derived(connection: Connection, rules: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the findings of rules that are worked out from the whole of the data."""
    connection.execute(text("DELETE FROM findings WHERE rule = ANY(:rules)"), {"rules": list(rules)})
    add_findings(connection, rows)


def replace_about(
    connection: Connection, rules: Sequence[str], symbols: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Replace what such rules say of some symbols: the first words of their subjects."""
    connection.execute(
        text("DELETE FROM findings WHERE rule = ANY(:rules) AND split_part(subject, ' ', 1) = ANY(:symbols)"),
        {"rules": list(rules), "symbols": list(symbols)},
    )
    add_findings(connection, rows)


def replace_of_files(
    connection: Connection, rule: str, file_ids: Sequence[int], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Replace what a rule found in some files."""
    connection.execute(
        text("DELETE FROM findings WHERE rule = :rule AND file_id = ANY(:ids)"), {"rule": rule, "ids": list(file_ids)}
    )
    add_findings(connection, rows)


def of_rules(connection: Connection, rules: Sequence[str]) -> list[Any]:
    """What some rules found: rule, subject and message, by rule and subject."""
    query = text("SELECT rule, subject, message FROM findings WHERE rule = ANY(:rules) ORDER BY rule, subject")
    return list(connection.execute(query, {"rules": list(rules)}))


def count_by_rule(connection: Connection) -> dict[str, int]:
    """How many findings each rule has."""
    rows = connection.execute(text("SELECT rule, count(*) AS n FROM findings GROUP BY rule ORDER BY rule"))
    return {row.rule: row.n for row in rows}
