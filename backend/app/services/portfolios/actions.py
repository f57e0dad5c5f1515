"""Corporate actions of the shares a portfolio holds: found in the market data, shown before they are applied, undone.

What is applied becomes a line of the ledger with the source `action`; undoing takes the line out. A renaming needs no
line: a ledger speaks of instruments, and those keep their key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from app.database import Market
from app.engines.ledger import ZERO, Entry, Kind, fold, positions
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import UserPortfolio
from app.repositories.portfolios import LedgerRepository
from app.repositories.strategies import MoveRepository
from app.services.importing.purposes import parse_purpose
from app.services.market import kind_of
from app.services.panel.panel import InstrumentInfo
from app.services.portfolios.ledgers import entries_of, settle, stored
from app.services.portfolios.money import money, price
from app.services.portfolios.names import Names
from app.services.portfolios.service import PortfolioService
from app.services.portfolios.transactions import parse_ratio
from app.services.portfolios.unapplied import NEAR

SOURCE = "action"
_PAID_WITHIN = timedelta(days=75)  # a dividend reaches the account so long after its ex-date at most
_FACTORS_ALONE = {"actions_multipliers", "actions_yahoo"}
_SHARES = {Kind.SPLIT, Kind.BONUS}
_ASKED = {"RIGHTS": ("quantity", "price"), "DEMERGER": ("target_symbol", "ratio", "cost_percent")}


@dataclass(slots=True)
class Found:
    """An action of the market data that concerns a holding.

    `needs` names what the data do not say and a person has to: then it cannot be applied as it stands.
    """

    instrument: str
    ex_date: date
    kind: str
    purpose: str
    tier: str
    ratio: tuple[int, int] | None = None
    amount: Decimal | None = None  # rupees a share, dividends
    needs: tuple[str, ...] = ()
    held: int = 0
    before: tuple[int, Decimal] = (0, ZERO)  # shares and cost at the end of the day before
    after: tuple[int, Decimal] | None = None

    @property
    def id(self) -> str:
        """What it is applied and dismissed by."""
        return f"{self.instrument}:{self.ex_date.isoformat()}:{self.kind}"


class PortfolioActions:
    """Actions that wait for a portfolio, and those it has."""

    def __init__(self, portfolios: PortfolioService) -> None:
        self._portfolios = portfolios

    def waiting(self, market: Market, session: Session, portfolio_id: int) -> dict[str, Any]:
        """What would happen to which holding; what is dismissed; and renamings, which need nothing.

        Each of several actions of a share is worked out on what those before it leave.
        """
        portfolio = self._portfolios.found(session, portfolio_id)
        names = self._portfolios.names(market, session)
        entries = entries_of(LedgerRepository(session).entries(portfolio_id), names)
        found = self.found(session, names, entries)
        dismissed = set(portfolio.dismissed)
        return {
            "version": portfolio.version,
            "actions": [shown_action(one, names) for one in found if one.id not in dismissed],
            "dismissed": [shown_action(one, names) for one in found if one.id in dismissed],
            "renames": _renames(entries, names),
        }

    def apply(
        self,
        market: Market,
        session: Session,
        portfolio_id: int,
        asked: Sequence[Mapping[str, Any]] | None,
        version: int | None,
    ) -> list[int]:
        """Enter actions into the ledger; None: all that need no answer. Answers the ids of the lines.

        Raises
        ------
        DataNotFoundError : an id that does not wait (any more).
        ValidationError : an answer that is missing or wrong.
        """
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        names, today = self._portfolios.names(market, session), self._portfolios.today()
        repository = LedgerRepository(session)
        found = self.found(session, names, entries_of(repository.entries(portfolio_id), names))
        chosen: list[tuple[Found, dict[str, Any]]]
        if asked is None:
            chosen = [(one, {}) for one in found if not one.needs and one.id not in portfolio.dismissed]
        else:
            waiting = {one.id: one for one in found}
            chosen = [(_one(waiting, answer["id"]), dict(answer)) for answer in asked]
        rows = [row for one, answers in chosen for row in rows_of(portfolio_id, one, answers, names, today)]
        known = repository.external_ids(portfolio_id)
        again = [row["external_id"] for row in rows if row["external_id"] in known]
        if again:
            raise ConflictError(f"{again[0]} is in the ledger already")
        ids = repository.add(rows)
        self._forget(portfolio, {one.id for one, _ in chosen})
        settle(session, portfolio, names)
        return ids

    def undo(
        self, market: Market, session: Session, portfolio_id: int, transaction_ids: Sequence[int], version: int | None
    ) -> None:
        """Take applied actions out of the ledger; they wait again.

        Raises
        ------
        DataNotFoundError : a line that is none of the ledger's.
        ValidationError : a line no action made; or what comes later needs it.
        """
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        repository = LedgerRepository(session)
        for one in transaction_ids:
            row = repository.get(portfolio_id, one)
            if row is None:
                raise DataNotFoundError(f"Portfolio {portfolio_id} has no transaction {one}", "transaction", str(one))
            if row.source != SOURCE:
                raise ValidationError(f"Transaction {one} was not made by an action", "transaction_ids")
        repository.remove(transaction_ids)
        settle(session, portfolio, self._portfolios.names(market, session))

    def dismiss(
        self, session: Session, portfolio_id: int, ids: Sequence[str], dismissed: bool, version: int | None
    ) -> int:
        """Say that actions do not concern this portfolio, or that they do after all. Answers its version."""
        portfolio = self._portfolios.locked(session, portfolio_id, version)
        kept = [one for one in portfolio.dismissed if one not in ids]
        portfolio.dismissed = [*kept, *ids] if dismissed else kept
        self._portfolios.touch(session, portfolio)
        return portfolio.version

    @staticmethod
    def _forget(portfolio: UserPortfolio, ids: set[str]) -> None:
        portfolio.dismissed = [one for one in portfolio.dismissed if one not in ids]

    def found(
        self, session: Session, names: Names, entries: Sequence[Entry], *, guess_splits: bool = False
    ) -> list[Found]:
        """Every action that concerns a holding and has no line yet, by date.

        With `guess_splits` one that is a split or a bonus counts as a split, and says so.

        Raises LedgerError where the entries do not hold even with the actions before.
        """
        today = self._portfolios.today()
        first: dict[str, date] = {}
        for entry in entries:
            for key in (entry.instrument, entry.target):
                if key is not None and entry.kind not in {Kind.DIVIDEND, Kind.CHARGES}:
                    first[key] = min(first.get(key, date.max), entry.session)
        by_share = _related(entries)
        out: list[Found] = []
        for key, since in sorted(first.items()):
            info = names.info(key)
            if info is None:
                continue
            done = list(by_share[key])
            known = _of_market(session, info, since, today)
            if guess_splits:
                known = [as_split(one) for one in known]
            for one in sorted(known, key=lambda one: (one.ex_date, one.kind)):
                if _covered(one, by_share[key]):
                    continue
                _work_out(one, done)
                if one.held and not _paid(one, by_share[key]):
                    out.append(one)
                    done += entries_made(one, len(done))
        return sorted(out, key=lambda one: (one.ex_date, one.instrument, one.kind))


def _of_market(session: Session, info: InstrumentInfo, since: date, today: date) -> list[Found]:
    """What the market data know of a share from the day after one on."""
    moves = MoveRepository(session)
    out: list[Found] = []
    for action in moves.factors(info.id):
        if since < action.ex_date <= today:
            out += _from_factor(info.key, action)
    for paid in moves.dividends(info.id):
        if since < paid.ex_date <= today:
            amount = None if paid.amount is None else Decimal(repr(paid.amount))
            purpose = paid.evidence[0]["purpose"]
            lacking = () if amount is not None else ("amount",)
            out.append(Found(info.key, paid.ex_date, "DIVIDEND", purpose, "LISTED", amount=amount, needs=lacking))
    for listed in moves.unadjusted([info.id], since + timedelta(days=1), today):
        if listed.kind in _ASKED:
            asked = _ASKED[listed.kind]
            out.append(Found(info.key, listed.ex_date, listed.kind, listed.purpose, "LISTED", needs=asked))
    return out


def _from_factor(key: str, action: Any) -> list[Found]:
    """A factor as the split and the bonus it is made of."""
    named = [one for one in parse_purpose(action.purpose) if one.factor is not None]
    product = 1.0
    for part in named:
        product *= part.factor or 1.0
    if not named or abs(product / action.factor - 1.0) > 0.01:  # the text tells less than the prices do
        kind = kind_of(action)
        if kind in _ASKED:  # what the prices are adjusted by is no number of shares: who holds it tells what was done
            return [Found(key, action.ex_date, kind, action.purpose, action.tier, needs=_ASKED[kind])]
        if kind not in {"SPLIT", "BONUS", "CONSOLIDATION"} or (kind == "SPLIT" and _factor_alone(action)):
            return [
                Found(
                    key, action.ex_date, "SPLIT_OR_BONUS", action.purpose, action.tier,
                    ratio=_split_ratio(action.factor), needs=("kind",),
                )
            ]  # fmt: skip
        ratio = _bonus_ratio(action.factor) if kind == "BONUS" else _split_ratio(action.factor)
        kind = "BONUS" if kind == "BONUS" else "SPLIT"
        return [Found(key, action.ex_date, kind, action.purpose, action.tier, ratio=ratio)]
    return [
        Found(
            key,
            action.ex_date,
            "BONUS" if part.kind == "BONUS" else "SPLIT",
            action.purpose,
            action.tier,
            ratio=_bonus_ratio(part.factor or 1.0) if part.kind == "BONUS" else _split_ratio(part.factor or 1.0),
        )
        for part in named
    ]


def _factor_alone(action: Any) -> bool:
    """Whether no source says what was done: these list a number, and call a bonus a split.

    A bonus costs nothing and has a day of its own, so that the tax on the same shares differs.
    """
    sources = set(action.evidence.get("sources", ()))
    return action.tier == "LISTED" and bool(sources) and sources <= _FACTORS_ALONE


def as_split(found: Found) -> Found:
    """An action of unknown kind as a split, for a file whose trades lie on both sides; it says so."""
    if found.kind != "SPLIT_OR_BONUS" or found.ratio is None:
        return found
    words = f"{found.purpose}: entered as a split; for a bonus change the line's kind, the tax differs"
    return replace(found, kind="SPLIT", purpose=words, needs=())


def _split_ratio(factor: float) -> tuple[int, int]:
    fraction = Fraction(factor).limit_denominator(1000)
    return fraction.numerator, fraction.denominator


def _bonus_ratio(factor: float) -> tuple[int, int]:
    return _split_ratio(factor - 1.0)


def _covered(found: Found, entries: Iterable[Entry]) -> bool:
    """Whether the ledger has a line for it, entered by hand, from a file or by an action."""
    kinds = {"SPLIT_OR_BONUS": _SHARES}.get(found.kind) or {Kind(found.kind)}
    near = timedelta(0) if found.kind == "DIVIDEND" else NEAR
    return any(
        entry.kind in kinds and entry.instrument == found.instrument and abs(entry.session - found.ex_date) <= near
        for entry in entries
    )


def _paid(found: Found, entries: Iterable[Entry]) -> bool:
    """Whether a payment after the ex-date is this dividend, less what was withheld as tax."""
    if found.kind != "DIVIDEND" or found.amount is None:
        return False
    due = found.amount * found.held
    return any(
        entry.kind is Kind.DIVIDEND
        and entry.instrument == found.instrument
        and -NEAR <= entry.session - found.ex_date <= _PAID_WITHIN
        and due * Decimal("0.8") <= entry.amount <= due * Decimal("1.01")
        for entry in entries
    )


def _related(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Of each share, the entries that bear on it: its own, and those of shares it was given out of."""
    own: dict[str, list[Entry]] = {}
    parents: dict[str, set[str]] = {}
    for entry in entries:
        if entry.instrument is not None:
            own.setdefault(entry.instrument, []).append(entry)
            if entry.target is not None:
                own.setdefault(entry.target, [])
                parents.setdefault(entry.target, set()).add(entry.instrument)
    out = {}
    for key in own:
        seen, todo = {key}, [key]
        while todo:
            for parent in parents.get(todo.pop(), set()) - seen:
                seen.add(parent)
                todo.append(parent)
        out[key] = [entry for one in sorted(seen) for entry in own[one]]
    return out


