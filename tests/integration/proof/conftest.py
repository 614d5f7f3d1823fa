"""One studio for all proofs, for each Blender that is here; test_blenders.py tells which is not."""

from __future__ import annotations

import pytest

from tests import blenders
from tests.proof_helpers import Studio


@pytest.fixture(scope="session", params=blenders.parameters())
def studio(request, tmp_path_factory):
    """A pool of one child, and the samples."""
    made = Studio(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.close()
