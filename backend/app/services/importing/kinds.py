"""The kinds of file that are read, and how each is recognised: by its content, never by its name alone."""

from __future__ import annotations

import enum
import io
import re
import zipfile
from functools import lru_cache

import polars as pl

from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.json_kinds import json_shape
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
    INDEX_SERIES = "index_series"
    INTRADAY = "intraday"
    FUNDAMENTALS_YAHOO = "fundamentals_yahoo"
    FUNDAMENTALS_QUARTERLY = "fundamentals_quarterly"
    FUNDAMENTALS_GROWTH = "fundamentals_growth"
    FUNDAMENTALS_EPS = "fundamentals_eps"
    FUNDAMENTALS_ASSETS = "fundamentals_assets"
    FUNDAMENTALS_REPORTS = "fundamentals_reports"
    FUNDAMENTALS_BETAS = "fundamentals_betas"
    PRICE_EARNINGS = "price_earnings"
    MARKET_CAPS = "market_caps"
    SYMBOL_MASTER = "symbol_master"
    BANDS_HIT = "bands_hit"
    WEEK_52 = "week_52"
    BULK_DEALS = "bulk_deals"
    BLOCK_DEALS = "block_deals"
    SHORT_SALES = "short_sales"
    SERIES_MOVES = "series_moves"
    SITE_HOLIDAYS = "site_holidays"
    SITE_ACTIONS = "site_actions"
    SITE_INDEX_QUOTES = "site_index_quotes"
    SITE_QUOTE = "site_quote"
    SITE_QUOTE_2026 = "site_quote_2026"
    SITE_SCRIP = "site_scrip"
    SITE_DEALS = "site_deals"
    SITE_SHAREHOLDING = "site_shareholding"
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
# tables whose rows tell of a move from outside its day
MOVE_EVIDENCE = frozenset({"week_52_levels", "fundamental_values", "security_listings"})
FIGURE_KINDS = frozenset(
    {
        Kind.FUNDAMENTALS_YAHOO,
        Kind.FUNDAMENTALS_QUARTERLY,
        Kind.FUNDAMENTALS_GROWTH,
        Kind.FUNDAMENTALS_EPS,
        Kind.FUNDAMENTALS_ASSETS,
        Kind.FUNDAMENTALS_REPORTS,
        Kind.FUNDAMENTALS_BETAS,
        Kind.PRICE_EARNINGS,
    }
)
REPORT_KINDS = frozenset(
    {
        Kind.BANDS_HIT,
        Kind.WEEK_52,
        Kind.BULK_DEALS,
        Kind.BLOCK_DEALS,
        Kind.SHORT_SALES,
        Kind.SERIES_MOVES,
    }
)
SITE_KINDS = frozenset(
    {
        Kind.SITE_HOLIDAYS,
        Kind.SITE_ACTIONS,
        Kind.SITE_INDEX_QUOTES,
        Kind.SITE_QUOTE,
        Kind.SITE_QUOTE_2026,
        Kind.SITE_SCRIP,
        Kind.SITE_DEALS,
        Kind.SITE_SHAREHOLDING,
    }
)
# Nothing has to be worked out after a file of these.
APART_KINDS = (
    FIGURE_KINDS | REPORT_KINDS | {Kind.MARKET_CAPS, Kind.SITE_HOLIDAYS, Kind.SITE_DEALS, Kind.SITE_SHAREHOLDING}
)
SERIES_KINDS = frozenset({Kind.INDEX_SERIES, Kind.INTRADAY})

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
    (("TICKER", "DATE", "SECTOR", "REVENUE_GROWTH"), Kind.FUNDAMENTALS_YAHOO),
    (("TICKER", "NAME", "SECTOR", "ROE", "REVCAGR"), Kind.FUNDAMENTALS_QUARTERLY),
    (("SYMBOL", "INDUSTRY", "QTR_PROFIT_VAR_%"), Kind.FUNDAMENTALS_GROWTH),
    (("SYMBOL", "REPORT_DATE", "INTEREST"), Kind.FUNDAMENTALS_EPS),
    (("SYMBOL", "REPORT_DATE", "ASSETS"), Kind.FUNDAMENTALS_ASSETS),
    (("SYMBOL", "SYMBOL_P/E", "ADJUSTED_P/E"), Kind.PRICE_EARNINGS),
    (("TRADE_DATE", "SYMBOL", "SERIES", "SECURITY_NAME", "CATEGORY"), Kind.MARKET_CAPS),
    (("SYMBOL", "SERIES", "SECURITY", "HIGH/LOW"), Kind.BANDS_HIT),
    (("DATE", "SYMBOL", "SECURITY_NAME", "CLIENT_NAME", "BUY/SELL", "QUANTITY_TRADED"), Kind.BULK_DEALS),
    (("SECURITY_NAME", "SYMBOL_NAME", "TRADE_DATE", "QUANTITY"), Kind.SHORT_SALES),
    (("SYMBOL", "SECURITY", "FROM_SERIES", "TO_SERIES"), Kind.SERIES_MOVES),
    (("ID", "COMPANY_NAME", "VOLUME", "PRICE", "CHANGE", "ISIN", "TRADING_SESSIONS"), Kind.SYMBOL_MASTER),
    (("INDEX_NAME", "DATE", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INDEX_SERIES),
    (("INDEX_NAME", "INDEX_DATE", "OPEN_INDEX_VALUE"), Kind.INDEX_SERIES),
    (("DATE", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME", "TURNOVER"), Kind.INDEX_SERIES),
    (("DATE", "P/E", "P/B", "DIV_YIELD"), Kind.INDEX_SERIES),
    (("DATE", "NIFTY_50", "INDIA_VIX"), Kind.INDEX_SERIES),
    (("INSTRUMENT", "DATE", "TIME", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INTRADAY),
    (("TIMESTAMP", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INTRADAY),
    (("TIME", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INTRADAY),
    (("EPOC", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INTRADAY),
    (("EPOCH", "OPEN", "HIGH", "LOW", "CLOSE"), Kind.INTRADAY),
)
# Parts of the exchange's report pack that say nothing the files that are read do not say, or name no symbol.
_NOT_READ: tuple[tuple[tuple[str, ...], str], ...] = (
    (("MKT", "SERIES", "SYMBOL", "SECURITY", "PREV_CL_PR"), "day's prices (pd): the bhavcopies hold the same prices"),
    (("MKT", "SECURITY", "PREV_CL_PR"), "day's prices without symbols (pr): the bhavcopies hold the same prices"),
    (("MARKET", "SERIES", "SYMBOL", "SECURITY", "PREVIOUS_CLOSE_PRICE"), "fund prices: the bhavcopies hold the same"),
    (("SECURITY", "NEW", "PREVIOUS", "NEW_STATUS"), "new highs and lows without symbols: 52-week levels are read"),
    (("SECURITY", "PREV_CL_PR", "CLOSE_PRIC", "NET_TRDQTY"), "the 25 most traded: follows from the bhavcopies"),
    (("DATE", "SYMBOL", "UNDERLYING_CLOSE_PRICE"), "daily volatility for margins: follows from closes"),
)
_HTML = re.compile(rb"<\s*(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_NSE_DATE = re.compile(r"^\d{2}-[A-Za-z]{3}-\d{4}$")
_MIDNIGHT = re.compile(r"^\d{4}-\d{2}-\d{2}([T ](00:00:00|18:30:00))?$")  # 18:30 is midnight in India, told in UTC
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
        return _parquet_kind(data)
    if data.startswith(b"PK\x03\x04"):
        return _workbook_kind(name, data)
    if _HTML.search(data[:1024]):
        raise FileRefusedError(
            Rule.HTML_INSTEAD_OF_DATA,
            f"{name}: line 1: a web page was saved in place of the file; download it again",
            line=1,
        )
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
        return recognise_json(name, data)
    first = decode(data[:65536].split(b"\n", 1)[0]).text.rstrip("\r")
    key = header_key(first)
    for beginning, kind in _HEADERS:
        if key[: len(beginning)] == beginning:
            if kind is Kind.INTRADAY:
                return _bars_kind(key, data)
            if kind is Kind.BULK_DEALS and len(key) == 7:
                return Kind.BLOCK_DEALS
            return _udiff_kind(name, data) if kind is Kind.PRICES_UDIFF else kind
    for beginning, reason in _NOT_READ:
        if tuple(cell.partition("_(")[0] for cell in key[: len(beginning)]) == beginning:
            raise FileSkippedError(f"not read: {reason}")
    cells = [cell.strip() for cell in split_row(first)]
    special = _headless_kind(cells, data)
    if special is not None:
        return special
    if len(cells) == 4 and _NSE_DATE.match(cells[3]):
        return Kind.SYMBOL_CHANGES
    if len(cells) == 1 and _INDEX_FILE.match(name) and name.lower().endswith(".csv"):
        return Kind.INDEX_LIST
    raise FileSkippedError("no known format")


def _parquet_kind(data: bytes) -> Kind:
    """Prices of many symbols, or one index's bars; what cannot be opened goes where it is refused with a reason."""
    try:
        columns = set(pl.read_parquet_schema(io.BytesIO(data)))
    except (pl.exceptions.PolarsError, OSError):
        return Kind.PRICES_DAILY_PARQUET
    one_instrument = {"date", "open", "high", "low", "close", "volume"} <= columns and "symbol" not in columns
    return Kind.INDEX_SERIES if one_instrument else Kind.PRICES_DAILY_PARQUET


def _bars_kind(key: tuple[str, ...], data: bytes) -> Kind:
    """Bars with a stamp: daily where the first ones have no time of day, or midnight for one."""
    if key[0] != "TIMESTAMP":
        return Kind.INTRADAY
    stamps = [split_row(decode(line).text)[0].strip() for line in data[:4096].split(b"\n")[1:4] if line.strip()]
    return Kind.INDEX_SERIES if stamps and all(_MIDNIGHT.match(stamp) for stamp in stamps) else Kind.INTRADAY


def recognise_json(name: str, data: bytes) -> Kind:
    """The kind of a JSON file, by its keys.

    Raises
    ------
    FileRefusedError : not JSON.
    FileSkippedError : none of the answers that are read.
    """
    return Kind(json_shape(name, data))


_MONTHS = frozenset(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])


def _headless_kind(cells: list[str], data: bytes) -> Kind | None:
    """Files whose first line is no header: fiscal year ends, symbol masters, 52-week levels, market activity."""
    if len(cells) == 4 and cells[1] in _MONTHS and cells[2].isdigit():
        return Kind.FUNDAMENTALS_REPORTS
    if len(cells) in {14, 17, 21} and cells[0].isdigit() and cells[9].startswith("NSE:"):
        return Kind.SYMBOL_MASTER
    if b'"Adjusted_52_Week_High"' in data[:4096]:
        return Kind.WEEK_52
    if len(cells) == 2 and not cells[0] and _NSE_DATE.match(cells[1]):
        raise FileSkippedError("not read: market activity as text; index values come from index files")
    return None


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
    except (zipfile.BadZipFile, NotImplementedError) as error:  # damage can look like a version of zip not made yet
        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{name}: not a complete workbook ({error})") from error
    if unpacked > 64 * 1024 * 1024:
        raise FileRefusedError(Rule.ARCHIVE_LIMIT, f"{name}: a workbook of more than 64 MB unpacked")
    return Kind.INDEX_RECORD
