"""Master lists: securities, symbol changes, name changes, names to symbols."""

from __future__ import annotations

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import Kind, header_key
from app.services.importing.reference import ReferenceFile, Row, date_of_list
from app.services.importing.texts import Text, encoding_note, parse_count, parse_date, parse_number, rows, whole_text

_TYPE_OF_SERIES = {"SM": "SME", "ST": "SME", "SZ": "SME", "RR": "REIT", "IV": "INVIT", "ID": "INVIT"}


def read_master(kind: Kind, member: Member) -> ReferenceFile:
    """Read a master list.

    Raises
    ------
    FileRefusedError : a broken line, a bad date or number.
    """
    text = whole_text(member.name, member.data)
    as_of, basis = date_of_list(member.name, member.folders)
    result = ReferenceFile(kind, as_of=as_of, date_basis=basis, findings=encoding_note(member.name, text))
    if kind is Kind.SYMBOL_CHANGES:
        result.tables["symbol_changes"] = _symbol_changes(member.name, text)
    elif kind is Kind.NAME_CHANGES:
        result.tables["name_changes"] = _name_changes(member.name, text)
    elif kind is Kind.COMPANY_SYMBOLS:
        result.tables["company_symbols"] = _company_symbols(member.name, text, result)
    else:
        result.tables["listed_securities"] = _securities(kind, member.name, text, result)
    if not result.rows:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{member.name}: a header and no rows")
    return result


def _symbol_changes(name: str, text: Text) -> list[Row]:
    first = header_key(text.text.partition("\n")[0])
    if first[:2] == ("OLD", "NEW"):
        return [_change(line, cells[0], cells[1]) for line, cells in rows(name, text.text, columns=2)]
    if first[:2] == ("SM_NEW_SYMBOL", "SM_KEY_SYMBOL"):
        return [
            _change(line, cells[1], cells[0], parse_date(name, line, "SM_APPLICABLE_FROM", cells[2]))
            for line, cells in rows(name, text.text, columns=3)
        ]
    return [
        _change(line, cells[1], cells[2], parse_date(name, line, "date (column 4)", cells[3]), cells[0])
        for line, cells in rows(name, text.text, columns=4, header=False)
    ]


def _change(line: int, old: str, new: str, effective_on: object = None, company: str = "") -> Row:
    return {
        "line": line,
        "old_symbol": old,
        "new_symbol": new,
        "effective_on": effective_on,
        "name": company or None,
    }


def _name_changes(name: str, text: Text) -> list[Row]:
    return [
        {
            "line": line,
            "symbol": cells[0],
            "old_name": cells[1],
            "new_name": cells[2],
            "effective_on": parse_date(name, line, "NCH_DT", cells[3]) if cells[3] else None,
        }
        for line, cells in rows(name, text.text, columns=4)
    ]


def _company_symbols(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    found = [
        {"line": line, "name": cells[0], "symbol": cells[1], "as_of": result.as_of}
        for line, cells in rows(name, text.text, columns=(2, 3))
        if cells[0] and cells[1]
    ]
    empty = sum(1 for _, cells in rows(name, text.text, columns=(2, 3)) if not cells[1])
    if empty:
        result.findings.append(
            FileFinding(Rule.NAME_NOT_RESOLVED, f"{name}: {empty} names have no symbol", "the other lines are stored")
        )
    return found


def _securities(kind: Kind, name: str, text: Text, result: ReferenceFile) -> list[Row]:
    header = header_key(text.text.partition("\n")[0])
    position = {column.replace("_", ""): i for i, column in reversed(list(enumerate(header))) if column}
    width = len(header) + 1 if kind is Kind.PREFERENCE_LIST else len(header)
    allowed = tuple({width, len(position), len(header)})
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=allowed):

        def cell(*names: str, cells: list[str] = cells) -> str:
            for one in names:
                if one in position and position[one] < len(cells):
                    return cells[position[one]]
            return ""

        series = cell("SERIES")
        isin = cells[-1] if kind is Kind.PREFERENCE_LIST else cell("ISINNUMBER")
        listed = cell("DATEOFLISTING")
        face_value, lot = cell("FACEVALUE"), cell("MARKETLOT", "MKTLOT")
        if not cell("SYMBOL"):
            raise FileRefusedError(
                Rule.BAD_VALUE, f"{name}: line {line}: field SYMBOL is empty", line=line, subject="SYMBOL"
            )
        found.append(
            {
                "line": line,
                "symbol": cell("SYMBOL"),
                "name": cell("NAMEOFCOMPANY", "SECURITYNAME") or None,
                "series": series or None,
                "instrument_type": _type_of(kind, series),
                "isin": isin or None,
                "listed_on": parse_date(name, line, "DATE OF LISTING", listed) if listed else None,
                "face_value": parse_number(name, line, "FACE VALUE", face_value) if face_value else None,
                "market_lot": parse_count(name, line, "MARKET LOT", lot) if lot else None,
                "as_of": result.as_of,
            }
        )
    return found


def _type_of(kind: Kind, series: str) -> str:
    if kind is Kind.ETF_LIST:
        return "ETF"
    if kind is Kind.PREFERENCE_LIST:
        return "OTHER"
    return _TYPE_OF_SERIES.get(series, "EQUITY")
