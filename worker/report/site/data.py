"""Scripts that hand JSON to the page.

A page opened from ``file://`` may load scripts but not fetch files. The JSON is one string, which
the page parses: as an object of JavaScript, a key ``__proto__`` would not be data.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from worker.report.site import redaction

RECEIVE: Final = "gallery.receive"
_MARK: Final = re.compile(rb"// ([0-9a-f]{64})\n")
_CALL: Final = re.compile(r'\A(?:// [0-9a-f]{64}\n)?gallery\.receive\("[a-z]+", (?:\d+|"[^"]*"), ')


def script(kind: str, which: int | str, document: Any, made_of: str = "") -> bytes:
    """A script that calls ``gallery.receive(kind, which, json)``, in ASCII.

    made_of: a hex sha256, kept in the first line, where `made_of` reads it.

    Raises: ValueError, for a NaN or an infinity.
    """
    text = json.dumps(
        redaction.everywhere(document), ensure_ascii=True, allow_nan=False, separators=(",", ":")
    )
    # Twice JSON, once for the data and once for the string; "<" would end a script in a page.
    literal = json.dumps(text).replace("<", "\\u003c")
    call = f"{RECEIVE}({json.dumps(kind)}, {json.dumps(which)}, {literal});\n"
    return (f"// {made_of}\n{call}" if made_of else call).encode("ascii")


def made_of(body: bytes) -> str | None:
    """The digest in the first line of a script, or None."""
    found = _MARK.match(body)
    return found[1].decode() if found else None


def document(body: bytes) -> Any:
    """The document that `script` wrote. Raises: ValueError."""
    text = body.decode("ascii")
    call = _CALL.match(text)
    if call is None or not text.endswith(");\n"):
        raise ValueError("not a script of a gallery")
    return json.loads(json.loads(text[call.end() : -3]))
