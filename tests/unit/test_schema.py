"""Words that a misspelt key may have been meant as."""

import pytest

from worker.contract.schema import nearest


def test_no_more_than_three_are_named_where_several_are_as_near():
    said = nearest("size", ["size_a", "size_b", "size_c", "size_d"])
    assert said == (
        "; did you mean 'size_a' or 'size_b' or 'size_c'? (allowed: size_a, size_b, size_c, size_d)"
    )


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("sampels", "samples"),
        ("samp", "samples"),
        ("SAMPLES", "samples"),
        ("sa", None),
        ("x", None),
    ],
)
def test_a_word_is_meant_where_it_is_alike_or_a_part_of_three_letters(word, meant):
    said = nearest(word, ["samples", "views"])
    assert ("did you mean" in said) == (meant is not None)
    assert meant is None or f"did you mean '{meant}'?" in said
