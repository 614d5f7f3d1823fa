"""Conditions on the objects of an export: ``coverage_min > 0.05 and license in ("cc0", "by")``.

The language is a part of Python's: names of `FIELDS`, numbers, strings, True, False, None, the
comparisons == != < <= > >= in, not in, and the words and, or, not. It has no calls, attributes or
arithmetic. Types are checked before anything is read.

A comparison with a value that an object does not have is false, whatever the operator, except
``field == None`` and ``field != None``. ``"part" in name`` looks for a part of a string.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from worker.contract.schema import nearest
from worker.core.errors import UsageError
from worker.core.formats import name_of, suffix_of
from worker.export.base import Finished

WHERE: Final = "where"
"""The condition's key among the options in ``export.json``."""
LONGEST: Final = 4000
"""Maximum length of a condition in characters."""
DEEPEST: Final = 64
"""Maximum depth of a condition; a chain of 'and' is one level."""
NUMBER: Final = "number"
STRING: Final = "string"
FLAG: Final = "true or false"
NONE: Final = "None"

Value = Callable[[Finished], Any]


class Term(NamedTuple):
    """A part of a condition: its type, and its value of an object."""

    kind: str
    value: Value
    constant: bool = False


def _field(name: str) -> Value:
    return operator.attrgetter(name)


FIELDS: Final[Mapping[str, Term]] = {
    "uid": Term(STRING, _field("uid")),
    "file_identifier": Term(STRING, _field("file_identifier")),
    "name": Term(STRING, lambda found: name_of(found.file_identifier)),
    "format": Term(STRING, lambda found: suffix_of(name_of(found.file_identifier))),
    "shard": Term(STRING, _field("shard")),
    "source": Term(STRING, _field("source")),
    "license": Term(STRING, _field("license")),
    "category": Term(STRING, _field("category")),
    "outcome": Term(STRING, _field("outcome")),
    "code": Term(STRING, _field("code")),
    "listed": Term(FLAG, _field("listed")),
    "missing": Term(NUMBER, _field("missing")),
    "undecodable": Term(NUMBER, _field("undecodable")),
    "missing_textures": Term(NUMBER, _field("missing_textures")),
    "size": Term(NUMBER, _field("size")),
    "views": Term(NUMBER, _field("views")),
    "coverage_min": Term(NUMBER, _field("coverage_min")),
    "coverage_mean": Term(NUMBER, _field("coverage_mean")),
    "brightness_mean": Term(NUMBER, _field("brightness_mean")),
    "clipped_max": Term(NUMBER, _field("clipped_max")),
    "black_max": Term(NUMBER, _field("black_max")),
    "blank_views": Term(NUMBER, _field("blank_views")),
    "border_views": Term(NUMBER, _field("border_views")),
    "phash": Term(STRING, _field("phash")),
}
"""What a condition may name. Values are those of the object's line in the ledger."""

_ORDER: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_EQUAL: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_SIGNS: Final = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_KINDS: Final[dict[type, str]] = {
    int: NUMBER, float: NUMBER, str: STRING, bool: FLAG, type(None): NONE,
}  # fmt: skip


class Condition(NamedTuple):
    """A checked condition."""

    text: str
    """In one spelling: conditions that differ in blanks and brackets alone are the same."""
    holds: Callable[[Finished], bool]


