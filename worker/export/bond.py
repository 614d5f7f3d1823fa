"""``export.json``: binds a data set to its kind, its options and the output it is made from."""

from __future__ import annotations

from typing import Any

import msgspec

from worker import __version__, keys
from worker.errors import OutputMismatch
from worker.job import Bond as JobBond
from worker.stores.base import Store

FORMAT = "render-worker-export"


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """Written once, by the first worker that gets there."""

    format: str
    version: int
    kind: str
    options: dict[str, Any]
    index: str
    preset: str
    preset_name: str
    objects: str | None = None
    """Where objects share files: sha256 over all of them, since one more would change files."""
    worker: str


def bond_of(kind: str, options: dict[str, Any], job: JobBond, objects: str | None) -> Bond:
    """The bond of a data set of `kind` with `options`, made of the output with `job`."""
    return Bond(
        format=FORMAT, version=1, kind=kind, options=options, index=job.index, preset=job.preset,
        preset_name=job.preset_name, objects=objects, worker=__version__,
    )  # fmt: skip


def bind(store: Store, bond: Bond) -> None:
    """Put the bond on a new data set, or prove that it is there. Raises: OutputMismatch."""
    body = msgspec.json.format(msgspec.json.encode(bond), indent=2) + b"\n"
    if _stands(store, bond) or store.create(keys.EXPORT, body):
        return
    _stands(store, bond)


def _stands(store: Store, bond: Bond) -> bool:
    """Whether the store is bound, and to this. Raises: OutputMismatch when to another."""
    where = f"{store.uri.rstrip('/')}/{keys.EXPORT}"
    if store.read(keys.JOB) is not None:
        raise OutputMismatch(f"{store.uri} is an output of renders; export --to another place")
    body = store.read(keys.EXPORT)
    if body is None:
        return False
    try:
        other = msgspec.json.decode(body, type=Bond)
    except msgspec.MsgspecError as error:
        raise OutputMismatch(f"{where} is not an export of this program: {error}") from error
    for what, theirs, ours in (
        ("kind", other.kind, bond.kind),
        ("options", other.options, bond.options),
        ("index of the renders", _short(other.index), _short(bond.index)),
        ("preset of the renders", _short(other.preset), _short(bond.preset)),
    ):
        if theirs != ours:
            raise OutputMismatch(
                f"{where} binds this data set to another {what}: {theirs}, not {ours}; "
                "use the same, or another --to"
            )
    if other.objects != bond.objects:
        raise OutputMismatch(
            f"{where}: more objects were rendered since this data set was begun, and its files "
            "hold many objects each; export to another --to"
        )
    return True


def _short(digest: str) -> str:
    return f"{digest[:12]}…"
