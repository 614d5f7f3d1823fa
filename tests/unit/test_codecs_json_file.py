"""JSON files have the bytes that Python's own indent gives them, whatever they hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.codecs.json_file import json_file

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),  # also halves of surrogate pairs
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


def by_python(document) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"


@given(VALUES)
def test_a_file_is_as_python_indents_it(document):
    assert json_file(document) == by_python(document)


@pytest.mark.parametrize("text", ["\ud800", "a\\ud800", '"{[,]}:"', "\u2028\0\x7f"])
def test_strings_keep_their_escapes(text):
    assert json_file({text: [text, {}, []]}) == by_python({text: [text, {}, []]})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_lacks_is_refused(value):
    with pytest.raises(ValueError, match="JSON"):
        json_file({"value": value})
