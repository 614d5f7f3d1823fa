"""Which proxy a URL is fetched through: what the environment says, one without a scheme too."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from worker.core.errors import ConfigurationError

SCHEMES: Final = frozenset({"http", "https"})


def proxy_of(url: str) -> str | None:
    """The URL of the proxy that http_proxy or https_proxy names; None for none.

    Raises: ConfigurationError if that is not an HTTP proxy; ValueError if `url` is not a URL.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    told = getproxies().get(scheme, "").strip()
    if scheme not in SCHEMES or not told or proxy_bypass(parts.hostname or ""):
        return None
    try:
        proxy = parse_url(told if "://" in told else f"http://{told}")
    except LocationParseError:
        proxy = Url()
    if proxy.scheme not in SCHEMES or not proxy.host:
        # Without what stands before an "@": a password may.
        raise ConfigurationError(
            f"{scheme}_proxy is {told.rpartition('@')[2]!r}: not an HTTP proxy; "
            "use http://host:port or https://host:port"
        )
    return proxy.url
