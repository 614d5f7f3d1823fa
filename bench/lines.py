"""Lines of a ledger, as a run writes them."""

from __future__ import annotations

from typing import Final

import msgspec

from worker.ledger import Outcome

UID: Final = b"00000000-0000-4000-8000-000000000000"
TIME: Final = b"2026-01-01T00:00:00.000Z"
SHARD: Final = b"000000"
PHASH: Final = b"feedfacefeedface"


def line(outcome: Outcome) -> bytes:
    """An outcome's line."""
    return msgspec.json.encode(outcome) + b"\n"


RENDERED: Final = line(Outcome(
    uid=UID.decode(), outcome="rendered", time=TIME.decode(), shard=SHARD.decode(), views=12,
    file_identifier="https://example.org/0/model-0.glb", sha256="0" * 64, size=1_234_567,
    seconds={"fetch": 0.123, "render": 3.456, "pack": 0.234, "publish": 0.012}, attempt=1,
    worker="r000000-20260101T000000Z-00000000", blender="4.5.15 LTS", device="cpu",
    source="github", license="CC0-1.0", missing_textures=0, coverage_min=0.123456,
    coverage_mean=0.234567, brightness_mean=0.345678, clipped_max=0.0, black_max=0.0,
    blank_views=0, border_views=0, phash=PHASH.decode(),
))  # fmt: skip
"""A rendered object's line, with `UID` for its uid, `SHARD`, `TIME` and `PHASH`."""
