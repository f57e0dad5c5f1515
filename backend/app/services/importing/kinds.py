"""The kinds of file that are read, and how each is recognised: by its content, never by its name alone."""

from __future__ import annotations

import enum
import io
import re
import zipfile
from functools import lru_cache

from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.texts import decode, split_row


class Kind(enum.StrEnum):
    """What a file holds. The order of the groups is the order of import: evidence first, so that prices find names."""

    SYMBOL_CHANGES = "symbol_changes"
    NAME_CHANGES = "name_changes"
    COMPANY_SYMBOLS = "company_symbols"
    EQUITY_LIST = "equity_list"
    ETF_LIST = "etf_list"
    PREFERENCE_LIST = "preference_list"
    INDEX_LIST = "index_list"
    INDEX_MAPPING = "index_mapping"
    INDEX_HISTORY = "index_history"
    INDEX_RECORD = "index_record"
    INDEX_CORRECTIONS = "index_corrections"
    ACTIONS_PURPOSE = "actions_purpose"
    ACTIONS_MULTIPLIERS = "actions_multipliers"
    ACTIONS_SPLITS = "actions_splits"
    ACTIONS_YAHOO = "actions_yahoo"
    ACTIONS_NSE_BC = "actions_nse_bc"
    PRICES_LEGACY = "legacy"
    PRICES_UDIFF = "udiff"
    PRICES_DELIVERY = "delivery"
    PRICES_DAILY_PARQUET = "daily_parquet"


PRICE_KINDS = frozenset({Kind.PRICES_LEGACY, Kind.PRICES_UDIFF, Kind.PRICES_DELIVERY, Kind.PRICES_DAILY_PARQUET})
IDENTITY_KINDS = frozenset(
    {
        Kind.SYMBOL_CHANGES,
        Kind.NAME_CHANGES,
        Kind.COMPANY_SYMBOLS,
        Kind.EQUITY_LIST,
        Kind.ETF_LIST,
        Kind.PREFERENCE_LIST,
    }
)
MEMBERSHIP_KINDS = frozenset(
    {Kind.INDEX_LIST, Kind.INDEX_MAPPING, Kind.INDEX_HISTORY, Kind.INDEX_RECORD, Kind.INDEX_CORRECTIONS}
)
ACTION_KINDS = frozenset(
    {
        Kind.ACTIONS_PURPOSE,
        Kind.ACTIONS_MULTIPLIERS,
        Kind.ACTIONS_SPLITS,
        Kind.ACTIONS_YAHOO,
        Kind.ACTIONS_NSE_BC,
    }
)

