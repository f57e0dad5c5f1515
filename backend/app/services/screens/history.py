"""A screen's history over the market: computed, counted in the ledger, told with its method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.costs.note import Order, contract_note
from app.engines.costs.plans import PLANS
from app.engines.costs.rates import FIRST, RATES, Product
from app.engines.screener.history import HORIZONS, RESAMPLES, by_day, changes, study
from app.engines.screener.language import Expression
from app.engines.screener.language.check import Vocabulary
from app.engines.screener.language.frame import Rows
from app.engines.screener.language.functions import FUNCTIONS
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN
from app.engines.screener.language.tree import Call, Node, Number, Shift, walk
from app.exceptions import InsufficientDataError, ValidationError
from app.repositories.screens import ScreenRepository
from app.services.jobs.context import JobContext
from app.services.members import doubts_of
from app.services.panel import Panel, PanelService
from app.services.screens.service import ALL, ScreenService, Universe, deadline
from app.services.universe import index_id, known_id

F1 = NDArray[np.float64]
B1 = NDArray[np.bool_]
U1 = NDArray[np.uint8]

PLAN: Final = "zerodha"
NOTIONAL: Final = Decimal(100_000)  # rupees a purchase, for charges that are not in proportion
AT_ONCE: Final = 60  # work above which a history is a job
SHOWN_DAYS: Final = 20
_JOB_SECONDS: Final = 600.0
_HEAVY: Final = 20.0  # bars of a window whose time grows with it that count as one plain window


@dataclass(frozen=True)
class HistoryQuestion:
    """What is asked."""

    q: str
    index: str = ALL
    instrument_type: str = "EQUITY"
    start: date | None = None
    end: date | None = None
    seed: int = 0


class HistoryService:
    """Screens through time."""

    def __init__(self, database: Database, panels: PanelService, screens: ScreenService) -> None:
        self._database = database
        self._panels = panels
        self._screens = screens

    def too_much(self, market: Market, session: Session, question: HistoryQuestion) -> bool:
        """Whether the answer takes so long that it should be a job. Raises as `answer`."""
        expression = self._screens.compiled(market, session, question.q)
        return work(expression.tree, self._screens.vocabulary(market, session)) > AT_ONCE

    def answer(
        self, market: Market, question: HistoryQuestion, pause: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Matches by day, entries and exits, and what followed. No connection is held while it is computed.

        Raises
        ------
        ValidationError : the expression is wrong, or dates are in the wrong order.
        DataNotFoundError : no such index.
        InsufficientDataError : there are no sessions in that time.
        """
        if question.start is not None and question.end is not None and question.end < question.start:
            raise ValidationError(f"end {question.end} lies before start {question.start}", "end")
        with self._database.transaction(market) as session:
            panel = self._panels.current(market)
            expression = self._screens.compiled(market, session, question.q)
            universe = Universe(index_id(question.index), question.instrument_type)
            if universe.index != ALL:
                universe = Universe(known_id(session, question.index), question.instrument_type)
            rows = self._screens.frame(market, session, panel, [expression.tree], universe)
            trials = ScreenRepository(session).tried(expression.digest, expression.text)
            words = self._screens.vocabulary(market, session)
            _, first, last = panel.window(question.start, question.end)
            if last <= first:
                raise InsufficientDataError("There are no sessions in that time", required=1, available=0)
            start, end = panel.sessions[[first, last - 1]].tolist()
            hindsight = self._screens.hindsight(market, session, [expression.tree], panel, start=start, end=end)
            if universe.index != ALL:
                hindsight += [f"{universe.index}: {told}" for told in doubts_of(session, universe.index, start, end)]
            closed_from = self._screens.market_rows(market, panel).open_since
        flags = self._flags(rows, words, expression, pause or deadline(_JOB_SECONDS))
        inside = (rows.days >= first) & (rows.days < last)
        entered, left = (change & inside for change in changes(rows, flags))
        matched, unknown = (flags == TRUE) & inside, (flags == UNKNOWN) & inside
        forward = study(rows, entered, closed_from, charges(panel), seed=question.seed, trials=trials)
        days = slice(first, last)
        return {
            "expression": expression.text,
            "digest": expression.digest,
            "index": universe.index,
            "instrument_type": universe.instrument_type,
            "start": panel.sessions[first].astype(object),
            "end": panel.sessions[last - 1].astype(object),
            "snapshot": panel.root,
            "notes": hindsight,
            "days": {
                "t": panel.sessions[days].tolist(),
                "universe": by_day(rows, rows.universe)[days].tolist(),
                "matched": by_day(rows, matched)[days].tolist(),
                "entered": by_day(rows, entered)[days].tolist(),
                "left": by_day(rows, left)[days].tolist(),
                "unknown": by_day(rows, unknown)[days].tolist(),
            },
            "latest": _latest(rows, panel, (matched, entered, left, unknown), first, last),
            "forward": [one._asdict() for one in forward],
            "trials": trials,
            "seed": question.seed,
            "method": METHOD,
        }

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """The same as a job; its result is the answer."""
        days = {
            name: None if arguments[name] is None else date.fromisoformat(arguments[name]) for name in ("start", "end")
        }
        context.progress(0.0, "Reading the market")
        answer = self.answer(context.market, HistoryQuestion(**{**arguments, **days}), context.check_cancelled)
        context.progress(1.0, "Done")
        plain: dict[str, Any] = orjson.loads(orjson.dumps(answer))  # dates as text, as on the wire
        return plain

    @staticmethod
    def _flags(rows: Rows, words: Vocabulary, expression: Expression, pause: Callable[[], None]) -> U1:
        """Whether the expression holds, as conditions are held; outside of the universe it does not."""
        from app.engines.screener.language.evaluate import Evaluator  # brings the compiler

        flags = Evaluator(rows, words, pause).condition(expression.tree)
        return np.where(rows.universe, flags, np.uint8(FALSE))


