"""The conditions of --where: what they mean, and what is refused before any work."""

import pytest

from worker.core.errors import UsageError
from worker.export.base import Finished
from worker.export.where import FIELDS, parsed

CHAIR = Finished(
    uid="a", outcome="rendered", time="", file_identifier="https://host/x/Red Chair.GLB?v=1",
    shard="000000", license="by", source="github", category="03001627", coverage_min=0.25,
    missing=1, missing_textures=0, views=12, size=1000, border_views=0, phash="00ff00ff00ff00ff",
)  # fmt: skip
OLD = Finished(uid="b", outcome="rendered", time="", file_identifier="b.obj", shard="000001")
FAILED = Finished(
    uid="c", outcome="failed", code="crash", time="", file_identifier="c.obj", shard="000001"
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('coverage_min > 0.05 and missing_textures == 0 and license in ("cc0", "by")', True),
        ('license in ["cc0"] or not views < 12', True),
        ('license not in ("cc0", "by")', False),
        ("0.1 < coverage_min <= .25", True),
        ("0.3 < coverage_min < 0.9", False),
        ('name == "Red Chair.GLB" and format == "glb"', True),
        ('"Chair" in name', True),
        ('"chair" not in name', True),
        ("views > -1", True),
        ("listed", True),
        ("not listed", False),
        ("listed == False", False),
        ("missing_textures == None", False),
        ("brightness_mean == None", True),
        ("brightness_mean != 0.5", False),
        ('code not in ("crash",)', False),
        ("1 <= missing <= 1 and size >= 1e3", True),
        ("undecodable == 0", True),
        ("border_views == 0.0", True),
    ],
)
def test_what_a_condition_means(text, holds):
    assert parsed(text).holds(CHAIR) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("coverage_min > 0", False),
        ("coverage_min <= 0", False),
        ('license != "by"', False),
        ('license not in ("by",)', False),
        ('not license == "by"', True),
        ("license == None", True),
        ('outcome == "rendered"', True),
    ],
)
def test_a_value_that_is_missing_meets_no_comparison(text, holds):
    assert parsed(text).holds(OLD) is holds


def test_failures_can_be_chosen_by_code():
    condition = parsed('code in ("crash", "timeout")')
    assert [condition.holds(each) for each in (CHAIR, OLD, FAILED)] == [False, False, True]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_every_field_has_a_value_of_its_type(name):
    value = FIELDS[name].value(CHAIR)
    kinds = {"number": (int, float), "string": str, "true or false": bool}
    assert value is None or isinstance(value, kinds[FIELDS[name].kind])


def test_one_spelling():
    one = parsed('(views>1)and license in("cc0",)')
    other = parsed("  views > 1 and (license in ('cc0',))\n")
    assert one.text == other.text
    assert parsed(one.text).text == one.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("licence == 'by'", "unknown field 'licence'; did you mean 'license'?"),
        ("license == 1", "license is a string, 1 a number"),
        ("views == '12'", "views is a number, '12' a string"),
        ("views", "views is a number, not a condition"),
        ("views and listed", "'and', 'or' and 'not' take conditions"),
        ("license in ('cc0')", r"'in' needs a list: license in \('cc0',\)"),
        ("license in (1, 2)", "only constants of that type, not 1"),
        ("license in (name,)", "only constants of that type, not name"),
        ("1 in license", "looks for a part of a string"),
        ("license is None", "use == or !="),
        ("license < None", "== and != alone"),
        ("listed > False", "has no order"),
        ("__import__('os').system('true')", "is not allowed"),
        ("name.upper() == 'A'", "is not allowed"),
        ("name.x == 'A'", "is not allowed"),
        ("views + 1 == 2", "is not allowed"),
        ("name[0] == 'A'", "is not allowed"),
        ("(lambda: True)", "is not allowed"),
        ("[views for views in name]", "is not allowed"),
        ("f'{name}' == 'a'", "is not allowed"),
        ("(x := 1) == 1", "is not allowed"),
        ("views == 1j", "is not allowed"),
        ("license in (*name,)", "is not allowed"),
        ("views =", "is not a condition"),
        ("", "is not a condition"),
        ("views == 1; views == 2", "is not a condition"),
        ("views == \0", "is not a condition"),
        ("not " * 500 + "listed", "nested"),
        ("(" * 900 + "listed" + ")" * 900, "nested|is not a condition"),
        ("listed and " * 1000 + "listed", "the limit is 4,000"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        parsed(text)
