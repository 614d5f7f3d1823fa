"""The options of all commands that read a list: where it may lead, and how much of it is read."""

from __future__ import annotations

from typing import Annotated, Any, Final

from worker.commands.options import adds, option

LISTS: Final = "Where a list may lead"


def _list_rules(
    allow_hosts: Annotated[
        list[str] | None,
        option(
            "--allow-hosts",
            "Hosts, addresses or networks that a list may name although they are not global.",
            LISTS,
            metavar="HOST",
        ),
    ] = None,
    allow_buckets: Annotated[
        list[str] | None,
        option(
            "--allow-buckets",
            "S3 buckets that a list over HTTP may name.",
            LISTS,
            metavar="BUCKET",
        ),
    ] = None,
    max_list: Annotated[
        int, option("--max-list-mb", "Size limit of a list over a network, in MB.", LISTS, min=1)
    ] = 8192,
    list_timeout: Annotated[
        float, option("--list-timeout", "Seconds to read a list over HTTP.", LISTS, min=1.0)
    ] = 3600.0,
) -> Any:
    from worker.core.destinations import AllowedHosts
    from worker.index.list_rules import ListRules

    return ListRules(
        hosts=AllowedHosts.of(tuple(allow_hosts or ())),
        buckets=frozenset(
            bucket.strip().removeprefix("s3://").rstrip("/")
            for text in allow_buckets or ()
            for bucket in text.split(",")
        ),
        max_bytes=max_list << 20,
        timeout_s=list_timeout,
    )


with_rules = adds("rules", _list_rules)
"""Adds these options to a command, which receives them as its keyword `rules`, a `ListRules`."""
