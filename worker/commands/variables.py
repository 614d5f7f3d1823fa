"""The environment's RENDER_WORKER_ variables: which ones something reads, and those misspelt.

Clusters say everything by variables, and an option that is silently not set costs a whole job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from worker.contract.schema import nearest_words
from worker.core import ranks

PREFIX: Final = "RENDER_WORKER_"
OTHERS: Final = (
    ranks.RANK,
    ranks.WORLD_SIZE,
    f"{PREFIX}IMAGE",  # k8s/base/settings.env, which the pods are given whole
    f"{PREFIX}SLURM",  # slurm/submit.sh tells the batch script where it lies
)
"""Known, and no option of a command."""


def of_option(flag: str) -> str:
    """The variable of an option: RENDER_WORKER_S3_ENDPOINT of --s3-endpoint."""
    return PREFIX + flag.lstrip("-").replace("-", "_").upper()


def known() -> frozenset[str]:
    """Every variable that something reads: one environment may serve several commands."""
    # Imported here: it imports every command, for the sake of a variable that may be misspelt.
    from worker.commands.table import parameters

    options = (parameter.envvar for _, parameter in parameters())
    return frozenset(OTHERS) | {variable for variable in options if variable}


def unknown(environment: Mapping[str, str], own: Iterable[str] = ()) -> str:
    """A sentence on the variables that nothing reads, each with the nearest name; or "".

    Those of the command itself, `own`, are known without a look at all commands.
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
    return f"no option has the environment variable {name}: {meant}"
