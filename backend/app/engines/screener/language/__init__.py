"""The language of screens: one expression tree, checked, evaluated on columns, causal by construction.

`compiled` reads and checks a text; `evaluate` (which brings the compiler) computes it.
"""

from app.engines.screener.language.check import Expression, Vocabulary, compiled
from app.engines.screener.language.errors import ExpressionError
from app.engines.screener.language.functions import FUNCTIONS
from app.engines.screener.language.grammar import parse
from app.engines.screener.language.kinds import FieldSpec, Kind
from app.engines.screener.language.tree import Node, formatted

__all__ = [
    "FUNCTIONS",
    "Expression",
    "ExpressionError",
    "FieldSpec",
    "Kind",
    "Node",
    "Vocabulary",
    "compiled",
    "formatted",
    "parse",
]
