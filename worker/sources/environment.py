"""The environment variables of the programs that fetch: git and the `objaverse` package.

They talk to a stranger's server and unpack what it sends, so each gets only allow-listed
variables: no credentials of S3 or of anything else, no tokens, none of the scheduler's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV",
    "PYTHONHOME", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
})  # fmt: skip
PREFIXES: Final = ("LC_", "OMP_", "OPENBLAS_")
PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
"""In lower or upper case. The URL of a proxy may have a password, which is for these programs."""


def fetching_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The allow-listed variables of `outer`."""
    return {
        name: value
        for name, value in outer.items()
        if name in NAMES or name.startswith(PREFIXES) or name.lower() in PROXIES
    }
