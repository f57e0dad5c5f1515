"""A broker's file into a ledger: understood row by row, shown, and entered whole once it is confirmed.

Nothing is kept between the two steps: the file comes again with the digest of what was shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.ledger import LedgerError, fold
from app.exceptions import ConflictError, ValidationError
from app.models import UserPortfolio
from app.repositories.portfolios import LedgerRepository
from app.services.portfolios.actions import Found, PortfolioActions, entries_made, rows_of, shown_action
from app.services.portfolios.files.layouts import BY_ID, LAYOUTS, Line, Skipped, Table, read_row, recognise
from app.services.portfolios.files.overlap import Result, mark_known
from app.services.portfolios.files.reading import Row, read
from app.services.portfolios.files.values import CellError
from app.services.portfolios.ledgers import entries_of, entry_rows, refused, settle, stored
from app.services.portfolios.money import kept, price
from app.services.portfolios.names import Names
from app.services.portfolios.service import PortfolioService

_FIRST_ID = 2**31  # of lines that are not stored: beyond any that is
MOST_SHOWN = 500  # rows of a preview; all are counted


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be read: what nobody says is found by itself."""

    layout: str | None = None
    mapping: Mapping[str, str] | None = None
    account: str = ""
    asof: date | None = None  # the day a statement of holdings is of
    leave_out: frozenset[int] = frozenset()  # lines a person does not want
    not_known: frozenset[int] = frozenset()  # lines a person says are none of those the ledger has
    actions: bool = True  # enter the splits and bonuses that lie between the trades as well


