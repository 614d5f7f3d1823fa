"""A run, frozen: what to render, how, as whom, within what limits; and its bond to the output."""

from __future__ import annotations

from typing import Any

import msgspec

from worker import __version__
from worker.contract import recipe as recipes
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import OutputMismatch
from worker.core.json_errors import NOT_JSON, why
from worker.core.ranks import Rank
from worker.stores.base import Store


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run was asked for, resolved once at the start."""

    objects: int
    """Objects in the whole index."""
    index_digest: str
    """sha256 of the index; binds the output to its objects."""
    preset_digest: str
    """sha256 of the whole recipe, overrides included; binds the output to its settings."""
    recipe: Recipe
    rank: Rank
    limit: int | None = None
    """At most this many objects are taken."""
    retry: frozenset[str] = frozenset()
    """Failure codes to try again although a retry is not expected to help."""
    render_new: bool = False
    """Also render models that a repository holds but the index does not name."""
    download_workers: int = 4


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """`job.json`: written once per output, by the first worker that gets there."""

    format: str
    version: int
    index: str
    objects: int
    preset: str
    preset_name: str
    recipe: dict[str, Any]
    worker: str
    blender: str


def bond_of(job: Job, blender: str) -> Bond:
    """The bond this job would put on a new output."""
    return Bond(
        format=keys.JOB_FORMAT,
        version=1,
        index=job.index_digest,
        objects=job.objects,
        preset=job.preset_digest,
        preset_name=job.recipe.name,
        recipe=recipes.to_dict(job.recipe),
        worker=__version__,
        blender=blender,
    )


def bind(store: Store, job: Job, blender: str) -> None:
    """Bind the output to this job's index and preset, or prove that it is.

    Raises: OutputMismatch, StoreError.
    """
    check(store, job)
    body = msgspec.json.format(msgspec.json.encode(bond_of(job, blender)), indent=2) + b"\n"
    if not store.create(keys.JOB, body):
        check(store, job)


def read(store: Store) -> Bond | None:
    """The output's bond, or None where nothing was rendered yet. Raises: OutputMismatch."""
    body = store.read(keys.JOB)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=Bond)
    except NOT_JSON as error:
        raise OutputMismatch(
            f"{_where(store)} is not a job of this program: {why(error)}"
        ) from error


def check(store: Store, job: Job) -> None:
    """Refuse an output that belongs to another index or preset. Raises: OutputMismatch."""
    bond = read(store)
    if bond is None:
        return
    check_index(store, bond, job.index_digest)
    made_with = f"preset (it was made with '{bond.preset_name}')"
    _check_same(store, made_with, bond.preset, job.preset_digest)


def check_index(store: Store, bond: Bond, digest: str) -> None:
    """Refuse an index that is not the output's. Raises: OutputMismatch."""
    _check_same(store, "index", bond.index, digest)


def _check_same(store: Store, what: str, theirs: str, ours: str) -> None:
    if theirs != ours:
        raise OutputMismatch(
            f"{_where(store)} binds this output to another {what}: {theirs[:12]}…, "
            f"not {ours[:12]}…; use the same one, or another --output"
        )


def _where(store: Store) -> str:
    return f"{store.uri.rstrip('/')}/{keys.JOB}"
