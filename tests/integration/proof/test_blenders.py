"""Which Blenders the proofs ran under; one line for each that is not here."""

import pytest

from tests.blenders import BLENDERS, absent


@pytest.mark.parametrize("name", BLENDERS)
def test_is_here(name):
    if reason := absent(name):
        pytest.skip(f"NO PROOF under {name}: {reason}")


def test_is_what_it_is_called(studio):
    assert studio.pool.ready.blender.startswith(BLENDERS[studio.blender].version)
