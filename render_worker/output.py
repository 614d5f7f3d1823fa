"""Opens an output and finds objects in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload
from uuid import NAMESPACE_DNS, uuid5

from render_worker import ledger
from render_worker.archive import UID, Archive
from render_worker.errors import PlaceError, UnknownObject
from render_worker.files import Store
from render_worker.ledger import RENDERED, Outcome
from render_worker.rendered import RenderedObject
from render_worker.s3 import SCHEME, S3Options
from render_worker.stores import DiskFile, open_store

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

RENDERS: Final = "renders/"
JOB: Final = "job.json"
ZIP: Final = ".zip"
JOB_LIMIT: Final = 1 << 28


class Found(NamedTuple):
    """An object that was found: its uid, and its outcome if there is a ledger."""

    uid: str
    outcome: Outcome | None


class Place(NamedTuple):
    """Where zips lie, and the job that made them."""

    store: Store | None
    """None for a single zip, `prefix`."""
    prefix: str
    job: Mapping[str, Any]

    def open(self, found: Found) -> RenderedObject:
        """The object; its zip is not opened yet."""
        if self.store is None:
            archive = Archive(DiskFile(Path(self.prefix)), found.uid)
        else:
            folder = found.uid[: _layout_prefix(self.job)] if self.prefix == RENDERS else ""
            file = self.store.file(f"{self.prefix}{folder}{'/' * bool(folder)}{found.uid}{ZIP}")
            archive = Archive(file, found.uid)
        return RenderedObject(archive, found.outcome, self.job)


class Objects(Sequence[RenderedObject]):
    """A sequence of rendered objects.

    Iteration reads the ledger shard by shard; `len` and indexing read all of it
    once. A zip is opened only when something in it is asked for.
    """

    def __init__(self, place: Place, find: Callable[[], Iterator[Found]]) -> None:
        self._place = place
        self._find: Callable[[], Iterator[Found]] | None = find
        self._list: list[Found] | None = None
        self._at: dict[str, int] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: the list of objects."""
        self._all()
        return {**vars(self), "_find": None, "_at": None}

    def __repr__(self) -> str:
        where = self._place.store.place if self._place.store else self._place.prefix
        count = "" if self._list is None else f" ({len(self._list)})"
        return f"<objects of {where}{count}>"

    def __iter__(self) -> Iterator[RenderedObject]:
        for found in self._each():
            yield self._place.open(found)

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, which: int | str) -> RenderedObject: ...
    @overload
    def __getitem__(self, which: slice) -> Objects: ...
    def __getitem__(self, which: int | str | slice) -> RenderedObject | Objects:
        """By number, or by uid, file identifier or name ("rocket.glb" or "rocket"); or a slice.

        Raises: UnknownObject, if there is none, or several have that name; IndexError.
        """
        if isinstance(which, slice):
            chosen = self._all()[which]
            return Objects(self._place, lambda: iter(chosen))
        if isinstance(which, str):
            which = self._number(which)
        return self._place.open(self._all()[which])

    def __contains__(self, which: object) -> bool:
        """Whether it has this object, by uid, identifier or name, or as an object."""
        name = which.uid if isinstance(which, RenderedObject) else which
        try:
            return isinstance(name, str) and self._number(name) >= 0
        except UnknownObject:
            return False

    def filter(self, keep: Callable[[RenderedObject], object]) -> Objects:
        """The objects for which `keep` returns true; it is called when they are asked for.

        What `keep` looks at decides what is read: `outcome` needs no zip, `metadata` opens it.
        """
        opened = self._place.open
        return Objects(
            self._place, lambda: (found for found in self._each() if keep(opened(found)))
        )

    def to_dataframe(self, *, metadata: bool = False) -> pd.DataFrame:
        """A pandas DataFrame with one row per object, indexed by uid.

        Columns are the identifier and the fields of the ledger; with `metadata`, for which every
        zip is opened, also those of metadata.json.

        Raises: MissingLibrary, without pandas.
        """
        from render_worker.table import dataframe

        return dataframe(self, metadata=metadata)

    def _each(self) -> Iterator[Found]:
        if self._list is not None or self._find is None:
            return iter(self._list or ())
        return self._find()

    def _all(self) -> list[Found]:
        if self._list is None:
            self._list = list(self._each())
        return self._list

    def _number(self, which: str) -> int:
        """The place of an object in the list. Raises: UnknownObject."""
        if self._at is None:
            self._at = {found.uid: number for number, found in enumerate(self._all())}
        for uid in (which, str(uuid5(NAMESPACE_DNS, which))):
            if uid in self._at:
                return self._at[uid]
        named = [
            number
            for number, found in enumerate(self._all())
            if which in _names(self._place.open(found).name)
        ]
        if len(named) == 1:
            return named[0]
        if named:
            raise UnknownObject(
                f"{len(named)} objects are named {which!r}; use a uid or identifier"
            )
        raise UnknownObject(f"{self!r} has no {which!r}")