class ImportService:
    """Previews and imports."""

    def __init__(self, portfolios: PortfolioService, actions: PortfolioActions) -> None:
        self._portfolios = portfolios
        self._actions = actions

    def preview(
        self, market: Market, session: Session, portfolio_id: int, data: bytes, name: str, asked: Asked
    ) -> dict[str, Any]:
        """What importing a file would do, row by row; nothing is written.

        Raises
        ------
        ValidationError : a file that cannot be read, an unknown layout, or a header nobody finds.
        PayloadTooLargeError : it is too large.
        """
        portfolio = self._portfolios.found(session, portfolio_id)
        names = self._portfolios.names(market, session)
        table, results = self._understood(session, portfolio_id, names, data, name, asked)
        actions, problem = self._tried(session, portfolio, names, results, asked)
        return {
            **self._told(table, results, asked),
            "actions": [shown_action(one, names) for one in actions],
            "version": portfolio.version,
            "digest": _digest(data, asked, results),
            "ledger_error": problem,
        }

    def confirm(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        data: bytes,
        name: str,
        asked: Asked,
        digest: str,
        version: int | None,
    ) -> dict[str, Any]:
        """Enter what was shown, all of it.

        Raises
        ------
        ConflictError : it is not what was shown: the file, the way to read it or the ledger changed.
        ValidationError : a row has an error and is not left out, or the ledger does not hold with it.
        """
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        names = self._portfolios.names(market, session)
        table, results = self._understood(session, portfolio_id, names, data, name, asked)
        if digest != _digest(data, asked, results):
            raise ConflictError("This is not what was shown: the file or the ledger changed since; look at it again")
        wrong = [one for one in results if one.status == "ERROR"]
        if wrong:
            raise ValidationError(
                f"{name}, line {wrong[0].line}: {wrong[0].message}" + _more(len(wrong)),
                "file",
                details={"lines": [one.line for one in wrong[:100]], "errors": len(wrong)},
            )
        actions, problem = self._tried(session, portfolio, names, results, asked)
        if problem is not None:
            line = "" if problem["line"] is None else f", line {problem['line']}"
            raise ValidationError(
                f"{name}{line}: {problem['message']}", "file", details={**problem["details"], "line": problem["line"]}
            )
        today = self._portfolios.today()
        rows = [row for one in results if one.status == "NEW" for row in one.transactions]
        rows += [row for one in actions for row in rows_of(portfolio_id, one, {}, names, today)]
        LedgerRepository(session).add(rows)
        if rows:
            settle(session, portfolio, names)
        return {
            **self._told(table, results, asked),
            "actions": [shown_action(one, names) for one in actions],
            "version": portfolio.version,
            "added": len(rows),
        }

    def _understood(
        self, session: Session, portfolio_id: int, names: Names, data: bytes, name: str, asked: Asked
    ) -> tuple[Table, list[Result]]:
        if asked.layout is not None and asked.layout not in BY_ID:
            raise ValidationError(f"layout: {asked.layout[:40]} is none; expected one of {', '.join(BY_ID)}", "layout")
        rows = read(data, name)
        table = recognise(rows, asked.layout, asked.mapping)
        if table is None:
            raise _no_header(rows, name, asked)
        today = self._portfolios.today()
        if asked.asof is not None and asked.asof > today:
            raise ValidationError(f"asof: {asked.asof} lies in the future; today is {today}", "asof")
        repository = LedgerRepository(session)
        reader = _Reader(portfolio_id, names, table, asked, today, repository.external_ids(portfolio_id))
        results = [reader.row(row) for row in table.rows]
        entries = repository.entries(portfolio_id) if table.layout.holdings else ()
        in_question = [one for one in results if one.line not in asked.not_known]
        mark_known(in_question, table.layout, repository.rows([portfolio_id]), entries, names)
        return table, results

    def _tried(
        self, session: Session, portfolio: UserPortfolio, names: Names, results: Sequence[Result], asked: Asked
    ) -> tuple[list[Found], dict[str, Any] | None]:
        """The splits and bonuses the new lines need, and what the ledger would refuse of the whole.

        Without them a sale of shares that a split had made would be one of more than is held.
        """
        rows = [(one.line, row) for one in results if one.status == "NEW" for row in one.transactions]
        new = entry_rows([row for _, row in rows], first_id=_FIRST_ID)
        entries = entries_of([*LedgerRepository(session).entries(portfolio.id), *new], names)
        touched = {names.current(row["instrument_key"]) for _, row in rows if row["instrument_key"] is not None}
        actions: list[Found] = []
        try:
            if asked.actions and rows:
                actions = [
                    one
                    for one in self._actions.found(session, names, entries, guess_splits=True)
                    if one.kind in {"SPLIT", "BONUS"}
                    and one.instrument in touched
                    and one.id not in portfolio.dismissed
                ]
            fold([*entries, *(made for n, one in enumerate(actions) for made in entries_made(one, n))])
        except LedgerError as error:
            place = error.entry.id - _FIRST_ID
            told = refused(error, names)
            line = rows[place][0] if 0 <= place < len(rows) else None
            return actions, {"line": line, "message": told.message, "details": told.details or {}}
        return actions, None

    @staticmethod
    def _told(table: Table, results: Sequence[Result], asked: Asked) -> dict[str, Any]:
        counts = Counter(one.status for one in results)
        first = sorted(results, key=lambda one: (one.status != "ERROR", one.line))[:MOST_SHOWN]
        return {
            "layout": table.layout.id,
            "title": table.layout.title,
            "holdings": table.layout.holdings,
            "header_line": table.header.line,
            "headers": [str(cell) for cell in table.header.cells],
            "columns": {field: str(table.header.cells[n]) for field, n in table.at.items()},
            "fields": list(table.layout.columns),
            "account": asked.account,
            "counts": {
                "rows": len(results),
                "new": counts["NEW"],
                "duplicates": counts["DUPLICATE"],
                "skipped": counts["SKIPPED"],
                "errors": counts["ERROR"],
                "transactions": sum(len(one.transactions) for one in results if one.status == "NEW"),
            },
            "rows": [_shown(one) for one in sorted(first, key=lambda one: one.line)],
        }


