"""One object as the index says it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from worker.core import keys

SHARD_SIZE: Final = 500
"""Objects in a shard, if nothing else is said."""
_REPOSITORY: Final = re.compile(r"https://github\.com/([^/]+/[^/]+)/")


class SceneSlot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A place in the scenes of a group: the class shown there, and the objects drawn for it."""

    class_idx: int
    members: tuple[int, ...]
    """Numbers of the range's members: the first that can be shown is."""


class Group(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """So many samples in a row that show the same objects."""

    samples: int
    places: tuple[SceneSlot, ...]


class Scenes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a range of samples of synthetic scenes is made of; see `worker.index.scenes`."""

    plan: str
    """Digest of the recipe's keys by which the members were drawn."""
    first: int
    """Number of the first sample in the data set."""
    classes: tuple[str, ...]
    """Names of the classes by their numbers."""
    groups: tuple[Group, ...]
    members: tuple[ObjectRef, ...]

    @property
    def samples(self) -> int:
        """Samples in the range."""
        return sum(group.samples for group in self.groups)


class ObjectRef(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One object: who it is, where its bytes are, and what they must hash to.

    This is a line of a JSONL shard and a record of an Objaverse-XL list (camelCase keys;
    unknown keys are ignored). `path` and `root` are relative to the list's own folder or
    prefix until `IndexReader` resolves them to absolute paths or URIs.
    """

    file_identifier: str
    """Who the object is; the uid comes from it. Also where its bytes are if nothing below says."""
    source: str = ""
    """github, sketchfab, thingiverse, smithsonian, or empty."""
    sha256: str | None = None
    """Lower-case hex digest of the model file; None leaves it unchecked."""
    path: str | None = None
    """Where the bytes are: a file path or `archive.zip!/member` within an archive."""
    url: str | None = None
    """Where the bytes are: http(s):// or s3://."""
    root: str | None = None
    """Folder whose files belong to the object (textures beside the model); default: `path`'s."""
    file_type: str | None = None
    """Format without a dot ("glb"); default: the location's suffix."""
    license: str | None = None
    metadata: dict[str, Any] | str | None = None
    """Free annotations, passed through to the zip's metadata."""
    scenes: Scenes | None = None
    """Not an object but samples of scenes, and the objects in them."""

    @property
    def uid(self) -> str:
        """The object's uid; see `keys.uid_of`."""
        return keys.uid_of(self.file_identifier)

    @property
    def location(self) -> str:
        """Where the bytes are: `path`, else `url`, else the identifier itself."""
        return self.path or self.url or self.file_identifier

    @property
    def repository(self) -> str | None:
        """The "org/repo" on GitHub that the bytes are in: its objects are fetched together."""
        found = _REPOSITORY.match(self.location)
        return None if found is None else found[1]


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One shard of an index, as `index.json` lists it."""

    name: str
    file: str
    objects: int
    sha256: str
