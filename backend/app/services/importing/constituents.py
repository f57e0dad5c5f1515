"""Index lists, membership histories and the record of inclusions and exclusions, in all their layouts."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind, header_key
from app.services.importing.membership import size_of
from app.services.importing.reference import ListOfIndex, ReferenceFile, Row, date_finding, date_of_list, index_id
from app.services.importing.texts import Text, encoding_note, parse_date, rows, whole_text

HISTORY_RANK = 20
_INDEX_OF_FILE = re.compile(r"^(?:ind_)?(?P<index>[a-z0-9&_ -]+?)[_ -]?list", re.IGNORECASE)
_YAHOO_SUFFIX = re.compile(r"\.(NS|BO)$")
_SIZE_TOLERANCE = 0.05


def read_constituents(kind: Kind, member: Member) -> ReferenceFile:
    """Read a file about index membership.

    Raises
    ------
    FileRefusedError : a broken line, a bad date, or no way to tell which index it is about.
    """
    if kind is Kind.INDEX_RECORD:
        return _record(member)
    text = whole_text(member.name, member.data)
    result = ReferenceFile(kind, findings=encoding_note(member.name, text))
    if kind is Kind.INDEX_HISTORY:
        _history(member.name, text, result)
    elif kind is Kind.INDEX_CORRECTIONS:
        _corrections(member.name, text, result)
    else:
        result.as_of, result.date_basis = date_of_list(member.name, member.folders)
        result.findings.append(date_finding(member.name, result.as_of, result.date_basis))
        if kind is Kind.INDEX_MAPPING:
            _mapping(member.name, text, result)
        else:
            _one_list(member.name, text, result)
        result.lists = [one for one in result.lists if _has_right_size(member.name, one, result.findings)]
        result.index_names = {one.index_id: one.index_name for one in result.lists}
    if not result.rows:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{member.name}: no member in it that can be used")
    return result


def _index_of_file(name: str) -> str:
    match = _INDEX_OF_FILE.match(name)
    if match is None:
        raise FileRefusedError(
            Rule.BAD_VALUE, f"{name}: which index is it? A name such as ind_nifty50list.csv tells", subject="index"
        )
    return match["index"].replace("_", " ").upper()


def _has_right_size(name: str, one: ListOfIndex, findings: list[FileFinding]) -> bool:
    """Whether the number of members is near the one in the index's name, where there is one.

    Owners of lists also keep their own selections under an index's name.
    """
    size = size_of(one.index_id)
    if size is None or abs(len(one.entries) - size) <= max(1, _SIZE_TOLERANCE * size):
        return True
    findings.append(
        FileFinding(
            Rule.LIST_SIZE,
            f"{name}: {one.index_name}: {len(one.entries)} members, expected about {size}",
            "this list is not stored",
            Severity.WARNING,
            subject=one.index_id,
        )
    )
    return False


def _one_list(name: str, text: Text, result: ReferenceFile) -> None:
    index_name = _index_of_file(name)
    one = ListOfIndex(index_id(index_name), index_name)
    header = header_key(text.text.partition("\n")[0])
    if len(header) == 1:
        for line, content in enumerate(text.text.split("\n"), 1):
            company = content.replace("\xa0", " ").strip().strip('"')
            if company:
                one.entries.append(_entry(line, company=company))
        result.lists.append(one)
        return
    position = {column: i for i, column in enumerate(header)}
    suffixed = False
    for line, cells in rows(name, text.text, columns=len(header)):
        symbol = cells[position["SYMBOL"]]
        isin = cells[position["ISIN_CODE"]] if "ISIN_CODE" in position else ""
        if not symbol:
            raise FileRefusedError(
                Rule.BAD_VALUE, f"{name}: line {line}: field Symbol is empty", line=line, subject="Symbol"
            )
        if symbol.startswith("DUMMY") or isin.startswith("DUM"):
            result.findings.append(
                FileFinding(
                    Rule.PLACEHOLDER_MEMBER,
                    f"{name}: line {line}: {symbol} stands for a share that is still to be listed",
                    "this line is not stored",
                    line=line,
                    subject=symbol,
                )
            )
            continue
        suffixed = suffixed or _YAHOO_SUFFIX.search(symbol) is not None
        industry = cells[position["INDUSTRY"]] if "INDUSTRY" in position else ""
        one.entries.append(_entry(line, _YAHOO_SUFFIX.sub("", symbol), cells[position["COMPANY_NAME"]], industry, isin))
    if suffixed:
        _without_additions(name, one, result.findings)
    result.lists.append(one)


def _without_additions(name: str, one: ListOfIndex, findings: list[FileFinding]) -> None:
    """Symbols were changed by the list's owner; what follows after the names' order ends was added by them too."""
    findings.append(
        FileFinding(
            Rule.SYMBOL_SUFFIX, f"{name}: symbols carry the suffix of another data vendor", "the suffix was removed"
        )
    )
    names = [str(entry["company_name"]) for entry in one.entries]
    end = next((i for i in range(1, len(names)) if names[i] < names[i - 1]), len(names))
    added = one.entries[end:]
    if added:
        findings.append(
            FileFinding(
                Rule.LIST_EDITED_BY_OWNER,
                f"{name}: line {added[0]['line']}: the order by name ends; the last {len(added)} lines were added: "
                + ", ".join(str(entry["symbol"]) for entry in added),
                "these lines are not stored",
                Severity.WARNING,
                line=added[0]["line"],
                subject=one.index_id,
            )
        )
        del one.entries[end:]


def _entry(line: int, symbol: str | None = None, company: str = "", sector: str = "", isin: str = "") -> Row:
    return {
        "line": line,
        "symbol": symbol,
        "company_name": company or None,
        "sector": sector or None,
        "isin": isin or None,
    }


def _mapping(name: str, text: Text, result: ReferenceFile) -> None:
    by_name: dict[str, ListOfIndex] = {}
    for line, cells in rows(name, text.text, columns=2):
        one = by_name.setdefault(cells[0], ListOfIndex(index_id(cells[0]), cells[0]))
        if not cells[1].startswith("DUMMY") and all(entry["symbol"] != cells[1] for entry in one.entries):
            one.entries.append(_entry(line, cells[1]))
    best: dict[str, ListOfIndex] = {}
    for one in by_name.values():
        other = best.get(one.index_id)
        if other is None:
            best[one.index_id] = one
            continue
        kept, dropped = (one, other) if len(one.entries) > len(other.entries) else (other, one)
        best[one.index_id] = kept
        result.findings.append(
            FileFinding(
                Rule.LIST_SIZE,
                f"{name}: {dropped.index_name!r} ({len(dropped.entries)} members) is a selection beside "
                f"{kept.index_name!r} ({len(kept.entries)})",
                "the longer list is stored",
                Severity.WARNING,
                subject=f"{one.index_id}:{dropped.index_name}",
            )
        )
    result.lists = list(best.values())


def _history(name: str, text: Text, result: ReferenceFile) -> None:
    spans: list[Row] = []
    for line, cells in rows(name, text.text, columns=(4, 5, 6)):
        start = parse_date(name, line, "effective_from", cells[1])
        end = parse_date(name, line, "effective_to", cells[2]) if cells[2] else None
        if end is not None and end < start:
            raise FileRefusedError(
                Rule.BAD_VALUE,
                f"{name}: line {line}: field effective_to is {end}, expected a day not before {start}",
                line=line,
                subject="effective_to",
            )
        identifier = index_id(cells[3])
        result.index_names.setdefault(identifier, cells[3])
        spans.append(
            {
                "line": line,
                "index_id": identifier,
                "symbol": cells[0],
                "company_name": None,
                "effective_from": start,
                "effective_to": end,
                "source": cells[4] if len(cells) > 4 and cells[4] else "history",
                "source_rank": HISTORY_RANK,
            }
        )
    result.tables["index_history_spans"] = spans


def _corrections(name: str, text: Text, result: ReferenceFile) -> None:
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=5):
        if cells[3] not in {"I", "E"}:
            raise FileRefusedError(
                Rule.BAD_VALUE,
                f"{name}: line {line}: field ChangeType is {cells[3]!r}, expected I or E",
                line=line,
                subject="ChangeType",
            )
        identifier = index_id(cells[0])
        result.index_names.setdefault(identifier, cells[0])
        found.append(
            {
                "line": line,
                "index_id": identifier,
                "effective_on": parse_date(name, line, "Date", cells[1]),
                "symbol": cells[2],
                "change": "INCLUSION" if cells[3] == "I" else "EXCLUSION",
                "correct_symbol": cells[4],
            }
        )
    result.tables["index_event_corrections"] = found


def _record(member: Member) -> ReferenceFile:
    """The workbook of NSE Indices: a sheet an index, a line a change, by company name."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    name = member.name
    result = ReferenceFile(Kind.INDEX_RECORD)
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(member.data), read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError) as error:
        raise FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{name}: not a readable workbook ({error})") from error
    events: list[Row] = []
    number = 0
    for sheet in workbook.worksheets:
        identifier = index_id(sheet.title)
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            values = cells[:4]
            if line == 1:
                if header_key(",".join(str(value or "") for value in values)) != (
                    "INDEX_NAME", "EVENT_DATE", "SCRIP_NAME", "DESCRIPTION",
                ):  # fmt: skip
                    raise FileRefusedError(
                        Rule.WRONG_COLUMNS,
                        f"{name}: sheet {sheet.title!r}, line 1: expected Index Name, Event Date, Scrip Name, "
                        f"Description",
                        line=1,
                        subject=sheet.title,
                    )
                continue
            if all(value is None or not str(value).strip() for value in values):
                continue
            number += 1
            events.append(_event(name, sheet.title, line, number, identifier, values))
        result.index_names[identifier] = sheet.title
    workbook.close()
    if not events:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a workbook without a change in it")
    result.tables["index_events"] = events
    return result


def _event(name: str, sheet: str, line: int, number: int, identifier: str, values: Sequence[object]) -> Row:
    where = f"{name} (sheet {sheet!r})"
    on = values[1]
    day = on.date() if isinstance(on, datetime) else on if isinstance(on, date) else None
    if day is None:
        day = parse_date(where, line, "Event Date", str(on or "").strip())
    words = str(values[3] or "").strip().lower()
    change = "INCLUSION" if words.startswith("inclusion") else "EXCLUSION" if words.startswith("exclusion") else None
    company = re.sub(r"\s+", " ", str(values[2] or "").replace("\xa0", " ")).strip()
    if change is None or not company:
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{where}: line {line}: field Description is {str(values[3])[:40]!r}, expected an inclusion or "
            f"exclusion of a company",
            line=line,
            subject=sheet,
        )
    return {"line": number, "index_id": identifier, "effective_on": day, "company_name": company, "change": change}
