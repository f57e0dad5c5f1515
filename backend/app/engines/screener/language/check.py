"""Names and types: from a tree as written to one that can be computed.

A price is in rupees of its own bar, so that `close < 500` means what it says on any date; by its dimension it is
restated where a later bar looks back at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from app.engines.screener.language.errors import ExpressionError, Misuse, meant, near_matches
from app.engines.screener.language.functions import ALIASES, FUNCTIONS, MAX_HEAVY, MAX_WINDOW, Function, Parameter
from app.engines.screener.language.grammar import parse
from app.engines.screener.language.kinds import FLAG, PLAIN, TEXT, FieldSpec, Kind, ValueType, met
from app.engines.screener.language.reads import Reads, reads
from app.engines.screener.language.shapes import Shape, cut, holds_for, with_constants
from app.engines.screener.language.tree import (
    All,
    Among,
    Arithmetic,
    Call,
    Compare,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Shift,
    Some,
    Text,
    conjunction,
    disjunction,
    formatted,
    negative,
)

_KEPT_KINDS = 20_000
_KEPT_SHAPES = 1_000


@dataclass(eq=False)
class Vocabulary:
    """What names mean.

    Attributes
    ----------
    fields : fields by name
    texts : for text fields whose values are few, all of them, spelt as stored
    indices : any name of an index → its id; None where indices are not known, then every name is taken
    shapes : expressions read before, whatever constants they compare with
    """

    fields: Mapping[str, FieldSpec]
    texts: Mapping[str, Collection[str]] = field(default_factory=dict)
    indices: Mapping[str, str] | None = None
    shapes: dict[tuple[str, int, str | None], Shape] = field(default_factory=dict, init=False, repr=False)
    _definitions: dict[str, Node] = field(default_factory=dict, init=False, repr=False)
    _kinds: dict[Node, Kind] = field(default_factory=dict, init=False, repr=False)
    _reads: dict[Node, Reads] = field(default_factory=dict, init=False, repr=False)

    def definition(self, name: str) -> Node | None:
        """The checked tree that a field stands for; None of a stored one."""
        spec = self.fields[name]
        if spec.definition is None:
            return None
        found = self._definitions.get(name)
        if found is None:
            found = self._definitions[name] = self.checked(parse(spec.definition))[0]
        return found

    def checked(self, tree: Node) -> tuple[Node, Kind]:
        """The tree with defaults filled in and names in their one spelling, and its kind.

        Raises
        ------
        Misuse : an unknown name, a value of the wrong type, a constant out of range.
        """
        node, kind = _Checker(self).check(tree)
        return node, kind

    def kind(self, tree: Node) -> Kind:
        """The kind of a checked tree."""
        found = self._kinds.get(tree)
        return self.checked(tree)[1] if found is None else found

    def remember(self, tree: Node, kind: Kind) -> None:
        """Keep the kind of a checked tree: every node of it is asked for when it is computed."""
        if len(self._kinds) > _KEPT_KINDS:
            self._kinds.clear()
        self._kinds[tree] = kind

    def reads(self, tree: Node) -> Reads:
        """What a checked tree reads."""
        found = self._reads.get(tree)
        if found is None:
            found = reads(tree, self)
            self.remember_reads(tree, found)
        return found

    def remember_reads(self, tree: Node, found: Reads) -> None:
        """Keep what a tree reads, where that is known without a walk."""
        if len(self._reads) > _KEPT_KINDS:
            self._reads.clear()
        self._reads[tree] = found


@dataclass(frozen=True)
class Expression:
    """An expression that is right: its tree, kind, canonical text and the hash of that."""

    tree: Node
    kind: Kind
    text: str
    digest: str

    @classmethod
    def of(cls, tree: Node, kind: Kind) -> Expression:
        """The expression of a checked tree."""
        text = formatted(tree)
        return cls(tree, kind, text, hashlib.sha256(text.encode()).hexdigest())


def compiled(text: str, vocabulary: Vocabulary, want: ValueType | None = None) -> Expression:
    """Read and check an expression.

    Raises
    ------
    ExpressionError : it is not one, or its value is not of the type wanted.
    """
    apart = cut(text)
    if apart is None or not apart[1]:
        return _compiled(parse(text), text, vocabulary, want)
    key = (apart[0], len(apart[1]), want)
    shape = vocabulary.shapes.get(key)
    if shape is None:
        found = _compiled(parse(text), text, vocabulary, want)
        if holds_for(found.tree, apart[1]):
            if len(vocabulary.shapes) >= _KEPT_SHAPES:
                vocabulary.shapes.clear()
            vocabulary.shapes[key] = Shape(found.tree, found.kind, vocabulary.reads(found.tree))
        return found
    tree = with_constants(shape.tree, iter(apart[1]))
    vocabulary.remember_reads(tree, shape.reads)
    return Expression.of(tree, shape.kind)


def compiled_list(text: str, vocabulary: Vocabulary) -> list[Expression]:
    """Read and check expressions separated by commas. Raises as `compiled`."""
    opening = "list("
    whole = f"{opening}{text})"
    _balanced(text)
    try:
        tree = parse(whole)
        assert isinstance(tree, Call)  # the brackets of `text` are in order
        return [_compiled(one, whole, vocabulary, None) for one in tree.arguments]
    except ExpressionError as error:
        if error.line == 1:
            error.column = max(1, error.column - len(opening))
        raise


def _compiled(tree: Node, text: str, vocabulary: Vocabulary, want: ValueType | None) -> Expression:
    try:
        node, kind = vocabulary.checked(tree)
        if want is not None and kind.type != want:
            words = {"flag": "a condition, such as close > 100", "number": "a number", "text": "a text"}
            raise Misuse(f"This is {kind.word}; expected {words[want]}", tree.at, expected=(words[want],))
    except Misuse as error:
        raise error.within(text) from None
    return Expression.of(node, kind)


def _balanced(text: str) -> None:
    """ExpressionError where a bracket of the text closes nothing, or is not closed."""
    open_at: list[int] = []
    quote = ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([":
            open_at.append(at)
        elif letter in ")]":
            if not open_at:
                raise ExpressionError(f"The bracket {letter} closes nothing", text, (at, at + 1))
            open_at.pop()
    if open_at:
        at = open_at[-1]
        raise ExpressionError(f"The bracket {text[at]} opened at column {at + 1} is not closed", text, (at, at + 1))


class _Checker:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._words = vocabulary

    def check(self, node: Node) -> tuple[Node, Kind]:
        """The node in its final form, and its kind."""
        final, kind = self._checked(node)
        self._words.remember(final, kind)
        return final, kind

    def _checked(self, node: Node) -> tuple[Node, Kind]:
        match node:
            case Number():
                return node, Kind("number", None)
            case Text():
                return node, TEXT
            case Name():
                return self._name(node)
            case Call():
                return self._call(node)
            case Shift(of=of):
                inner, kind = self.check(of)
                self._varies(inner, kind, of)
                return replace(node, of=inner), kind
            case Negative(of=of):
                inner, kind = self._number(of)
                return negative(inner, node.at), kind
            case Arithmetic(op=op, left=left, right=right):
                (a, kind_a), (b, kind_b) = self._number(left), self._number(right)
                return replace(node, left=a, right=b), self._combined(op, kind_a, kind_b, node)
            case Compare(operands=operands):
                return self._compare(node, operands)
            case Among(of=of):
                return self._among(node, of)
            case Not(of=of):
                return replace(node, of=self._flag(of)), FLAG
            case All(parts=parts):
                return conjunction([self._flag(part) for part in parts], node.at), FLAG
            case Some(parts=parts):
                return disjunction([self._flag(part) for part in parts], node.at), FLAG

    def _name(self, node: Name) -> tuple[Node, Kind]:
        spec = self._words.fields.get(node.name)
        if spec is not None:
            return node, spec.kind
        if node.name in FUNCTIONS or node.name in ALIASES:
            called = FUNCTIONS[ALIASES.get(node.name, node.name)]
            raise Misuse(f"{node.name} is a function: write {called.example}", node.at, expected=(called.signature,))
        near = near_matches(node.name, [*self._words.fields, *FUNCTIONS])
        raise Misuse(f"There is no field {node.name}{meant(near)}", node.at, expected=("a field",), near=near)

    def _flag(self, node: Node) -> Node:
        inner, kind = self.check(node)
        if kind.type != "flag":
            raise Misuse(f"{_short(node)} is {kind.word}; expected a condition", node.at, expected=("a condition",))
        return inner

    def _number(self, node: Node) -> tuple[Node, Kind]:
        inner, kind = self.check(node)
        if kind.type != "number":
            raise Misuse(f"{_short(node)} is {kind.word}; expected a number", node.at, expected=("a number",))
        return inner, kind

    @staticmethod
    def _varies(inner: Node, kind: Kind, node: Node) -> None:
        if kind.type == "number" and kind.degree is None:
            raise Misuse("A constant has no history", node.at, expected=("a field",))

    @staticmethod
    def _combined(op: str, a: Kind, b: Kind, node: Node) -> Kind:
        if op in "+-":
            return Kind("number", met(a, b, node))
        if a.degree is None and b.degree is None:
            return a
        left, right = a.degree or 0, b.degree or 0
        return Kind("number", left + right if op == "*" else left - right)

    def _compare(self, node: Compare, operands: tuple[Node, ...]) -> tuple[Node, Kind]:
        found = [self.check(one) for one in operands]
        first = found[0][1]
        for (_, kind), operand in zip(found[1:], operands[1:], strict=True):
            if kind.type != first.type:
                raise Misuse(
                    f"{_short(operand)} is {kind.word}, {_short(operands[0])} is {first.word}: "
                    "they cannot be compared", operand.at, expected=(first.word,),
                )  # fmt: skip
        if first.type == "text":
            return self._text_compare(node, found)
        if first.type == "flag":
            raise Misuse("Conditions are not compared; join them by and, or, not", node.at)
        if all(kind.degree is None for _, kind in found):
            raise Misuse("This compares constants: it is always the same", node.at, expected=("a field",))
        for (a, kind_a), (b, kind_b) in pairwise(found):
            self._no_hundredth(a, b)
            self._no_hundredth(b, a)
            met(kind_a, kind_b, replace(node, operands=(a, b), ops=node.ops[:1]))
        return replace(node, operands=tuple(one for one, _ in found)), FLAG

    def _no_hundredth(self, field: Node, constant: Node) -> None:
        """5 % of a field in percent is 5: 0.05, which the sign says, would be another question."""
        if isinstance(field, Name) and isinstance(constant, Number) and constant.percent:
            if self._words.fields[field.name].unit != "percent":
                return
            meant = formatted(Number(round(100.0 * constant.value, 10)))
            raise Misuse(f"{field.name} is in percent: write {meant}", constant.at, expected=(meant,))

    def _text_compare(self, node: Compare, found: list[tuple[Node, Kind]]) -> tuple[Node, Kind]:
        (left, _), (right, _) = found[0], found[1]
        if len(found) > 2 or node.ops[0] not in {"==", "!="}:
            raise Misuse("Texts are compared by ==, != and in", node.at, expected=("==", "!=", "in"))
        if isinstance(left, Text):
            left, right = right, left
        if not (isinstance(left, Name) and isinstance(right, Text)):
            raise Misuse("A text field is compared with a text in quotes", node.at, expected=("a text in quotes",))
        among = Among(left, (self._item(left, right),), node.at)
        return (among if node.ops[0] == "==" else Not(among, node.at)), FLAG

    def _among(self, node: Among, of: Node) -> tuple[Node, Kind]:
        inner, kind = self.check(of)
        if kind.type == "flag":
            raise Misuse(f"{_short(of)} is a condition; only numbers and texts are looked up in lists", of.at)
        for item in node.items:
            if isinstance(item, Text) != (kind.type == "text"):
                raise Misuse(f"{_short(item)} is no value of {_short(of)}, which is {kind.word}", item.at)
        if kind.type == "number" and kind.degree is None:
            raise Misuse("A constant is looked up in a list: it is always the same", of.at, expected=("a field",))
        if not isinstance(inner, Name):
            return replace(node, of=inner), FLAG
        return replace(node, of=inner, items=tuple(self._item(inner, item) for item in node.items)), FLAG

    def _item(self, of: Name, item: Number | Text) -> Number | Text:
        known = self._words.texts.get(of.name)
        if known is None or isinstance(item, Number):
            return item
        for value in known:
            if value.casefold() == item.value.casefold():
                return Text(value, item.at)
        near = initials(item.value, known) or near_matches(item.value, known)
        raise Misuse(
            f"No stock has the {of.name} {item.value!r}{meant(near)}", item.at, expected=tuple(sorted(known)), near=near
        )

    def _call(self, node: Call) -> tuple[Node, Kind]:
        name = ALIASES.get(node.name, node.name)
        function = FUNCTIONS.get(name)
        if function is None:
            near = near_matches(node.name, [*FUNCTIONS, *ALIASES])
            if node.name in self._words.fields:
                raise Misuse(f"{node.name} is a field and takes no arguments", node.at, near=(node.name,))
            at = (node.at[0], node.at[0] + len(node.name))
            raise Misuse(f"There is no function {node.name}{meant(near)}", at, expected=("a function",), near=near)
        arguments: list[Node] = []
        degrees: list[Kind] = []
        for parameter, given in zip(function.parameters, self._given(function, node), strict=True):
            argument, kind = self._argument(function, parameter, given, node)
            arguments.append(argument)
            degrees.append(kind)
        call = Call(name, tuple(arguments), node.at)
        _limits(call)
        return call, self._answer(function, call, degrees)

    def _given(self, function: Function, node: Call) -> list[Node]:
        """An argument for every parameter: given ones, and defaults. A leading series may be left out."""
        parameters, given = function.parameters, list(node.arguments)
        if len(given) > len(parameters):
            raise Misuse(
                f"{node.name} takes at most {len(parameters)} arguments, got {len(given)}", node.at,
                expected=(function.signature,),
            )  # fmt: skip
        first = parameters[0] if parameters else None
        left_out = len(given) < len(parameters) and bool(given) and isinstance(given[0], Number)
        if left_out and first is not None and first.kind == "x" and first.default is not None:
            given.insert(0, parse(first.default))
        for parameter in parameters[len(given) :]:
            if parameter.default is None:
                raise Misuse(
                    f"{node.name} needs {parameter.name}, a {parameter.word}: {function.signature}", node.at,
                    expected=(function.signature,),
                )  # fmt: skip
            given.append(parse(parameter.default))
        return given

    def _argument(self, function: Function, parameter: Parameter, given: Node, call: Call) -> tuple[Node, Kind]:
        def wrong(told: str) -> Misuse:
            at = given.at if given.at != (0, 0) else call.at
            return Misuse(
                f"{parameter.name} of {function.name} {told}", at, expected=(f"{parameter.name}: {parameter.word}",)
            )

        if parameter.kind in {"n", "h", "c"}:
            if not isinstance(given, Number):
                raise wrong("must be a constant")
            most = MAX_HEAVY if parameter.kind == "h" else MAX_WINDOW
            if parameter.kind == "c":
                if not 0.0 < given.value <= 100.0:
                    raise wrong(f"must lie above 0, up to 100; got {formatted(given)}")
            elif given.value != int(given.value) or not parameter.least <= given.value <= most:
                raise wrong(f"must be a whole number from {int(parameter.least)} to {most:,}; got {formatted(given)}")
            return given, Kind("number", None)
        if parameter.kind == "s":
            if not isinstance(given, Text):
                raise wrong("must be a text in quotes")
            return (self._index(given) if function.name == "index" else given), TEXT
        inner, kind = self.check(given)
        wanted: ValueType = {"f": "flag", "t": "text"}.get(parameter.kind, "number")  # type: ignore[assignment]
        if kind.type != wanted:
            raise wrong(f"must be {Kind(wanted).word if wanted != 'number' else 'a number'}; got {kind.word}")
        if parameter.kind == "t" and not isinstance(inner, Name):
            raise wrong("must be a text field")
        if parameter.kind == "p" and kind.degree not in {0, None}:
            raise wrong(f"must be a plain number; got {kind.word}: take a ratio, such as close / close[5]")
        if wanted == "number" and kind.degree is None and function.family != "row" and parameter.name not in {"a", "b"}:
            raise wrong("must not be a constant")
        return inner, kind

    def _index(self, given: Text) -> Text:
        if self._words.indices is None:
            return given
        wanted = given.value.strip().upper()
        found = self._words.indices.get(wanted) or self._words.indices.get(wanted.replace(" ", ""))
        if found is None:
            near = near_matches(wanted, set(self._words.indices.values()))
            raise Misuse(f"There is no index {given.value!r}{meant(near)}", given.at, expected=("an index",), near=near)
        return Text(found, given.at)

    @staticmethod
    def _answer(function: Function, call: Call, kinds: list[Kind]) -> Kind:
        if function.answer == "flag":
            if function.name in {"crosses_above", "crosses_below"}:
                if kinds[0].degree is None and kinds[1].degree is None:
                    raise Misuse("Constants do not cross", call.at, expected=("a field",))
                met(kinds[0], kinds[1], call)
            if function.name == "known" and kinds[0].degree is None:
                raise Misuse("A constant is always known", call.at, expected=("a field",))
            return FLAG
        if function.answer == "price":
            return Kind("number", 1)
        if function.answer == "plain":
            alone = function.family == "row" and all(kind.type == "number" and kind.degree is None for kind in kinds)
            return Kind("number", None) if alone else PLAIN
        if function.name in {"min", "max"}:
            return Kind("number", met(kinds[0], kinds[1], call))
        if function.name == "if":
            return Kind("number", met(kinds[1], kinds[2], call) or 0)
        return kinds[0]


def _limits(call: Call) -> None:
    if call.name in {"macd", "macd_signal"}:
        fast, slow = call.arguments[1], call.arguments[2]
        if isinstance(fast, Number) and isinstance(slow, Number) and fast.value >= slow.value:
            raise Misuse(
                f"The fast window ({formatted(fast)}) must be shorter than the slow one ({formatted(slow)})", call.at
            )


def initials(word: str, known: Collection[str]) -> tuple[str, ...]:
    """Values whose initials, or the beginning of one of whose words, are the word: IT, Pharma, FMCG."""
    wanted = word.casefold()
    found = []
    for value in sorted(known):
        parts = value.casefold().replace("&", " ").split()
        if "".join(part[0] for part in parts) == wanted or any(part.startswith(wanted) for part in parts):
            found.append(value)
    return tuple(found[:3])


def _short(node: Node) -> str:
    text = formatted(node)
    return text if len(text) <= 40 else f"{text[:37]}…"
