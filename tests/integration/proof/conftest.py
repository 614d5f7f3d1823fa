"""One studio for all proofs, for each Blender that is here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.proof_helpers import BLENDER_42, DEBIAN, Studio

BLENDERS = [
    pytest.param("bpy", id="bpy"),
    pytest.param("debian", id="debian", marks=pytest.mark.debian_blender),
    pytest.param("bpy42", id="bpy42", marks=pytest.mark.blender42),
]


@pytest.fixture(scope="session", params=BLENDERS)
def studio(request, tmp_path_factory):
    """A pool of one child, and the samples."""
    if request.param == "debian" and not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    if request.param == "bpy42" and not Path(os.environ.get(BLENDER_42, "-")).exists():
        pytest.skip(f"NOT TESTED under bpy 4.2: set {BLENDER_42} to a Python that has it")
    made = Studio(request.param, tmp_path_factory.mktemp(request.param))
    yield made
    made.close()
