"""Whether Mesa's software rasteriser is here, for the tests of EEVEE and Workbench."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from worker.supervisor.libraries import MESA

MUST_RUN = "MESA_MUST_RUN"
"""Set in CI: then the tests may not be skipped."""
LIBRARIES = ("libEGL.so.1", "libEGL_mesa.so.0")
DRIVERS = "*/dri/swrast_dri.so", "*/libgallium-*.so"
"""Below /usr/lib: until Mesa 24.1, and since."""


def needed() -> None:
    """Skip the test if Mesa is not here; fail it if it must run."""
    try:
        for name in LIBRARIES:
            ctypes.CDLL(name)
        found = any(list(Path("/usr/lib").glob(pattern)) for pattern in DRIVERS)
        why = "" if found else "no driver of llvmpipe"
    except OSError as error:
        why = str(error)
    if why:
        line = f"NOT TESTED, EEVEE and Workbench: {why} (apt-get install {' '.join(MESA)})"
        (pytest.fail if os.environ.get(MUST_RUN) else pytest.skip)(line)
