"""Where a list may lead, and how much of one is read over a network."""

from __future__ import annotations

import msgspec

from worker.core.destinations import AllowedHosts
from worker.core.errors import Refused

HTTP = ("http://", "https://")


class ListRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for a list, and for the objects that it names.

    A list that came over HTTP may be anybody's, so it does not choose what the user's S3
    credentials read.
    """

    hosts: AllowedHosts = AllowedHosts()
    buckets: frozenset[str] = frozenset()
    """Buckets that a list over HTTP may name."""
    any_bucket: bool = True
    max_bytes: int = 8 << 30
    """Of a list or a shard that is read over a network."""
    timeout_s: float = 3600.0
    """For reading it over HTTP."""
    place: str | None = None
    """Where it lies on disk, or the folder or model that the user named in its place."""

    def of(self, uri: str) -> ListRules:
        """The rules for the list at `uri`, which the user typed: its own server is allowed.

        A sample of a list keeps the list's `place`.
        """
        if "://" not in uri:
            return msgspec.structs.replace(self, place=uri) if self.place is None else self
        if not uri.lower().startswith(HTTP):
            return self
        return msgspec.structs.replace(self, hosts=self.hosts.with_host_of(uri), any_bucket=False)

    def check_bucket(self, bucket: str) -> None:
        """Check that the list may name `bucket`. Raises: Refused."""
        if not self.any_bucket and bucket not in self.buckets:
            raise Refused(
                f"the bucket {bucket} is named by a list that came over HTTP; "
                f"if it may name it, use --allow-buckets {bucket}"
            )
