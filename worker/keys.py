"""Every key, file name and identity, built in one place.

The layout under an output is the API: the same keys on a folder and on S3.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

JOB: Final = "job.json"
RENDERS: Final = "renders/"
LEDGER: Final = "ledger/"
DOWNLOADS: Final = "downloads/"

INDEX: Final = "index.json"
SHARDS: Final = "shards/"
CONTACT_SHEET: Final = "contact-sheet.png"

METADATA: Final = "metadata.json"
CAMERAS: Final = "cameras.json"

_TEMPORARY: Final = ".tmp-"
_PROBE: Final = ".probe-"

UID_PATTERN: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uid_of(file_identifier: str) -> str:
    """The object's uid, Objaverse-XL's ``uuid5(NAMESPACE_DNS, fileIdentifier)``."""
    return str(uuid5(NAMESPACE_DNS, file_identifier))


def shard_name(number: int) -> str:
    """Name of shard `number` (0, 1, …) of an index: "000000"."""
    return f"{number:06d}"


def shard_file(shard: str) -> str:
    """A shard's JSONL file, relative to its index."""
    return f"{SHARDS}{shard}.jsonl"


def render_zip(uid: str) -> str:
    """The one zip of an object, relative to the output."""
    return f"{RENDERS}{uid}.zip"


def ledger_of(shard: str) -> str:
    """Prefix of all ledger parts of a shard."""
    return f"{LEDGER}{shard}/"


def ledger_part(shard: str, writer: str, sequence: int) -> str:
    """One immutable ledger part: `writer` is unique to one worker process."""
    return f"{ledger_of(shard)}{writer}-{sequence:06d}.jsonl"


def shard_of_part(key: str) -> str:
    """The shard that a ledger part's key is of; inverse of `ledger_part`."""
    return key.removeprefix(LEDGER).partition("/")[0]


def temporary(token: str) -> str:
    """A file that is still being written, in the folder it is for; never listed."""
    return f"{_TEMPORARY}{token}"


def probe(token: str) -> str:
    """A key that a store's self-check writes and deletes; never listed."""
    return f"{_PROBE}{token}"


def is_own(name: str) -> bool:
    """Whether a name is a store's own: one of `temporary` or `probe`."""
    return name.startswith((_TEMPORARY, _PROBE))


def view_name(number: int) -> str:
    """Name of view `number` (0, 1, …): "000"."""
    return f"{number:03d}"


def member(uid: str, name: str) -> str:
    """A zip member's name: everything lies in one folder named for the object."""
    return f"{uid}/{name}"


def image_file(view: str, suffix: str = "") -> str:
    """A view's image; `suffix` tells its kind, the colour image has none: "000_depth.png"."""
    return f"{view}{suffix}.png"


def matrix_file(view: str) -> str:
    """A view's camera matrix: "000.npy"."""
    return f"{view}.npy"