def parsed(text: str) -> Condition:
    """Parse and check a condition. Raises: UsageError, which says what is wrong and what is known.

    Numbers are compared as numbers, strings by the order of their characters.
    """
    if len(text) > LONGEST:
        raise UsageError(f"--where has {len(text):,} characters; the limit is {LONGEST:,}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if _depth(tree) > DEEPEST:
            raise _wrong(f"the condition is nested more than {DEEPEST} levels deep")
        term = _term(tree)
        spelt = ast.unparse(tree)
    except (SyntaxError, ValueError) as error:
        why = getattr(error, "msg", None) or error
        raise _wrong(f"{text!r} is not a condition: {why}") from error
    except (RecursionError, MemoryError):
        raise _wrong("the condition is nested too deeply") from None
    if term.kind != FLAG:
        raise _wrong(f"{spelt} is a {term.kind}, not a condition; compare it with something")
    return Condition(spelt, lambda found: bool(term.value(found)))


def _depth(node: ast.AST) -> int:
    return 1 + max(map(_depth, ast.iter_child_nodes(node)), default=0)


def _term(node: ast.expr) -> Term:
    match node:
        case ast.Name(id=name):
            if name not in FIELDS:
                raise _wrong(f"unknown field '{name}'{nearest(name, FIELDS)}")
            return FIELDS[name]
        case ast.Constant(value=value) if type(value) in _KINDS:
            return Term(_KINDS[type(value)], lambda _: value, constant=True)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=value)) if (
            _KINDS.get(type(value)) == NUMBER
        ):
            number: Any = value
            signed = -number if isinstance(sign, ast.USub) else number
            return Term(NUMBER, lambda _: signed, constant=True)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _flag(operand)
            return Term(FLAG, lambda found: not inner(found))
        case ast.BoolOp(op=word, values=operands):
            parts = [_flag(operand) for operand in operands]
            join = all if isinstance(word, ast.And) else any
            return Term(FLAG, lambda found: join(part(found) for part in parts))
        case ast.Compare(left=left, ops=signs, comparators=rights):
            sides = [left, *rights]
            pairs = [
                _compared(sides[number], sign, sides[number + 1])
                for number, sign in enumerate(signs)
            ]
            return Term(FLAG, lambda found: all(pair(found) for pair in pairs))
    raise _wrong(
        f"{ast.unparse(node)!r} is not allowed: a condition has fields, numbers, strings, "
        "comparisons, in, and, or, not"
    )


def _flag(node: ast.expr) -> Value:
    term = _term(node)
    if term.kind != FLAG:
        raise _wrong(f"{ast.unparse(node)} is a {term.kind}; 'and', 'or' and 'not' take conditions")
    return term.value


def _compared(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Value:
    if isinstance(sign, (ast.In, ast.NotIn)):
        return _contained(left, sign, right)
    one, other = _term(left), _term(right)
    if isinstance(sign, (ast.Is, ast.IsNot)):
        raise _wrong("'is' is not allowed; use == or !=")
    if NONE in (one.kind, other.kind):
        if type(sign) not in _EQUAL:
            raise _wrong("None is compared with == and != alone")
        same = _EQUAL[type(sign)]
        return lambda found: same(one.value(found), other.value(found))
    compare = (_ORDER | _EQUAL)[type(sign)]
    if one.kind != other.kind:
        raise _wrong(
            f"{ast.unparse(left)} is a {one.kind}, {ast.unparse(right)} a {other.kind}: "
            f"{_SIGNS[type(sign)]} compares values of one type"
        )
    if one.kind == FLAG and type(sign) in _ORDER:
        raise _wrong(f"{ast.unparse(left)} is true or false, which has no order")

    def known(found: Finished) -> bool:
        first, second = one.value(found), other.value(found)
        return first is not None and second is not None and compare(first, second)

    return known


def _contained(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Value:
    one, wanted = _term(left), isinstance(sign, ast.In)
    if isinstance(right, (ast.Tuple, ast.List)):
        return _one_of(left, one, right, wanted=wanted)
    whole = _term(right)
    if whole.constant:
        item = ast.unparse(right)
        raise _wrong(f"'in' needs a list: {ast.unparse(left)} in ({item},)")
    if (one.kind, whole.kind) != (STRING, STRING):
        raise _wrong(
            f"'in {ast.unparse(right)}' looks for a part of a string, but "
            f"{ast.unparse(left)} is a {one.kind} and {ast.unparse(right)} a {whole.kind}"
        )

    def part(found: Finished) -> bool:
        first, second = one.value(found), whole.value(found)
        return first is not None and second is not None and (first in second) is wanted

    return part


def _one_of(left: ast.expr, one: Term, right: ast.Tuple | ast.List, *, wanted: bool) -> Value:
    items = [_term(item) for item in right.elts]
    for item, node in zip(items, right.elts, strict=True):
        if not item.constant or item.kind != one.kind:
            raise _wrong(
                f"{ast.unparse(left)} is a {one.kind}, so the list may have only constants of "
                f"that type, not {ast.unparse(node)}"
            )
    values = [item.value for item in items]

    def listed(found: Finished) -> bool:
        first = one.value(found)
        return first is not None and any(first == value(found) for value in values) is wanted

    return listed


def _wrong(what: str) -> UsageError:
    return UsageError(f"--where: {what}")
