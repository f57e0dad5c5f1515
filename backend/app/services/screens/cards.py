"""The cards on the wire: fields with the history there is of them, functions, presets."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener import FIELDS
from app.engines.screener.cards import CARDS
from app.engines.screener.language import FUNCTIONS, Vocabulary, compiled
from app.engines.screener.language.functions import ALIASES
from app.engines.screener.language.reads import mentioned, reach, window
from app.engines.screener.presets import PRESETS
from app.repositories import index_series, market_rules
from app.services.fundamentals import FINANCIAL_CARDS, FundamentalsService
from app.services.panel import Panel
from app.services.screens.marks import MARKS
from app.services.screens.rows import FIGURES
from app.services.screens.service import BENCHMARK

_KINDS = {"number": "number", "flag": "flag", "text": "text"}
Span = tuple[date | None, date | None]
_NEVER: Span = (None, None)


def field_cards(
    market: Market, session: Session, panel: Panel, words: Vocabulary, fundamentals: FundamentalsService
) -> list[dict[str, Any]]:
    """A card for every field: first those of a screener row, then all others, by subject."""
    spans = _spans(market, session, panel, fundamentals)
    found = []
    for name, card in CARDS.items():
        expression = compiled(name, words)
        stored, _ = mentioned([expression.tree], words)
        began, ended = _common([spans.get(one, _NEVER) for one in sorted(stored)])
        legacy = FIELDS.get(name)
        found.append(
            {
                "name": name,
                "label": card.label,
                "unit": card.unit,
                "formula": card.expression or (legacy.formula if legacy is not None else "as published"),
                "expression": card.expression,
                "kind": _KINDS[expression.kind.type],
                "group": card.group,
                "source": card.source,
                "window": window(expression.tree, words),
                "whole_history": reach(expression.tree, words) is None,
                "available": began is not None,
                "history_from": began,
                "history_to": ended,
                "description": card.description,
            }
        )
    period = next(card for card in FINANCIAL_CARDS if card[0] == "period")
    began, ended = spans["revenue"]
    return [
        *found,
        {
            **found[0],
            "name": period[0],
            "label": period[1],
            "unit": "text",
            "formula": period[3],
            "kind": "text",
            "group": "Company",
            "source": "Company accounts and exchange lists",
            "window": 0,
            "available": began is not None,
            "history_from": began,
            "history_to": ended,
            "description": period[4],
        },
    ]


def _spans(market: Market, session: Session, panel: Panel, fundamentals: FundamentalsService) -> dict[str, Span]:
    """From when to when each stored field is on file."""
    days = panel.sessions
    prices: Span = (days[0].astype(object), days[-1].astype(object)) if len(days) else _NEVER
    spans = {name: prices for name, card in CARDS.items() if card.stored is not None and name not in FIGURES}
    closes = index_series.index_closes(session, BENCHMARK)
    spans["index_close"] = (closes[0][0], closes[-1][0]) if closes else _NEVER
    told = market_rules.flags(session, [mark.flag for mark in MARKS.values()], date.max)
    for name, mark in MARKS.items():
        marked = [row.date for row in told if row.flag == mark.flag]
        spans[name] = (min(marked), max(marked)) if marked else _NEVER
    known = fundamentals.table(market, session).spans()
    for name, sources in FIGURES.items():
        held = [known[source] for source in sources if source in known]
        spans[name] = (min(one[0] for one in held), max(one[1] for one in held)) if held else _NEVER
    return spans


def _common(spans: list[Span]) -> Span:
    """The time in which all are known."""
    begins, ends = [one[0] for one in spans], [one[1] for one in spans]
    if not spans or any(one is None for one in begins):
        return _NEVER
    first = max(one for one in begins if one is not None)
    return first, max(first, min(one for one in ends if one is not None))


def function_cards() -> list[dict[str, Any]]:
    """A card for every function, for completion."""
    aliases: dict[str, list[str]] = {}
    for alias, name in ALIASES.items():
        aliases.setdefault(name, []).append(alias)
    return [
        {
            "name": one.name,
            "signature": one.signature,
            "parameters": [
                {"name": p.name, "type": p.word, "default": p.default, "required": p.default is None}
                for p in one.parameters
            ],
            "answer": "condition" if one.answer == "flag" else "number",
            "family": one.family,
            "description": one.description,
            "example": one.example,
            "aliases": sorted(aliases.get(one.name, [])),
        }
        for one in FUNCTIONS.values()
    ]


def preset_cards() -> list[dict[str, Any]]:
    """The presets with their expressions."""
    return [one._asdict() for one in PRESETS.values()]
