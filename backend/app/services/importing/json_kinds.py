"""Which of the exchange site's answers a JSON file is, by its keys."""

from __future__ import annotations

import json
from typing import Any

from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule

_MAX_BYTES = 32 * 1024 * 1024  # real answers are below one
_NOT_READ = {
    "advances": "the day's count of rises and falls: follows from prices",
    "records": "an option chain: derivatives are not read",
    "resCmpData": "a comparison of results in an unstated unit: not read",
    "sitemap": "a search result",
    "orderBook": "a quote without a security's particulars",
    "detail": "a pre-open order book",
    "attchmntFile": "announcements: not read",
    "bm_symbol": "board meetings: not read",
    "Session 2": "block deals of a session: the daily file is read",
    "CH_SYMBOL": "daily prices: the bhavcopies are read",
    "EOD_INDEX_NAME": "index values: index files are read",
    "xbrl": "links to results without figures",
    "NIFTY": "lot sizes of derivatives: not read",
    "nearWKH": "quotes without ISINs: the bhavcopies are read",
    "marketStatus": "the market's state at one moment",
    "activeSeries": "a security's particulars without a date",
    "data": "an answer without ISINs",
}


def json_shape(name: str, data: bytes) -> str:
    """The value of the file's `Kind`.

    Raises
    ------
    FileRefusedError : not JSON.
    FileSkippedError : none of the answers that are read.
    """
    if len(data) > _MAX_BYTES:
        raise FileSkippedError("JSON of more than 32 MB: no answer of the exchange's site")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        if b"\n{" in data.strip():
            raise FileSkippedError("a log of JSON lines: not read") from error
        line = getattr(error, "lineno", None)
        where = "" if line is None else f"line {line}: "
        raise FileRefusedError(Rule.BAD_VALUE, f"{name}: {where}not complete JSON ({error})", line=line) from error
    found = _of_list(content) if isinstance(content, list) else _of_object(name, content)
    if found is None:
        raise FileSkippedError("JSON of no kind that is read: " + _reason(content))
    return found


def _reason(content: Any) -> str:
    keys = set(content) if isinstance(content, dict) else set(content[0]) if content and _is_object(content[0]) else ()
    return next((reason for key, reason in _NOT_READ.items() if key in keys), "no known keys")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _of_list(content: list[Any]) -> str | None:
    if not content or not all(map(_is_object, content)):
        return None
    keys = set(content[0])
    if {"subject", "exDate", "symbol"} <= keys:
        return "site_actions"
    if {"BD_SYMBOL", "BD_QTY_TRD"} <= keys:
        return "site_deals"
    return "site_shareholding" if {"pr_and_prgrp", "broadcastDate"} <= keys else None


def _of_object(name: str, content: dict[str, Any]) -> str | None:
    days = content.get("CM")
    if isinstance(days, list) and days and _is_object(days[0]) and "tradingDate" in days[0]:
        return "site_holidays"
    if {"info", "metadata", "securityInfo", "priceInfo"} <= set(content):
        return "site_quote"
    if {"metaData", "tradeInfo", "priceInfo", "secInfo"} <= set(content):
        return "site_quote_2026"
    if isinstance(content.get("equityResponse"), list) and content["equityResponse"]:
        return "site_scrip"
    entries = content.get("data")
    if isinstance(entries, list) and "timestamp" in content:
        metas = [entry.get("meta") for entry in entries if _is_object(entry)]
        return "site_index_quotes" if any(_is_object(meta) and "isin" in meta for meta in metas) else None
    values = content.values()
    if content and "beta" in name.lower() and all(v is None or isinstance(v, int | float) for v in values):
        return "fundamentals_betas"
    return None