METHOD: Final = {
    "signal": "The first session on which a stock matches, after one on which it did not; days of which that is not "
    "known are passed over.",
    "entry": "Open of the stock's next bar.",
    "exit": "Its last close up to h sessions after the signal; of a stock that stopped trading the last one there was.",
    "returns": "Prices adjusted for splits, bonuses and rights; dividends are not added.",
    "charges": f"Of {PLAN}, delivery, by date, on {NOTIONAL:,} rupees bought and sold; no slippage.",
    "against": "The mean of all stocks of the universe on the same days, without charges.",
    "interval": f"95 %, from {RESAMPLES:,} draws of sessions in blocks of max(h, 10), circular, with the seed told.",
    "trials": 'Distinct expressions whose past was looked at here; "p, all tried" takes them as independent.',
    "horizons": ", ".join(map(str, HORIZONS)) + " sessions",
}


def work(tree: Node, words: Vocabulary) -> float:
    """How much an expression asks of a whole history, in plain windows."""
    total = 0.0
    waiting: list[Node] = [tree]
    while waiting:
        for node in walk(waiting.pop()):
            definition = words.definition(node.name) if not isinstance(node, Call) and hasattr(node, "name") else None
            if definition is not None:
                waiting.append(definition)
            if isinstance(node, Shift):
                total += 1.0
            elif isinstance(node, Call) and FUNCTIONS[node.name].family != "row":
                function = FUNCTIONS[node.name]
                heavy = [
                    argument.value / _HEAVY
                    for parameter, argument in zip(function.parameters, node.arguments, strict=True)
                    if parameter.kind == "h" and isinstance(argument, Number)
                ]
                total += 1.0 + sum(heavy)
    return total


def charges(panel: Panel) -> tuple[F1, F1]:
    """Charges of buying and of selling shares for delivery on each session, as fractions of the value, [T] each."""
    plan = PLANS[PLAN]
    since = {row.since for row in RATES if row.product == Product.DELIVERY}
    since |= {row.since for row in plan.brokerage[Product.DELIVERY]} | {row.since for row in plan.depository}
    steps = sorted({FIRST, *(day for day in since if day >= FIRST)})
    out = []
    for side in ("buy", "sell"):
        order = Order(side, Decimal(1_000), NOTIONAL / 1_000, Product.DELIVERY, "A")
        rates = [float(contract_note([order], day, plan).total_with_depository / NOTIONAL) for day in steps]
        place = np.searchsorted(np.array(steps, "datetime64[D]"), panel.sessions, side="right") - 1
        out.append(np.array(rates)[np.maximum(place, 0)])
    return out[0], out[1]


def _latest(rows: Rows, panel: Panel, flags: tuple[B1, B1, B1, B1], first: int, last: int) -> list[dict[str, Any]]:
    """Who matched, came and went on the last of the sessions asked for, newest first, and of how many is not known."""
    matched, entered, left, unknown = flags
    found = []
    for day in range(last - 1, max(last - 1 - SHOWN_DAYS, first - 1), -1):
        at = rows.at(day)
        session: date = panel.sessions[day].astype(object)

        def names(flags: B1, at: NDArray[np.int64] = at, session: date = session) -> list[str]:
            keys = [rows.keys[n] for n in rows.columns[at[flags[at]]].tolist()]
            return sorted(panel.instruments[key].symbol_on(session) for key in keys)

        found.append(
            {
                "date": session,
                "matched": names(matched),
                "entered": names(entered),
                "left": names(left),
                "unknown": int(np.count_nonzero(unknown[at])),
            }
        )
    return found
