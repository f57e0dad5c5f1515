"""All fields of the language, by subject: about two hundred cards, most of them expressions of a few stored ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from app.engines.screener.cards import company, market, prices, technical
from app.engines.screener.cards.card import Card
from app.engines.screener.language.check import Vocabulary
from app.engines.screener.language.grammar import parse
from app.engines.screener.language.kinds import FieldSpec

__all__ = ["CARDS", "Card", "CardFields", "card_fields"]


def _by_name(*cards: Card) -> dict[str, Card]:
    found: dict[str, Card] = {}
    for card in cards:
        if card.name in found:
            raise ValueError(f"there are two fields called {card.name}")
        if (card.expression is None) == (card.stored is None):
            raise ValueError(f"{card.name} must be stored or have an expression, and not both")
        found[card.name] = card
    return found


CARDS: Final[dict[str, Card]] = _by_name(
    *prices.cards(), *technical.cards(), *market.cards(), *technical.scores(), *company.cards()
)


class CardFields(Mapping[str, FieldSpec]):
    """The cards as the language sees them; a definition is read when its field is first asked for."""

    def __init__(self, cards: Mapping[str, Card] = CARDS) -> None:
        self._cards = cards
        self._specs: dict[str, FieldSpec] = {}

    def __getitem__(self, name: str) -> FieldSpec:
        spec = self._specs.get(name)
        if spec is None:
            card = self._cards[name]
            if card.expression is None:
                assert card.stored is not None
                spec = FieldSpec(card.stored, unit=card.unit)
            else:
                spec = FieldSpec(Vocabulary(self).kind(parse(card.expression)), card.expression, card.unit)
            self._specs[name] = spec
        return spec

    def __contains__(self, name: object) -> bool:
        return name in self._cards

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)


@cache
def card_fields() -> CardFields:
    """The fields of all cards."""
    return CardFields()
