"""What a zip says of a member: nothing but its name that could differ."""

from __future__ import annotations

import zipfile
from typing import Final

DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest a zip can say."""
UNIX: Final = 3
PLAIN_FILE: Final = 0o100644 << 16


def entry(name: str) -> zipfile.ZipInfo:
    """What a zip says of a member: nothing but its name that could differ."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system = UNIX
    info.external_attr = PLAIN_FILE
    return info
