"""RENDER_WORKER_ environment variables: which ones are known, and which are misspelt.

Clusters set options by variables, and an option that is silently ignored costs a whole job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from worker.contract.schema import nearest_words
from worker.core import node_share, ranks

PREFIX: Final = "RENDER_WORKER_"
OTHERS: Final = (
    ranks.RANK,
    ranks.WORLD_SIZE,
    ranks.LOCAL_RANK,
    ranks.LOCAL_SIZE,
    node_share.CPUS,
    f"{PREFIX}IMAGE",  # in k8s/base/settings.env, all of which the pods get
    f"{PREFIX}SLURM",  # from slurm/submit.sh to the batch script: their folder
)
"""Known variables that set no option of a command."""


def of_option(flag: str) -> str:
    """The variable of an option: RENDER_WORKER_S3_ENDPOINT of --s3-endpoint."""
    return PREFIX + flag.lstrip("-").replace("-", "_").upper()


def known() -> frozenset[str]:
    """The variables of all commands, because one environment may serve several."""
    # Imported here: it imports every command, which is slow and rarely needed.
    from worker.commands.table import parameters

    options = (parameter.envvar for _, parameter in parameters())
    return frozenset(OTHERS) | {variable for variable in options if variable}


def unknown(environment: Mapping[str, str], own: Iterable[str] = ()) -> str:
    """One line about unknown variables, each with the nearest known name; "" if all are known.

    `own`: the variables of the command itself, to avoid importing all commands.
    """
    ours = {name for name in environment if name.startswith(PREFIX)}
    if ours <= {*own, *OTHERS}:
        return ""
    readable = known()
    return "; ".join(_unread(name, readable) for name in sorted(ours - readable))


def _unread(name: str, readable: Iterable[str]) -> str:
    endings = [each.removeprefix(PREFIX) for each in readable]
    # The prefix is left out of the comparison, because it makes all names alike.
    close = [PREFIX + word for word in nearest_words(name.removeprefix(PREFIX), endings)]
    meant = f"did you mean {' or '.join(close)}?" if close else "unset it"
    return f"unknown environment variable {name}: {meant}"
