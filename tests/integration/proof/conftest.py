"""One studio for all proofs, for each Blender that is here; test_blenders.py tells which is not."""

from __future__ import annotations

import pytest

from tests.proof_helpers import BLENDERS, Studio, absent

PARAMETERS = [
    pytest.param(name, id=name, marks=[getattr(pytest.mark, mark)] if mark else [])
    for name, mark in BLENDERS.items()
    if not absent(name)
]


@pytest.fixture(scope="session", params=PARAMETERS)
def studio(request, tmp_path_factory):
    """A pool of one child, and the samples."""
    made = Studio(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.close()