class _Reader:
    """The rows of one file, in order: what it saw before tells equal rows apart."""

    def __init__(
        self, portfolio_id: int, names: Names, table: Table, asked: Asked, today: date, known: set[str]
    ) -> None:
        self._portfolio_id = portfolio_id
        self._names = names
        self._table = table
        self._asked = asked
        self._today = today
        self._known = known
        self._seen: Counter[str] = Counter()

    def row(self, row: Row) -> Result:
        """What a row becomes."""
        if row.line in self._asked.leave_out:
            return Result(row.line, "SKIPPED", "left out")
        try:
            lines = read_row(self._table, row, self._asked.asof or self._today)
            made = [self._stored(line) for line in lines]
        except Skipped as error:
            return Result(row.line, "SKIPPED", str(error))
        except CellError as error:
            return Result(row.line, "ERROR", str(error))
        except ValidationError as error:
            return Result(row.line, "ERROR", error.message.removeprefix("row."))
        told = [words for line in lines for words in line.rounded]
        again = [one for one in made if one["external_id"] in self._known]
        if row.line in self._asked.not_known:
            for one in again:
                one["external_id"] = self._another(one["external_id"])
            told.insert(0, "entered as you say that the ledger does not have it")
        elif again:
            return Result(row.line, "DUPLICATE", "in the ledger already", made)
        return Result(row.line, "NEW", "; ".join(told) or None, made)

    def _another(self, known: str) -> str:
        """An id for a row that is like one of the ledger, and another."""
        found = next(one for n in count(2) if (one := f"{known}:{n}") not in self._known)
        self._known.add(found)
        return found

    def _stored(self, line: Line) -> dict[str, Any]:
        if not line.symbol and not line.isin:
            raise CellError("symbol: the cell is empty")
        values = {
            "kind": line.kind,
            "date": line.date,
            "symbol": line.symbol or line.isin,
            "isin": line.isin,
            "account": self._asked.account,
            "quantity": line.quantity,
            "price": line.price,
            "charges": line.charges,
            "stt": line.stt,
            "acquired": line.acquired,
            "external_id": self._id(line),
            "note": line.name,
        }
        return stored(self._portfolio_id, values, self._names, self._today, "row", source=self._table.layout.id)

    def _id(self, line: Line) -> str:
        """What the row is known by: the same row of the same or of another file comes in once.

        A holding is known by its share and account alone, as it stands in every later statement too. A trade has its
        own number, else all it says; of equal rows without a number each counts.
        """
        share = line.isin or line.symbol.upper()
        if self._table.layout.holdings:
            text = f"holding|{self._asked.account}|{share}"
            if line.acquired is not None:
                text += f"|{line.acquired}"
        elif line.trade_id is not None:
            text = f"trade|{line.trade_id}|{line.date}|{share}|{line.kind}|{line.quantity}|{price(line.price)}"
        else:
            text = f"trade|{self._asked.account}|{line.date}|{share}|{line.kind}|{line.quantity}|{price(line.price)}"
        self._seen[text] += 1
        if self._seen[text] > 1:
            text += f"|{self._seen[text]}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:24]
        return f"{self._table.layout.id}:{digest}"


def _digest(data: bytes, asked: Asked, results: Sequence[Result]) -> str:
    """Of the file, the way it is read and what becomes of each row."""
    told = [
        sorted((asked.mapping or {}).items()),
        asked.layout,
        asked.account,
        str(asked.asof),
        [(one.line, one.status, one.message) for one in results],
    ]
    return hashlib.sha256(hashlib.sha256(data).digest() + orjson.dumps(told)).hexdigest()


def _no_header(rows: Sequence[Row], name: str, asked: Asked) -> ValidationError:
    """A refusal with what the page needs to ask for the columns."""
    widest = max(rows[:40], key=lambda row: sum(1 for cell in row.cells if str(cell).strip()))
    chosen = [BY_ID[asked.layout]] if asked.layout is not None else list(LAYOUTS)
    return ValidationError(
        f"{name}: no row names the columns of {chosen[0].title if len(chosen) == 1 else 'a file that is known'}; "
        "say which column is which",
        "mapping",
        details={
            "headers": [str(cell) for cell in widest.cells],
            "header_line": widest.line,
            "layouts": [
                {"id": one.id, "title": one.title, "fields": list(one.columns), "needed": list(one.needed)}
                for one in chosen
            ],
        },
    )


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _shown(result: Result) -> dict[str, Any]:
    return {
        "line": result.line,
        "status": result.status,
        "message": result.message,
        "transactions": [
            {
                "kind": one["kind"],
                "date": one["session"],
                "symbol": one["symbol"],
                "quantity": one["quantity"],
                "price": kept(one["price"]),
                "charges": kept(one["charges"] + one["stt"]),
            }
            for one in result.transactions
        ],
    }
