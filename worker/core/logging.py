"""Logs: JSON lines when stderr is not a terminal, short coloured lines when it is."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from worker.contract.escaping import printable


def configure(level: str = "info", *, json: bool | None = None) -> None:
    """Configure structlog; call this once per process.

    `json` None means: JSON unless stderr is a terminal. Each line also has the values bound with
    `structlog.contextvars`: rank, shard, uid, phase.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,  # names no values of variables
            *([] if as_json else [_plain]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Looked up for each line, because a progress bar replaces sys.stderr while it is shown. The
        # line and its end are one write also if Python is unbuffered: ranks may share a stderr.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _plain(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Text that a terminal shows instead of obeying; JSON escapes it by itself."""
    return {
        name: "\n".join(map(printable, value.split("\n")))
        if name == "exception"  # a traceback has many lines
        else printable(value)
        if isinstance(value, str)
        else value
        for name, value in event.items()
    }
