"""Products that no BLAS kernel decides the last bits of."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.command_line import ROOT
from tests.patience import HANG_S
from worker.contract.linear import cross, product

PROGRAM = """
import hashlib, numpy as np
from worker.contract.linear import product
points = np.random.default_rng(1).normal(size=(1000, 3))
matrix = np.random.default_rng(2).normal(size=(3, 5))
print(hashlib.sha256(product(points, matrix).tobytes()).hexdigest())
"""


@pytest.mark.parametrize("shapes", [((7, 3), (3, 5)), ((3,), (3, 3)), ((1, 7, 3), (4, 1, 3, 3))])
def test_it_is_the_product(shapes):
    points, matrix = (np.random.default_rng(3).normal(size=shape) for shape in shapes)
    wanted = (points[..., None, :] @ matrix)[..., 0, :]
    assert np.allclose(product(points, matrix), wanted, rtol=1e-13, atol=1e-13)


def test_the_cross_product_is_numpys_to_the_last_bit():
    pairs = np.random.default_rng(4).normal(size=(1000, 2, 3))
    pairs[::7] = np.round(pairs[::7])  # with zeros of both signs
    for one, other in pairs:
        found = np.array(cross(one.tolist(), other.tolist()))
        assert found.tobytes() == np.cross(one, other).tobytes()


def test_it_is_the_same_under_every_kernel():
    sums = set()
    for kernel in ("Haswell", "Prescott", "Nehalem"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True,
            timeout=HANG_S, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_CORETYPE": kernel},
        )  # fmt: skip
        sums.add(done.stdout)
    assert len(sums) == 1
