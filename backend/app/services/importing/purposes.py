"""NSE's purpose texts: what an ex-date is for, in many spellings, as one or more actions with their own factor.

A factor is new shares for an old one: bonus A:B gives (A+B)/B, a split of face value A to B gives A/B. Rights and
demergers get none from the text: their factor depends on a price. The terms of rights are read by `rights_terms`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RATIO = r"(\d+)\s*:\s*(\d+)"
_AMOUNT = r"(?:r[se]\.?\s*)?(\d+(?:\.\d+)?)"
_BONUS = re.compile(rf"\bbonus\b(?:\s+(?:issue|shares?|in|the|ratio|of|equity))*\s*[-:]?\s*{_RATIO}", re.IGNORECASE)
_SPLIT = re.compile(
    rf"(?:face\s+valu[es]\s+splits?|fv\s*spli?t|stock\s+split|sub\s*-?\s*division)[^0-9]*?{_AMOUNT}\s*/?-?[^0-9]*?\bto\b[^0-9]*?{_AMOUNT}",
    re.IGNORECASE,
)
_CONSOLIDATION = re.compile(rf"consolidation[^0-9]*?{_AMOUNT}\s*/?-?[^0-9]*?\bto\b[^0-9]*?{_AMOUNT}", re.IGNORECASE)
_RIGHTS = re.compile(r"\brights?\b", re.IGNORECASE)
_TERMS = re.compile(
    rf"\brights?\b[^0-9]*{_RATIO}[^@0-9]*(?:@\s*|at\s+)(?:(par\b)|prem(?:ium)?\b[^0-9]*?(\d+(?:\.\d+)?))", re.IGNORECASE
)
_OTHER_TERMS = re.compile(r"\b(?:part(?:ly|ial)|warrants?|debentures?|ccds?|preference)\b", re.IGNORECASE)
_DEMERGER = re.compile(r"\b(?:demerger|de-merger|spin\s*-?\s*off|scheme\s+of\s+arrangement)\b", re.IGNORECASE)
_DIVIDEND = re.compile(r"\b(?:int|fin|spl)?div(?:idend)?\b[^0-9/]*?(?:r[se]\.?\s*)(\d+(?:\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a text. `factor` new shares for an old one, `amount` rupees a share; null where none follows."""

    kind: str
    factor: float | None = None
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class RightsTerms:
    """`new` shares may be bought for `old` held, at the face value and `premium` rupees a share."""

    new: int
    old: int
    premium: float


def rights_terms(text: str) -> RightsTerms | None:
    """The terms of a rights issue of fully paid shares; None where the text does not give all of them.

    Shares paid in parts, and rights with warrants or debentures beside the shares, have a value the text does not give.
    """
    if len(_RIGHTS.findall(text)) != 1 or _OTHER_TERMS.search(text):
        return None
    found = _TERMS.search(text)
    if found is None or "0" in (found.group(1), found.group(2)):
        return None
    return RightsTerms(int(found.group(1)), int(found.group(2)), 0.0 if found.group(3) else float(found.group(4)))


def parse_purpose(text: str) -> list[Action]:
    """The actions a purpose text names; UNKNOWN where it names none that we know."""
    found: list[Action] = []
    for match in _BONUS.finditer(text):
        new, old = int(match.group(1)), int(match.group(2))
        if new > 0 and old > 0:
            found.append(Action("BONUS", (new + old) / old))
    for match in _SPLIT.finditer(text):
        before, after = float(match.group(1)), float(match.group(2))
        if before > 0 and after > 0 and before != after:
            found.append(Action("SPLIT" if before > after else "CONSOLIDATION", before / after))
    for match in _CONSOLIDATION.finditer(text):
        before, after = float(match.group(1)), float(match.group(2))
        if before > 0 and after > 0 and before != after:
            found.append(Action("CONSOLIDATION", before / after))
    if _RIGHTS.search(text):
        found.append(Action("RIGHTS"))
    if _DEMERGER.search(text):
        found.append(Action("DEMERGER"))
    found.extend(Action("DIVIDEND", amount=float(match.group(1))) for match in _DIVIDEND.finditer(text))
    return found or [Action("UNKNOWN")]
