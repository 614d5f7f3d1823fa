"""Zip entries that depend only on the member's name."""

from __future__ import annotations

import zipfile
from typing import Final

DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest date of the zip format."""
UNIX: Final = 3
PLAIN_FILE: Final = 0o100644 << 16


def entry(name: str) -> zipfile.ZipInfo:
    """The entry of a member: a plain file, mode 644, with a fixed date."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system = UNIX
    info.external_attr = PLAIN_FILE
    return info
