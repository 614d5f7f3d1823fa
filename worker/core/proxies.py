"""The proxy for a URL, from the environment; a proxy without a scheme counts as http."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from worker.core.errors import ConfigurationError

SCHEMES: Final = frozenset({"http", "https"})


def proxy_of(url: str) -> str | None:
    """The URL of the proxy that http_proxy or https_proxy names, or None.

    Raises: ConfigurationError if it is not an HTTP proxy; ValueError if `url` is not a valid URL.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    named = getproxies().get(scheme, "").strip()
    if scheme not in SCHEMES or not named or proxy_bypass(parts.hostname or ""):
        return None
    try:
        proxy = parse_url(named if "://" in named else f"http://{named}")
    except LocationParseError:
        proxy = Url()
    if proxy.scheme not in SCHEMES or not proxy.host:
        # Without the part before an "@", which may contain a password.
        raise ConfigurationError(
            f"{scheme}_proxy is {named.rpartition('@')[2]!r}: not an HTTP proxy; "
            "use http://host:port or https://host:port"
        )
    return proxy.url
