"""``export.json``: binds a data set to its kind, its options and the output it is made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from worker import __version__
from worker.core import keys
from worker.core.errors import OutputMismatch
from worker.core.json_errors import NOT_JSON, why
from worker.run.job import Bond as JobBond
from worker.stores.base import Store


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
        format=keys.EXPORT_FORMAT, version=1, kind=kind, options=options, index=job.index,
        preset=job.preset, preset_name=job.preset_name, objects=objects, worker=__version__,
    )  # fmt: skip


def bind(store: Store, bond: Bond) -> None:
    """Put the bond on a new data set, or prove that it is there. Raises: OutputMismatch."""
    body = msgspec.json.format(msgspec.json.encode(bond), indent=2) + b"\n"
    if not _stands(store, bond) and not store.create(keys.EXPORT, body):
        _stands(store, bond)


def read(store: Store) -> Bond | None:
    """The data set's bond, or None where nothing was exported yet. Raises: OutputMismatch."""
    body = store.read(keys.EXPORT)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=Bond)
    except NOT_JSON as error:
        raise OutputMismatch(
            f"{_where(store)} is not an export of this program: {why(error)}"
        ) from error


def check_source(store: Store, bond: Bond, job: Bond | JobBond) -> None:
    """Refuse a data set that is made of another output than `job` binds. Raises: OutputMismatch."""
    _compare(
        store,
        (
            ("index of the renders", _short(bond.index), _short(job.index)),
            ("preset of the renders", _short(bond.preset), _short(job.preset)),
        ),
    )


def _stands(store: Store, bond: Bond) -> bool:
    """Whether the store is bound, and to this. Raises: OutputMismatch when to another."""
    if store.read(keys.JOB) is not None:
        raise OutputMismatch(f"{store.uri} is an output of renders; export --to another place")
    other = read(store)
    if other is None:
        return False
    _compare(store, (("kind", other.kind, bond.kind), ("options", other.options, bond.options)))
    check_source(store, other, bond)
    if other.objects != bond.objects:
        raise OutputMismatch(
            f"{_where(store)}: more objects were rendered since this data set was begun, and its "
            "files hold many objects each; export to another --to"
        )
    return True


def _compare(store: Store, pairs: Iterable[tuple[str, Any, Any]]) -> None:
    """Each pair is called what, and of the data set and asked for. Raises: OutputMismatch."""
    for what, theirs, ours in pairs:
        if theirs != ours:
            raise OutputMismatch(
                f"{_where(store)} binds this data set to another {what}: {theirs}, not {ours}; "
                "use the same, or another place"
            )


def _where(store: Store) -> str:
    return f"{store.uri.rstrip('/')}/{keys.EXPORT}"


def _short(digest: str) -> str:
    return f"{digest[:12]}…"