# Beginning of the header, normalised by `header_key`.
_HEADERS: tuple[tuple[tuple[str, ...], Kind], ...] = (
    (("SYMBOL", "SERIES", "OPEN", "HIGH", "LOW", "CLOSE", "LAST", "PREVCLOSE", "TOTTRDQTY"), Kind.PRICES_LEGACY),
    (("SYMBOL", "SERIES", "DATE1", "PREV_CLOSE", "OPEN_PRICE"), Kind.PRICES_DELIVERY),
    (("TRADDT", "BIZDT", "SGMT", "SRC", "FININSTRMTP"), Kind.PRICES_UDIFF),
    (("SYMBOL", "NAME_OF_COMPANY", "SERIES", "DATE_OF_LISTING"), Kind.EQUITY_LIST),
    (("SYMBOL", "NAME_OF_COMPANY", "SERIES", "SECURITY_NAME"), Kind.PREFERENCE_LIST),
    (("SYMBOL", "UNDERLYING", "SECURITYNAME", "DATEOFLISTING"), Kind.ETF_LIST),
    (("SM_NEW_SYMBOL", "SM_KEY_SYMBOL"), Kind.SYMBOL_CHANGES),
    (("OLD", "NEW"), Kind.SYMBOL_CHANGES),
    (("NCH_SYMBOL", "NCH_PREV_NAME", "NCH_NEW_NAME"), Kind.NAME_CHANGES),
    (("SCRIP", "SYMBOL"), Kind.COMPANY_SYMBOLS),
    (("COMPANY_NAME", "INDUSTRY", "SYMBOL"), Kind.INDEX_LIST),
    (("COMPANY_NAME", "SYMBOL", "ISIN_CODE"), Kind.INDEX_LIST),
    (("INDEX_NAME", "STOCK_SYMBOL"), Kind.INDEX_MAPPING),
    (("INDEX", "DATE", "SYMBOL", "CHANGETYPE"), Kind.INDEX_CORRECTIONS),
    (("INDEX", "SYMBOL"), Kind.INDEX_MAPPING),
    (("SYMBOL", "EFFECTIVE_FROM", "EFFECTIVE_TO", "INDEX_NAME"), Kind.INDEX_HISTORY),
    (("SYMBOL", "SERIES", "FACE_VALUE", "PURPOSE"), Kind.ACTIONS_PURPOSE),
    (("SYMBOL", "DATE", "MULTIPLIER"), Kind.ACTIONS_MULTIPLIERS),
    (("SYMBOL", "NEWSHARES", "OLDSHARES", "DATE"), Kind.ACTIONS_SPLITS),
    (("DATE", "DIVIDENDS", "STOCK_SPLITS", "NAME"), Kind.ACTIONS_YAHOO),
    (("SERIES", "SYMBOL", "SECURITY", "RECORD_DT"), Kind.ACTIONS_NSE_BC),
)
_SERIES_MOVES = ("SYMBOL", "SECURITY", "FROM_SERIES", "TO_SERIES")
_HTML = re.compile(rb"<\s*(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_NSE_DATE = re.compile(r"^\d{2}-[A-Za-z]{3}-\d{4}$")
_INDEX_FILE = re.compile(r"^ind_\w+list", re.IGNORECASE)


@lru_cache(maxsize=32)
def header_key(line: str) -> tuple[str, ...]:
    """A header's names as they are compared: capitals, no blanks around, inner blanks as underscores."""
    return tuple(re.sub(r"[\s_]+", "_", cell.strip().strip('"').upper()) for cell in split_row(line))


def recognise(name: str, data: bytes) -> Kind:
    """The kind of a file.

    Raises
    ------
    FileRefusedError : the file is empty, or a web page in place of data.
    FileSkippedError : a format that is not known, or known and not read yet.
    """
    if not data.strip():
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: the file is empty")
    if data.startswith(b"PAR1"):
        return Kind.PRICES_DAILY_PARQUET
    if data.startswith(b"PK\x03\x04"):
        return _workbook_kind(name, data)
    if _HTML.search(data[:1024]):
        raise FileRefusedError(
            Rule.HTML_INSTEAD_OF_DATA,
            f"{name}: line 1: a web page was saved in place of the file; download it again",
            line=1,
        )
    first = decode(data[:65536].split(b"\n", 1)[0]).text.rstrip("\r")
    key = header_key(first)
    for beginning, kind in _HEADERS:
        if key[: len(beginning)] == beginning:
            return _udiff_kind(name, data) if kind is Kind.PRICES_UDIFF else kind
    if key[: len(_SERIES_MOVES)] == _SERIES_MOVES:
        raise FileSkippedError("moves between series: not read; the price files show the series of each day")
    cells = [cell.strip() for cell in split_row(first)]
    if len(cells) == 4 and _NSE_DATE.match(cells[3]):
        return Kind.SYMBOL_CHANGES
    if len(cells) == 1 and _INDEX_FILE.match(name) and name.lower().endswith(".csv"):
        return Kind.INDEX_LIST
    raise FileSkippedError("no known format")


def _udiff_kind(name: str, data: bytes) -> Kind:
    lines = data[:65536].split(b"\n", 2)
    cells = split_row(decode(lines[1]).text) if len(lines) > 1 else []
    segment = cells[2].strip() if len(cells) > 2 else ""
    if segment == "FO":
        raise FileSkippedError("derivatives: not read yet", Rule.DERIVATIVES_NOT_READ)
    if segment != "CM" and cells:
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{name}: line 2: field Sgmt is {segment!r}, expected CM (cash market) or FO",
            line=2,
            subject="Sgmt",
        )
    return Kind.PRICES_UDIFF


def _workbook_kind(name: str, data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise FileSkippedError("no known format")
            unpacked = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile as error:
        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{name}: not a complete workbook ({error})") from error
    if unpacked > 64 * 1024 * 1024:
        raise FileRefusedError(Rule.ARCHIVE_LIMIT, f"{name}: a workbook of more than 64 MB unpacked")
    return Kind.INDEX_RECORD
