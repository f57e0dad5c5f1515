"""Answers of NSE's site saved as JSON: corporate actions, holidays, quotes, deals, shareholding.

Positions are ordinals of the entries, counted from 1: a JSON file has no lines that mean anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from app.engines.calendar import is_session
from app.engines.nse_sessions import FIRST, LAST, SPECIAL
from app.services.importing.daily_reports import flag_row
from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.fundamental_figures import Figures, store
from app.services.importing.kinds import Kind
from app.services.importing.purposes import parse_purpose
from app.services.importing.reference import ReferenceFile, Row
from app.services.importing.symbol_master_files import listings_frame
from app.services.importing.texts import parse_date, parse_number

_LIMITS = re.compile(r"^\s*([\d.]+)\s*-\s*([\d.]+)\s*$")
_FULL_LIST = 8  # holidays a year at least; a shorter list is an excerpt


def read_site_json(kind: Kind, member: Member) -> ReferenceFile:
    """Read a saved answer.

    Raises
    ------
    FileRefusedError : a field is missing or is not what it should be.
    """
    content = json.loads(member.data)
    result = ReferenceFile(kind)
    try:
        _READERS[kind](member.name, content, result)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FileRefusedError(
            Rule.BAD_VALUE, f"{member.name}: a field is missing or of another type ({type(error).__name__}: {error})"
        ) from error
    if not result.rows:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{member.name}: no entries")
    return result


def _holidays(name: str, content: dict[str, Any], result: ReferenceFile) -> None:
    found: list[Row] = []
    for n, entry in enumerate(content["CM"], 1):
        day = parse_date(name, n, "tradingDate", entry["tradingDate"])
        found.append({"line": n, "segment": "CM", "date": day, "description": str(entry["description"]).strip()})
    result.tables["announced_holidays"] = found
    days = {row["date"]: row for row in found}
    result.span = (min(days), max(days))
    for day, row in sorted(days.items()):
        special = SPECIAL.get(day)
        if day.weekday() < 5 and FIRST <= day <= LAST and is_session(day):
            if special is not None and special.kind == "muhurat":
                continue
            message = f"{name}: entry {row['line']}: {day} ({row['description']}) is listed as a holiday"
            _differs(result, row["line"], day, f"{message}; the calendar has a session")
    for year in {day.year for day in days if sum(one.year == day.year for one in days) >= _FULL_LIST}:
        for ordinal in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day.weekday() < 5 and FIRST <= day <= LAST and not is_session(day) and day not in days:
                _differs(result, None, day, f"{name}: {day} is no holiday of the list; the calendar has no session")


def _differs(result: ReferenceFile, line: int | None, day: date, message: str) -> None:
    action = "the calendar stays: it follows the exchange's own daily files"
    result.findings.append(
        FileFinding(Rule.CALENDAR_DIFFERS, message, action, Severity.WARNING, line=line, subject=str(day))
    )


def _actions(name: str, content: list[dict[str, Any]], result: ReferenceFile) -> None:
    found: list[Row] = []
    for n, entry in enumerate(content, 1):
        if entry["exDate"] in {"-", "", None}:
            continue
        purpose = str(entry["subject"]).strip()
        found += [
            {
                "line": n,
                "part": part,
                "symbol": entry["symbol"],
                "company_name": entry.get("comp"),
                "ex_date": parse_date(name, n, "exDate", entry["exDate"]),
                "kind": action.kind,
                "factor": action.factor,
                "amount": action.amount,
                "purpose": purpose,
                "source": Kind.ACTIONS_NSE_BC.value,  # the exchange's own list, whatever form it comes in
            }
            for part, action in enumerate(parse_purpose(purpose))
        ]
    result.tables["corporate_actions"] = found


def _instant(name: str, n: int, field: str, text: str) -> date:
    """The day of a time stamp: `17-Nov-2025 15:30:19`."""
    return parse_date(name, n, field, text.split(" ")[0].split("T")[0])


def _listing(n: int, day: date, meta: dict[str, Any], series: str | None, listed: date | None) -> dict[str, Any]:
    return {
        "line": n,
        "source": "NSE_SITE",
        "as_of": day,
        "token": None,
        "symbol": meta["symbol"],
        "series": series,
        "name": meta.get("companyName"),
        "type_code": None,
        "lot": None,
        "tick": None,
        "isin": meta.get("isin") or meta.get("isinCode"),
        "listed_on": listed,
    }


def _index_quotes(name: str, content: dict[str, Any], result: ReferenceFile) -> None:
    day = _instant(name, 1, "timestamp", content["timestamp"])
    listings: list[dict[str, Any]] = []
    flags: list[Row] = []
    texts = 0
    for n, entry in enumerate(content["data"], 1):
        texts += isinstance(entry.get("lastPrice"), str)
        meta = entry.get("meta")
        if not isinstance(meta, dict) or "isin" not in meta:
            continue  # the index itself comes first in some answers
        listed = parse_date(name, n, "listingDate", meta["listingDate"]) if meta.get("listingDate") else None
        listings.append(_listing(n, day, meta, entry.get("series"), listed))
        if meta.get("isFNOSec") is True:
            flags.append(flag_row(n, day, meta["symbol"], "DERIVATIVES", "NSE_SITE", series=entry.get("series")))
        if meta.get("isSuspended") is True:
            flags.append(flag_row(n, day, meta["symbol"], "SUSPENDED", "NSE_SITE", series=entry.get("series")))
    result.frames["security_listings"] = listings_frame(listings)
    result.tables["security_flags"] = flags
    result.span, result.data_rows = (day, day), len(listings)
    if texts:
        result.findings.append(
            FileFinding(
                Rule.NUMBERS_AS_TEXT,
                f"{name}: the prices of {texts} entries are texts, not numbers",
                "not read: prices come from the exchange's daily files",
            )
        )


def _quote(name: str, content: dict[str, Any], result: ReferenceFile) -> None:
    """`quote-equity`: one security with its band, marks of surveillance, issue size and P/E."""
    info, meta, security = content["info"], content["metadata"], content["securityInfo"]
    price = content["priceInfo"]
    day = _instant(name, 1, "lastUpdateTime", meta["lastUpdateTime"])
    symbol, series = info["symbol"], meta.get("series")
    listed = parse_date(name, 1, "listingDate", info["listingDate"]) if info.get("listingDate") else None
    row = _listing(1, day, info, series, listed)
    row["tick"] = _optional(name, "tickSize", price.get("tickSize"))
    result.frames["security_listings"] = listings_frame([row])
    flags = [
        _band(name, day, symbol, series, price.get("pPriceBand"), price.get("lowerCP"), price.get("upperCP")),
    ]
    surveillance = security.get("surveillance") or {}
    if surveillance.get("surv"):
        detail = " ".join(str(surveillance[key]) for key in ("surv", "desc") if surveillance.get(key))
        flags.append(flag_row(1, day, symbol, "SURVEILLANCE", "NSE_SITE", series=series, detail=detail))
    result.tables["security_flags"] = flags
    _site_figures(
        name, day, symbol, info.get("isin"), result, pe=meta.get("pdSymbolPe"), shares=security.get("issuedSize")
    )  # fmt: skip


def _quote_2026(name: str, content: dict[str, Any], result: ReferenceFile) -> None:
    """The later form of a quote: `metaData`, `tradeInfo`, `priceInfo`, `secInfo`."""
    meta, trade, price, security = (content[key] for key in ("metaData", "tradeInfo", "priceInfo", "secInfo"))
    day = _instant(name, 1, "lastUpdateTime", content.get("lastUpdateTime") or trade["secwisedelposdate"])
    symbol, series = meta["symbol"], meta.get("series")
    text = security.get("listingDate")
    listed = _instant(name, 1, "listingDate", text) if text else None
    row = _listing(1, day, meta, series, listed)
    row["tick"] = _optional(name, "tickSize", price.get("tickSize"))
    result.frames["security_listings"] = listings_frame([row])
    limits = _LIMITS.match(str(price.get("priceBand") or ""))
    lower, upper = limits.groups() if limits else (None, None)
    result.tables["security_flags"] = [_band(name, day, symbol, series, price.get("ppriceBand"), lower, upper)]
    _site_figures(
        name, day, symbol, meta.get("isinCode"), result,
        pe=security.get("pdSymbolPe"), shares=trade.get("issuedSize"), cap=trade.get("totalMarketCap"),
    )  # fmt: skip


def _scrip(name: str, content: dict[str, Any], result: ReferenceFile) -> None:
    _quote_2026(name, content["equityResponse"][0], result)


def _optional(name: str, field: str, value: Any) -> float | None:
    return None if value in {None, "", "-"} else parse_number(name, 1, field, str(value))


def _band(name: str, day: date, symbol: str, series: str | None, band: Any, lower: Any, upper: Any) -> Row:
    text = str(band or "").strip()
    share = re.fullmatch(r"([\d.]+)\s*%?", text)
    return flag_row(
        1,
        day,
        symbol,
        "BAND",
        "NSE_SITE",
        series=series,
        detail=text or None,
        band_pct=float(share.group(1)) if share else None,
        lower_limit=_optional(name, "lowerCP", lower),
        upper_limit=_optional(name, "upperCP", upper),
    )


def _site_figures(name: str, day: date, symbol: str, isin: str | None, result: ReferenceFile, **values: Any) -> None:
    figures = Figures(name, "NSE_SITE", day)
    for key, field, unit in (
        ("pe", "pe_ratio", "RATIO"), ("shares", "shares_outstanding", "SHARES"), ("cap", "market_cap", "RUPEES"),
    ):  # fmt: skip
        value = values.get(key)
        text = None if value is None else str(value)
        figures.add(1, symbol, field, text, unit, kind="SNAPSHOT", period_end=day, known_at=day, isin=isin)
    if figures.columns["line"]:
        store(result, figures)
    result.span, result.data_rows = (day, day), 1


def _deals(name: str, content: list[dict[str, Any]], result: ReferenceFile) -> None:
    found: list[Row] = [
        {
            "line": n,
            "date": parse_date(name, n, "BD_DT_DATE", entry["BD_DT_DATE"]),
            "symbol": entry["BD_SYMBOL"],
            "kind": "BULK",
            "client": entry["BD_CLIENT_NAME"],
            "side": entry["BD_BUY_SELL"],
            "quantity": int(entry["BD_QTY_TRD"]),
            "price": float(entry["BD_TP_WATP"]),
        }
        for n, entry in enumerate(content, 1)
    ]
    result.tables["large_deals"] = found
    if found:
        result.span = (min(row["date"] for row in found), max(row["date"] for row in found))


def _shareholding(name: str, content: list[dict[str, Any]], result: ReferenceFile) -> None:
    ends = [parse_date(name, n, "date", entry["date"].title()) for n, entry in enumerate(content, 1)]
    figures = Figures(name, "NSE_SITE", max(ends, default=date.min))
    for n, (entry, end) in enumerate(zip(content, ends, strict=True), 1):
        known = _instant(name, n, "broadcastDate", entry["broadcastDate"].title())
        for key, field in (("pr_and_prgrp", "promoter_holding_pct"), ("public_val", "public_holding_pct")):
            figures.add(
                n, entry["symbol"], field, entry[key], "PERCENT",
                kind="QUARTER", period_end=end, known_at=known, column=key, isin=entry.get("isin"),
            )  # fmt: skip
    store(result, figures)
    result.data_rows = len(content)


_READERS: dict[Kind, Callable[[str, Any, ReferenceFile], None]] = {
    Kind.SITE_HOLIDAYS: _holidays,
    Kind.SITE_ACTIONS: _actions,
    Kind.SITE_INDEX_QUOTES: _index_quotes,
    Kind.SITE_QUOTE: _quote,
    Kind.SITE_QUOTE_2026: _quote_2026,
    Kind.SITE_SCRIP: _scrip,
    Kind.SITE_DEALS: _deals,
    Kind.SITE_SHAREHOLDING: _shareholding,
}
