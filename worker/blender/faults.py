"""The exception by which the child reports why an object failed."""

from __future__ import annotations


class ObjectFault(Exception):
    """The failure of one object; `code` is a failure code of `worker.core.errors.OBJECT_ERRORS`.

    While the child is being configured, the code is "device" or "configuration". Codes are plain
    strings here, because the host's exception classes need Python 3.11.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def brief(error: BaseException) -> str:
    """Shorten an error to one readable line; an operator's report contains a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    chosen = [line for line in lines if not line.startswith(("File ", "Location:"))]
    raised = any("Traceback" in line for line in lines)
    text = chosen[-1] if raised else " ".join(chosen)
    return text.removeprefix("Error: ")[:500] or type(error).__name__
