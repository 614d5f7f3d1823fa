"""One object of an index."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from worker.core import keys

SHARD_SIZE: Final = 500
"""Objects in a shard, if nothing else is said."""
_REPOSITORY: Final = re.compile(r"https://github\.com/([^/]+/[^/]+)/")


class SceneSlot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One object position in the scenes of a group: its class and the objects drawn for it."""

    class_idx: int
    members: tuple[int, ...]
    """Indices of `Scenes.members`; the first one that can be rendered is, the others are spares."""


class Group(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Consecutive samples that show the same objects."""

    samples: int
    places: tuple[SceneSlot, ...]


class Scenes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A range of samples of synthetic scenes; see `worker.index.scenes`."""

    plan: str
    """Digest of the recipe's settings that the members were drawn with."""
    first: int
    """Number of the first sample in the data set."""
    classes: tuple[str, ...]
    """Class names; a class's number is its position."""
    groups: tuple[Group, ...]
    members: tuple[ObjectRef, ...]
    numbers: tuple[int, ...] = ()
    """The place of each member among all objects that are drawn from, by class and identifier; none
    in indexes of older versions."""

    @property
    def samples(self) -> int:
        """The number of samples in the range."""
        return sum(group.samples for group in self.groups)


class ObjectRef(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One object: its identifier, its location and its sha256.

    A line of a JSONL shard and a record of an Objaverse-XL list have these fields as camelCase
    keys; unknown keys are ignored. `path` and `root` are relative to the folder or prefix of the
    list until `resolve.resolve` makes them absolute.
    """

    file_identifier: str
    """Identifies the object and determines its uid; also its location without `path` and `url`."""
    source: str = ""
    """github, sketchfab, thingiverse, smithsonian, or empty."""
    sha256: str | None = None
    """Lower-case hex sha256 of the model file; None if it is not to be checked."""
    path: str | None = None
    """Location: a file, or `archive.zip!/member` for a file in an archive."""
    url: str | None = None
    """Location: http://, https:// or s3://."""
    root: str | None = None
    """Folder whose files belong to the object, such as textures; by default the model's folder."""
    file_type: str | None = None
    """Format without a dot ("glb"); by default the location's suffix."""
    license: str | None = None
    metadata: dict[str, Any] | str | None = None
    """Annotations, copied to the zip's metadata."""
    scenes: Scenes | None = None
    """Set if this is a range of samples of synthetic scenes instead of an object."""

    @property
    def uid(self) -> str:
        """The object's uid; see `keys.uid_of`."""
        return keys.uid_of(self.file_identifier)

    @property
    def location(self) -> str:
        """Where to fetch the object: `path`, else `url`, else the identifier."""
        return self.path or self.url or self.file_identifier

    @property
    def category(self) -> str | None:
        """The object's category in its annotations: `synset` of a ShapeNet tree, or `category`."""
        if not isinstance(self.metadata, dict):
            return None
        found = (self.metadata.get(key) for key in ("synset", "category"))
        return next((each for each in found if isinstance(each, str) and each), None)

    @property
    def repository(self) -> str | None:
        """The GitHub repository ("org/repo") that has the object, or None."""
        found = _REPOSITORY.match(self.location)
        return None if found is None else found[1]


class BadRecord(ObjectRef, frozen=True, kw_only=True):
    """A record of a shard that cannot be read or is not valid; it fails as its object.

    No list can hold one, because records are decoded as `ObjectRef`. None must be written to a
    list, where it would be a record like any other.
    """

    reason: str
    """What is wrong with it, where, and what to do."""


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One shard of an index, as `index.json` lists it."""

    name: str
    file: str
    objects: int
    sha256: str