def _work_out(found: Found, entries: Sequence[Entry]) -> None:
    """What is held into the ex-date, and what comes of it where nothing has to be asked."""
    before = positions(fold(one for one in entries if one.session < found.ex_date)).get(found.instrument)
    if before is None or not before.quantity:
        return
    found.held = before.quantity
    found.before = (before.quantity, before.cost)
    made = entries_made(found, len(entries))
    if made:
        after = positions(fold([*(one for one in entries if one.session < found.ex_date), *made]))[found.instrument]
        found.after = (after.quantity, after.cost)
        if found.kind in {"SPLIT", "BONUS"}:
            assert after.cost == before.cost  # an action neither costs nor pays anything


def entries_made(found: Found, id_: int) -> list[Entry]:
    """What it would be in the ledger; nothing where something has to be asked."""
    if found.needs:
        return []
    if found.kind == "DIVIDEND":
        assert found.amount is not None
        amount = found.amount * found.held
        return [Entry(-id_ - 1, Kind.DIVIDEND, found.ex_date, found.instrument, amount=amount)]
    assert found.ratio is not None
    return [Entry(-id_ - 1, Kind(found.kind), found.ex_date, found.instrument, new=found.ratio[0], old=found.ratio[1])]


def _one(waiting: Mapping[str, Found], id_: str) -> Found:
    if id_ not in waiting:
        raise DataNotFoundError(f"No action {id_[:80]} waits for this portfolio", "action", id_[:80])
    return waiting[id_]


