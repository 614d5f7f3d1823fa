"""Why an object failed, as the child says it."""

from __future__ import annotations


class ObjectFault(Exception):
    """One object's failure: `code` is one of `worker.core.errors.OBJECT_ERRORS`.

    Before any object it is "device" or "configuration". The codes are plain text here, because
    the host's tree needs Python 3.11.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def brief(error: BaseException) -> str:
    """One short line for a person: an operator's report carries a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    chosen = [line for line in lines if not line.startswith(("File ", "Location:"))]
    raised = any("Traceback" in line for line in lines)
    text = chosen[-1] if raised else " ".join(chosen)
    return text.removeprefix("Error: ")[:500] or type(error).__name__
