"""NSE's market capitalisation of a day: one line a security, and sums at the end."""

from __future__ import annotations

from datetime import date

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.fundamental_figures import Figures, store
from app.services.importing.kinds import Kind
from app.services.importing.reference import ReferenceFile
from app.services.importing.texts import encoding_note, parse_date, parse_number, rows, whole_text

COMPANY_SERIES = ("EQ", "BE", "BZ", "SM", "ST", "SZ")
_APART = 0.005  # market capitalisation against close times issue size


def read_market_caps(member: Member) -> ReferenceFile:
    """Read `mcapDDMMYYYY.csv`: market capitalisation, issue size and face value of the ordinary shares.

    Raises
    ------
    FileRefusedError : a broken line, a bad date or number.
    """
    name = member.name
    text = whole_text(name, member.data)
    result = ReferenceFile(Kind.MARKET_CAPS, findings=encoding_note(name, text))
    figures: Figures | None = None
    sums = others = 0
    stale: list[tuple[int, str]] = []
    apart: list[tuple[int, str]] = []
    for line, cells in rows(name, text.text, columns=10):
        day = parse_date(name, line, "Trade Date", cells[0].title())
        figures = figures or Figures(name, "NSE_MCAP", day)
        if day != figures.symbol_on:
            raise FileRefusedError(
                Rule.MIXED_DATES, f"{name}: line {line}: Trade Date {day}, the lines before have {figures.symbol_on}",
                line=line, subject="Trade Date",
            )  # fmt: skip
        symbol, series = cells[1], cells[2]
        if not series:
            sums += 1
            continue
        result.data_rows = (result.data_rows or 0) + 1
        if series not in COMPANY_SERIES:
            others += 1
            continue
        numbers = {
            field: parse_number(name, line, column, cells[position]) if cells[position] else None
            for position, field, column in (
                (6, "face_value", "Face Value(Rs.)"),
                (7, "shares_outstanding", "Issue Size"),
                (8, "mcap_close", "Close Price/Paid up value(Rs.)"),
                (9, "market_cap", "Market Cap(Rs.)"),
            )
        }
        if cells[5].lower() == "not traded" or (cells[5] and _day(name, line, cells[5]) != day):
            stale.append((line, symbol))
        close, shares, cap = numbers["mcap_close"], numbers["shares_outstanding"], numbers["market_cap"]
        if close and shares and cap and abs(cap / (close * shares) - 1) > _APART:
            apart.append((line, symbol))
        for field, value in numbers.items():
            unit = "SHARES" if field == "shares_outstanding" else "RUPEES"
            if value:  # a zero stands for unknown
                figures.add(line, symbol, field, value, unit, kind="SNAPSHOT", period_end=day, known_at=day)
    if figures is None:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a header and no rows")
    store(result, figures)
    _tell(result, name, Rule.ROWS_LEFT_OUT, sums, "lines of sums at the end", "left out")
    _tell(result, name, Rule.ROWS_LEFT_OUT, others, "lines of other series than ordinary shares", "left out")
    _list(
        result, name, Rule.STALE_PRICE, stale, "were last traded before the file's day", "stored as of the file's day"
    )
    _list(
        result, name, Rule.FIGURES_DISAGREE_IN_FILE, apart, "differ from close times issue size by more than 0.5 %",
        "stored as given",
    )  # fmt: skip
    return result


def _day(name: str, line: int, text: str) -> date:
    return parse_date(name, line, "Last Trade Date", text.title())


def _tell(result: ReferenceFile, name: str, rule: Rule, count: int, what: str, action: str) -> None:
    if count:
        result.findings.append(FileFinding(rule, f"{name}: {count} {what}", action, subject=what))


def _list(result: ReferenceFile, name: str, rule: Rule, found: list[tuple[int, str]], what: str, action: str) -> None:
    if found:
        shown = ", ".join(f"{symbol} (line {line})" for line, symbol in found[:20])
        more = f" and {len(found) - 20} more" if len(found) > 20 else ""
        result.findings.append(
            FileFinding(
                rule, f"{name}: {len(found)} securities {what}: {shown}{more}", action, Severity.NOTE, found[0][0]
            )
        )
