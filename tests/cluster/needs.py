"""What a cluster test needs of the machine: there, or a loud skip; in CI, or a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable

import pytest

MUST_RUN = "CLUSTER_MUST_RUN"
"""Names that may not be skipped, with spaces between: CI sets `slurm image s3`."""


def unavailable(what: str, why: str) -> None:
    """End the test for want of `what`: as a skip, or as a failure where it must run."""
    line = f"{what}: {why}"
    if what in os.environ.get(MUST_RUN, "").split():
        pytest.fail(f"{line}; {MUST_RUN} says that it must run", pytrace=False)
    pytest.skip(line)


def programs(what: str, names: Iterable[str], advice: str) -> None:
    """End the test unless all the programs are on PATH."""
    if missing := [name for name in names if shutil.which(name) is None]:
        unavailable(what, f"no {', '.join(missing)} on this machine; {advice}")
