"""Runs the `objaverse` package for one object; see objaverse_source.py.

    python -P -m worker.sources.objaverse_child < request.json > answer.json

The package takes an error page for an object, has no timeouts, and connects to any address. So
every request that it makes with `requests` is checked here and has a timeout, no file can grow past
the limit, and connections lead only to where a list may lead.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import sys
import urllib.error
from pathlib import Path
from typing import Any
from urllib.request import getproxies

from worker.core.destinations import AllowedHosts
from worker.core.errors import Refused
from worker.sources.guarded_process import guard

PR_SET_PDEATHSIG = 1
TIMEOUT_S = 30.0
OK, NOT_FOUND = 200, (404, 410)
MEMORY = 4 << 30
"""Address space for Python, pandas and their threads; the object's is added to it."""


class RefusedError(Exception):
    """A server's response that is neither an object nor "not found"."""


def main() -> None:
    """Read the request, download, write the answer."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # die with the worker
    request = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the package prints to stdout
    socket.setdefaulttimeout(TIMEOUT_S)
    guard(AllowedHosts(tuple(request["allowed"])), getproxies())
    limit = request["max_bytes"]
    # The package's map of uids may be larger than a small limit for objects.
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(limit, 64 << 20) + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (2 * limit + MEMORY,) * 2)
    try:
        answer = _download(request)
    except urllib.error.HTTPError as error:
        state = "missing" if error.code in NOT_FOUND else "failed"
        answer = {"state": state, "message": f"HTTP {error.code} for {error.url}"}
    except Refused as error:
        answer = {"state": "refused", "message": str(error)}
    except MemoryError:
        answer = {"state": "too_large", "message": f"over the limit of {limit:,} bytes"}
    except OSError as error:
        answer = {"state": STATES.get(error.errno or 0, "failed"), "message": _words(error)}
    except Exception as error:  # noqa: BLE001 - the package may raise anything
        answer = {"state": "failed", "message": _words(error)}
    json.dump(answer, answers)
    answers.close()


STATES = {errno.EFBIG: "too_large", errno.ENOSPC: "no_space", errno.EDQUOT: "no_space"}


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _download(request: dict[str, Any]) -> dict[str, str]:
    home = Path(request["home"])
    find = _from_objaverse if request["kind"] == "sketchfab" else _from_objaverse_xl
    found = find(request, home)
    if found is None:
        return {"state": "missing", "message": "not found by the objaverse package"}
    return {"state": "found", "path": os.path.relpath(found, home)}


def _from_objaverse(request: dict[str, Any], _home: Path) -> str | None:
    import objaverse

    uid = request["identifier"].rsplit("/", 1)[-1]
    found: str | None = objaverse.load_objects([uid]).get(uid)
    return found


def _from_objaverse_xl(request: dict[str, Any], home: Path) -> str | None:
    import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
    import requests

    class Checked(requests.Session):
        """A session with a timeout, which raises if the response is an error."""

        def request(self, *args: Any, **kwargs: Any) -> requests.Response:
            kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_S
            response = super().request(*args, **kwargs)
            if response.status_code in NOT_FOUND:
                response.status_code = NOT_FOUND[0]  # the only one that the package handles
            elif response.status_code != OK:
                raise RefusedError(f"HTTP {response.status_code} for {response.url}")
            return response

    requests.sessions.Session = Checked  # type: ignore[misc]

    from objaverse.xl import downloaders

    row = {
        "fileIdentifier": request["identifier"],
        "source": request["kind"],
        "sha256": request["sha256"],
    }
    found: str | None = (
        downloaders[request["kind"]]
        .download_objects(pd.DataFrame([row]), download_dir=str(home / "xl"), processes=1)
        .get(request["identifier"])
    )
    return found if found is not None and Path(found).exists() else None


if __name__ == "__main__":
    main()
