"""What can be found in a file, and the one way a reader says so."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import Any


class Severity(enum.StrEnum):
    """How grave a finding is: the file was refused, something needs a look, or it is only worth knowing."""

    REFUSED = "refused"
    WARNING = "warning"
    NOTE = "note"


class Rule(enum.StrEnum):
    """The name of what was found; stable, so that people and programs can count by it."""

    ARCHIVE_DAMAGED = "ARCHIVE_DAMAGED"
    ARCHIVE_LIMIT = "ARCHIVE_LIMIT"
    BAD_ENCODING = "BAD_ENCODING"
    BAD_VALUE = "BAD_VALUE"
    BROKEN_LINE = "BROKEN_LINE"
    CLOCK_MENDED = "CLOCK_MENDED"
    CLOSE_AND_LAST_EXCHANGED = "CLOSE_AND_LAST_EXCHANGED"
    CLOSE_ONLY = "CLOSE_ONLY"
    CALENDAR_ENDED = "CALENDAR_ENDED"
    CLOSE_OUTSIDE_RANGE = "CLOSE_OUTSIDE_RANGE"
    DATE_IMPOSSIBLE = "DATE_IMPOSSIBLE"
    DATE_MISMATCH = "DATE_MISMATCH"
    DATE_NOT_A_SESSION = "DATE_NOT_A_SESSION"
    DERIVATIVES_NOT_READ = "DERIVATIVES_NOT_READ"
    DIVIDEND_RESTATED = "DIVIDEND_RESTATED"
    DIVIDEND_SOURCES_DISAGREE = "DIVIDEND_SOURCES_DISAGREE"
    DUPLICATE_ROW = "DUPLICATE_ROW"
    EMPTY_FILE = "EMPTY_FILE"
    FACTOR_CONTRADICTED = "FACTOR_CONTRADICTED"
    FACTOR_SOURCES_DISAGREE = "FACTOR_SOURCES_DISAGREE"
    FILE_CUT_SHORT = "FILE_CUT_SHORT"
    HTML_INSTEAD_OF_DATA = "HTML_INSTEAD_OF_DATA"
    IMPOSSIBLE_ROW = "IMPOSSIBLE_ROW"
    IDENTITY_INFERRED = "IDENTITY_INFERRED"
    INDEX_SOURCES_DISAGREE = "INDEX_SOURCES_DISAGREE"
    INTRADAY_DISAGREES = "INTRADAY_DISAGREES"
    LABELLED_BY_CLOSE = "LABELLED_BY_CLOSE"
    LIST_DATE_FROM_FOLDER = "LIST_DATE_FROM_FOLDER"
    LIST_DATE_UNKNOWN = "LIST_DATE_UNKNOWN"
    LIST_EDITED_BY_OWNER = "LIST_EDITED_BY_OWNER"
    LIST_SIZE = "LIST_SIZE"
    MEMBER_NOT_RESOLVED = "MEMBER_NOT_RESOLVED"
    MISLABELLED_INSTRUMENT = "MISLABELLED_INSTRUMENT"
    MIXED_DATES = "MIXED_DATES"
    NO_FINAL_LINE_END = "NO_FINAL_LINE_END"
    NAME_NOT_RESOLVED = "NAME_NOT_RESOLVED"
    OLD_ENCODING = "OLD_ENCODING"
    OUTSIDE_SESSION = "OUTSIDE_SESSION"
    PRICE_FAR_FROM_PREVIOUS = "PRICE_FAR_FROM_PREVIOUS"
    PLACEHOLDER_MEMBER = "PLACEHOLDER_MEMBER"
    PRICES_ON_CLOSED_DAY = "PRICES_ON_CLOSED_DAY"
    PURPOSE_NOT_UNDERSTOOD = "PURPOSE_NOT_UNDERSTOOD"
    REWRITTEN = "REWRITTEN"
    RIGHTS_NOT_ADJUSTED = "RIGHTS_NOT_ADJUSTED"
    ROWS_FAR_BELOW_NEIGHBOURS = "ROWS_FAR_BELOW_NEIGHBOURS"
    SWAPPED_COLUMNS = "SWAPPED_COLUMNS"
    SESSION_WITHOUT_PRICES = "SESSION_WITHOUT_PRICES"
    SUCCESSOR_NOT_JOINED = "SUCCESSOR_NOT_JOINED"
    SYMBOL_SUFFIX = "SYMBOL_SUFFIX"
    TWO_VERSIONS = "TWO_VERSIONS"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    UNREADABLE = "UNREADABLE"
    WRONG_COLUMNS = "WRONG_COLUMNS"
    # of company figures, masters and daily reports
    BAD_ISIN = "BAD_ISIN"
    CALENDAR_DIFFERS = "CALENDAR_DIFFERS"
    COLUMN_EMPTY = "COLUMN_EMPTY"
    COLUMN_NOT_READ = "COLUMN_NOT_READ"
    DATE_FROM_NAME = "DATE_FROM_NAME"
    DATE_MISSING = "DATE_MISSING"
    FIGURES_DISAGREE = "FIGURES_DISAGREE"
    FIGURES_DISAGREE_IN_FILE = "FIGURES_DISAGREE_IN_FILE"
    HEADER_MISSING = "HEADER_MISSING"
    HEADER_WRONG = "HEADER_WRONG"
    LATER_UNIVERSE = "LATER_UNIVERSE"
    NUMBERS_AS_TEXT = "NUMBERS_AS_TEXT"
    PERIOD_FROM_MONTH = "PERIOD_FROM_MONTH"
    ROWS_LEFT_OUT = "ROWS_LEFT_OUT"
    SNAPSHOT_ROWS = "SNAPSHOT_ROWS"
    STALE_PRICE = "STALE_PRICE"
    UNIT_CONVERTED = "UNIT_CONVERTED"
    VALUES_LEFT_OUT = "VALUES_LEFT_OUT"
    VALUE_DERIVED = "VALUE_DERIVED"
    ZERO_PRICE = "ZERO_PRICE"


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One thing found: where, which rule, what it is and what was done about it."""

    rule: Rule
    message: str
    action: str
    severity: Severity = Severity.NOTE
    line: int | None = None
    subject: str | None = None


def derived_finding(
    rule: Rule,
    subject: str,
    message: str,
    action: str,
    severity: Severity = Severity.NOTE,
    *,
    line: int | None = None,
    sha256: str | None = None,
) -> dict[str, Any]:
    """A row of the table of findings for what no single file tells.

    It goes by the digest of the file that it points at (`sha256` with `line`), else by one of rule and subject: worked
    out again it is the same row.
    """
    return {
        "sha256": sha256 or hashlib.sha256(f"{rule}|{subject}".encode()).hexdigest(),
        "file_name": "derived from all files",
        "file_id": None,
        "line": line,
        "rule": rule.value,
        "severity": severity.value,
        "subject": subject,
        "message": message,
        "action": action,
    }


class FileRefusedError(Exception):
    """A file of which nothing may be stored; the finding says why."""

    def __init__(self, rule: Rule, message: str, *, line: int | None = None, subject: str | None = None) -> None:
        super().__init__(message)
        self.finding = FileFinding(
            rule=rule,
            message=message,
            action="the file was refused; nothing of it is stored",
            severity=Severity.REFUSED,
            line=line,
            subject=subject,
        )


class FileSkippedError(Exception):
    """A file that is none of ours, or not read yet."""

    def __init__(self, reason: str, rule: Rule = Rule.UNKNOWN_FORMAT) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule
