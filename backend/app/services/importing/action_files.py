"""Corporate action files: each line becomes one row a named action, with the factor of that event alone."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind
from app.services.importing.purposes import RightsTerms, parse_purpose, rights_terms
from app.services.importing.reference import ReferenceFile, Row
from app.services.importing.texts import Text, encoding_note, parse_date, parse_number, rows, whole_text

_EQUITY_SERIES = {"EQ", "BE", "BZ", "SM", "ST", "SZ", "IL", "RR", "IV", ""}
_SIMPLE_DENOMINATOR = 12
_SIMPLE_TOLERANCE = 2e-3


def read_actions(kind: Kind, member: Member) -> ReferenceFile:
    """Read a file of corporate actions.

    Raises
    ------
    FileRefusedError : a broken line, a bad date or number.
    """
    text = whole_text(member.name, member.data)
    result = ReferenceFile(kind, findings=encoding_note(member.name, text))
    reader = {
        Kind.ACTIONS_PURPOSE: _purposes,
        Kind.ACTIONS_MULTIPLIERS: _multipliers,
        Kind.ACTIONS_SPLITS: _splits,
        Kind.ACTIONS_YAHOO: _yahoo,
        Kind.ACTIONS_NSE_BC: _coming,
    }[kind]
    result.tables["corporate_actions"] = reader(member.name, text, result)
    return result


def _row(line: int, part: int, source: Kind, **values: object) -> Row:
    row: Row = {
        "line": line,
        "part": part,
        "symbol": None,
        "company_name": None,
        "factor": None,
        "amount": None,
        "source": source.value,
    }
    return {**row, **values}


def _from_purpose(name: str, line: int, kind: Kind, result: ReferenceFile, **values: object) -> list[Row]:
    purpose = str(values["purpose"])
    actions = parse_purpose(purpose)
    if kind is Kind.ACTIONS_PURPOSE and actions[0].kind == "UNKNOWN":
        result.findings.append(
            FileFinding(
                Rule.PURPOSE_NOT_UNDERSTOOD,
                f"{name}: line {line}: {values['symbol']}: {purpose!r}",
                "stored without a factor",
                Severity.WARNING,
                line=line,
                subject=str(values["symbol"]),
            )
        )
    return [
        _row(line, part, kind, kind=action.kind, factor=action.factor, amount=action.amount, **values)
        for part, action in enumerate(actions)
    ]


def _purposes(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    """The column Multiplier is the product of all later events: only the text gives the event's own factor.

    For rights, whose text gives none, the quotient of two multipliers is the list's own factor, and stands beside the
    price asked, `amount`: the face value of that day and the premium.
    """
    found: list[Row] = []
    lines: dict[str, list[_Line]] = defaultdict(list)
    for line, cells in rows(name, text.text, columns=7):
        ex_date = parse_date(name, line, "Ex-date", cells[5])
        found += _from_purpose(
            name, line, Kind.ACTIONS_PURPOSE, result, symbol=cells[0], ex_date=ex_date, purpose=cells[3]
        )
        lines[cells[0]].append(_Line(ex_date, _above_zero(cells[2]), cells[3], _above_zero(cells[6])))
    for row in found:
        terms = rights_terms(str(row["purpose"])) if row["kind"] == "RIGHTS" else None
        if terms is not None:
            row["factor"], row["amount"] = _rights(terms, str(row["purpose"]), row["ex_date"], lines[row["symbol"]])
    return found


class _Line(NamedTuple):
    ex_date: date
    face_value: float | None  # rupees, of the day the file was made
    purpose: str
    multiplier: float | None


def _above_zero(cell: str) -> float | None:
    """A figure that only rights need: one that is missing or odd leaves those without a factor."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _rights(
    terms: RightsTerms, purpose: str, ex_date: date, lines: Sequence[_Line]
) -> tuple[float | None, float | None]:
    """(the list's own factor, rupees asked for a share); None both where the file's figures do not tell."""
    own = next(one for one in lines if (one.ex_date, one.purpose) == (ex_date, purpose))
    later = sorted((one for one in lines if one.ex_date > ex_date), key=lambda one: one.ex_date)
    after = [*(one.multiplier for one in later), 1.0]
    if own.face_value is None or own.multiplier is None or any(one.ex_date == ex_date for one in lines if one != own):
        return None, None
    face_value = own.face_value
    for one, before, behind in zip(later, after[:-1], after[1:], strict=True):
        if before is None or behind is None:
            return None, None
        parts = parse_purpose(one.purpose)
        if {part.kind for part in parts} & {"SPLIT", "BONUS", "CONSOLIDATION"}:  # what is not bonus was a split
            face_value *= before / behind / math.prod(part.factor or 1.0 for part in parts if part.kind == "BONUS")
    assert after[0] is not None
    return own.multiplier / after[0], round(face_value, 1) + terms.premium