def rows_of(
    portfolio_id: int, found: Found, answers: Mapping[str, Any], names: Names, today: date
) -> list[dict[str, Any]]:
    """The rows an action becomes. Raises ValidationError where an answer is missing or wrong."""
    out = []
    for part in _lines(found, answers):
        values = {"symbol": _symbol(found, names), "date": found.ex_date, "note": found.purpose, **part}
        values["external_id"] = f"action:{found.instrument}:{found.ex_date.isoformat()}:{values['kind']}"
        out.append(stored(portfolio_id, values, names, today, f"actions.{found.id}", source=SOURCE))
    return out


def _lines(found: Found, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The transactions an action becomes, with a person's answers in them."""
    missing = [name for name in found.needs if answers.get(name) is None]
    if missing:
        raise ValidationError(
            f"actions.{missing[0]}: {found.kind} of {found.ex_date} needs it: {found.purpose}",
            f"actions.{missing[0]}",
            details={"id": found.id, "needs": missing},
        )
    ratio = found.ratio
    if answers.get("ratio") is not None:
        ratio = parse_ratio(answers["ratio"], "actions.ratio")
    if found.kind == "DIVIDEND":
        amount = answers.get("amount")
        if amount is None:
            assert found.amount is not None
            amount = found.amount * found.held
        return [{"kind": "DIVIDEND", "amount": amount}]
    if found.kind == "RIGHTS":
        return [{"kind": "RIGHTS", "quantity": answers["quantity"], "price": answers["price"]}]
    assert ratio is not None
    if found.kind == "SPLIT_OR_BONUS":
        if answers["kind"] == "BONUS" and answers.get("ratio") is None:
            ratio = ratio[0] - ratio[1], ratio[1]
        return [{"kind": answers["kind"], "ratio_new": ratio[0], "ratio_old": ratio[1]}]
    line = {"kind": found.kind, "ratio_new": ratio[0], "ratio_old": ratio[1]}
    if found.kind == "DEMERGER":
        line |= {"target_symbol": answers["target_symbol"], "cost_percent": answers["cost_percent"]}
    return [line]


def _symbol(found: Found, names: Names) -> str:
    info = names.info(found.instrument)
    assert info is not None
    return info.symbol_on(found.ex_date)


def shown_action(found: Found, names: Names) -> dict[str, Any]:
    """An action as it is shown."""
    info = names.info(found.instrument)
    assert info is not None
    quantity, cost = found.before

    def side(shares: int, paid: Decimal) -> dict[str, Any]:
        return {"quantity": shares, "cost": money(paid), "average": price(paid / shares) if shares else None}

    return {
        "id": found.id,
        "kind": found.kind,
        "ex_date": found.ex_date,
        "symbol": info.symbol_on(found.ex_date),
        "company_name": info.name,
        "purpose": found.purpose,
        "tier": found.tier,
        "ratio": None if found.ratio is None else f"{found.ratio[0]}:{found.ratio[1]}",
        "amount": None if found.amount is None else price(found.amount),
        "pays": None if found.amount is None else money(found.amount * found.held),
        "needs": list(found.needs),
        "before": side(quantity, cost),
        "after": None if found.after is None else side(*found.after),
    }


def _renames(entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
    """New symbols that shares got while they were in the ledger."""
    first: dict[str, date] = {}
    for entry in entries:
        if entry.instrument is not None:
            first[entry.instrument] = min(first.get(entry.instrument, date.max), entry.session)
    out = []
    for key, since in first.items():
        info = names.info(key)
        spans = () if info is None else info.names
        for (_, _, old), (valid_from, _, new) in pairwise(spans):
            if valid_from > since and old != new:
                out.append({"date": valid_from, "from_symbol": old, "to_symbol": new})
    return sorted(out, key=lambda one: (one["date"], one["to_symbol"]))