class Output(Objects):
    """The rendered objects of one output, or of a folder of zips, or of one zip.

    Objects are ordered by shard and uid, or by uid alone without a ledger.
    """

    def __init__(
        self, place: Place, parts: Mapping[str, list[str]], find: Callable[[], Iterator[Found]]
    ) -> None:
        super().__init__(place, find)
        self._parts = parts

    @property
    def job(self) -> Mapping[str, Any]:
        """Its job.json: recipe, and versions of the worker and of Blender; empty without one."""
        return self._place.job

    def outcomes(self) -> Iterator[Outcome]:
        """The last outcome of every object in the ledger, failed ones too. Raises: PlaceError."""
        return _outcomes(self._place.store, self._parts)

    @property
    def failures(self) -> list[Outcome]:
        """The outcomes of the objects that failed. Raises: PlaceError."""
        return [outcome for outcome in self.outcomes() if outcome.outcome == "failed"]


def open_output(
    place: str | Path,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    addressing_style: str = "auto",
) -> Output:
    """Open the output of `render-worker run`.

    place: its folder, ``s3://bucket/prefix``, a folder of zips, or one zip.

    endpoint_url, region, addressing_style ("auto", "path" or "virtual"): of the S3 service; by
    default from the standard AWS variables and files, as are the credentials.

    Raises: PlaceError, if there is none; MissingLibrary, for S3 without boto3.
    """
    text = str(place)
    if not text.startswith(SCHEME) and Path(text).expanduser().is_file():
        return _one_zip(Path(text).expanduser())
    store = open_store(text, S3Options(endpoint_url, region, addressing_style))
    job = _job(store)
    parts = ledger.shards(store)
    if parts:
        rendered = Place(store, RENDERS, job)
        return Output(rendered, parts, lambda: _rendered(store, parts))
    for prefix in (RENDERS, ""):
        deep = prefix == RENDERS and _layout_prefix(job) > 0
        listed = [Found(uid, None) for uid in _zips(store, prefix, deep=deep)]
        if listed:
            return Output(Place(store, prefix, job), {}, partial(iter, listed))
    if job:  # a run that has rendered nothing yet
        return Output(Place(store, RENDERS, job), {}, lambda: iter(()))
    raise PlaceError(
        f"{text} holds no output of render-worker: no {JOB}, no {ledger.LEDGER}, no zips"
    )


def _one_zip(path: Path) -> Output:
    place = Place(None, str(path), {})
    uid = Archive(DiskFile(path)).uid
    return Output(place, {}, lambda: iter([Found(uid, None)]))


def _job(store: Store) -> Mapping[str, Any]:
    body = store.read(JOB, JOB_LIMIT)
    if body is None:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PlaceError(f"{store.place}/{JOB} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise PlaceError(f"{store.place}/{JOB} holds no object")
    return found


def _layout_prefix(job: Mapping[str, Any]) -> int:
    """How many first characters of a uid name the folder of its zip; 0: all are in one."""
    found = job.get("layout_prefix", 0)
    return found if isinstance(found, int) else 0


def _zips(store: Store, prefix: str, *, deep: bool) -> list[str]:
    """The uids of the zips right below `prefix`, or `deep`er, sorted."""
    keys = (entry.key for entry in store.list(prefix, deep=deep))
    names = (key.rpartition("/")[2][: -len(ZIP)] for key in keys if key.endswith(ZIP))
    return [name for name in names if UID.fullmatch(name)]


def _outcomes(store: Store | None, parts: Mapping[str, list[str]]) -> Iterator[Outcome]:
    """Shard by shard, by uid; of an object in several shards, the first one's."""
    seen: set[str] = set()
    if store is None:
        return
    for outcomes in ledger.read_all(store, parts):
        for outcome in outcomes:
            if outcome.uid not in seen:
                seen.add(outcome.uid)
                yield outcome


def _rendered(store: Store, parts: Mapping[str, list[str]]) -> Iterator[Found]:
    for outcome in _outcomes(store, parts):
        if outcome.outcome == RENDERED:
            yield Found(outcome.uid, outcome)


def _names(name: str) -> tuple[str, str]:
    """A file's name, with and without its ending."""
    return name, name.rpartition(".")[0] or name