def _coming(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=10):
        if cells[0] in _EQUITY_SERIES and cells[6]:
            ex_date = parse_date(name, line, "EX_DT", cells[6])
            found += _from_purpose(
                name, line, Kind.ACTIONS_NSE_BC, result, symbol=cells[1], ex_date=ex_date, purpose=cells[9]
            )
    return found


def kind_of_factor(factor: float) -> str:
    """SPLIT for a factor that a split or bonus can have (a small fraction), else UNKNOWN: rights, demergers."""
    if factor <= 0 or math.isclose(factor, 1.0, abs_tol=1e-9):
        return "UNKNOWN"
    simple = Fraction(factor).limit_denominator(_SIMPLE_DENOMINATOR)
    close = abs(float(simple) - factor) <= _SIMPLE_TOLERANCE * factor
    if not close:
        return "UNKNOWN"
    return "SPLIT" if factor > 1 else "CONSOLIDATION"


def exact_factor(text: str) -> float:
    """The small fraction a rounded figure stands for: 1.67 is 5/3, 1.333333 is 4/3, 1.5 and 1.644 are themselves."""
    factor = float(text)
    decimals = len(text.partition(".")[2])
    if decimals >= 2:
        for denominator in range(1, _SIMPLE_DENOMINATOR + 1):
            simple = round(factor * denominator) / denominator
            if abs(simple - factor) <= 0.5 * 10.0**-decimals * (1 + 1e-9):
                return simple
    return factor


def _checked_factor(name: str, line: int, field: str, value: str) -> float:
    factor = parse_number(name, line, field, value)
    if not 1e-4 <= factor <= 1e4:
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{name}: line {line}: field {field} is {value!r}, expected a factor above zero",
            line=line,
            subject=field,
        )
    return factor


def _multipliers(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=3):
        factor = _checked_factor(name, line, "Multiplier", cells[2])
        ex_date = parse_date(name, line, "Date", cells[1])
        found.append(
            _row(
                line, 0, result.kind, kind=kind_of_factor(factor), symbol=cells[0], ex_date=ex_date,
                factor=exact_factor(cells[2]), purpose=f"factor {cells[2]}",
            )
        )  # fmt: skip
    return found


def _splits(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=(4, 5)):
        new = _checked_factor(name, line, "newshares", cells[1])
        old = _checked_factor(name, line, "oldshares", cells[2])
        factor = new / old
        found.append(
            _row(
                line, 0, result.kind, kind=kind_of_factor(factor), symbol=cells[0],
                ex_date=parse_date(name, line, "date", cells[3]), factor=factor,
                purpose=f"{cells[1]} new shares for {cells[2]} old",
            )
        )  # fmt: skip
    return found


def _yahoo(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=4):
        ex_date = parse_date(name, line, "Date", cells[0][:10])
        dividend = parse_number(name, line, "Dividends", cells[1])
        split = parse_number(name, line, "Stock Splits", cells[2])
        if split:
            factor = _checked_factor(name, line, "Stock Splits", cells[2])
            found.append(
                _row(
                    line, 0, result.kind, kind=kind_of_factor(factor), company_name=cells[3], ex_date=ex_date,
                    factor=exact_factor(cells[2]), purpose=f"Stock Splits {cells[2]}",
                )
            )  # fmt: skip
        if dividend:  # restated by the vendor for later splits, so no amount in rupees of that day
            found.append(
                _row(
                    line, 1, result.kind, kind="DIVIDEND", company_name=cells[3], ex_date=ex_date,
                    purpose=f"dividend {cells[1]}, restated by the vendor for later splits",
                )
            )  # fmt: skip
    return found
