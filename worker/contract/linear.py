"""Products of points and small matrices that are the same to the last bit on every machine.

NumPy's ``@`` hands them to a BLAS library, whose kernels differ by processor and by settings such
as OPENBLAS_CORETYPE. What ends up in a zip must not depend on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def cross(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """The cross product of two vectors (3,), as numbers: ``np.cross`` takes ten times as long."""
    (a, b, c), (x, y, z) = one, other
    return [b * z - c * y, c * x - a * z, a * y - b * x]


def product(points: Array, matrix: Array) -> Array:
    """``points @ matrix`` of (..., 3) and (..., 3, K): (..., K), added in the order x, y, z."""
    total: Array = points[..., 0, None] * matrix[..., 0, :]
    total = total + points[..., 1, None] * matrix[..., 1, :]
    return np.asarray(total + points[..., 2, None] * matrix[..., 2, :])
