"""Every key, file name and identifier; no other module builds one.

The layout of an output is an API: its keys are the same in a folder and on S3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_DNS, uuid5

JOB: Final = "job.json"
RENDERS: Final = "renders/"
LEDGER: Final = "ledger/"
BEGUN: Final = "begun/"
SUMMARIES: Final = "summaries/"
PARTS_OF_OUTPUT: Final = (RENDERS, LEDGER, BEGUN, SUMMARIES)
DOWNLOADS: Final = "downloads/"
FETCH: Final = "fetch.json"
"""The manifest of a place of downloads."""

JOB_FORMAT: Final = "render-worker-job"
"""The `format` field of `JOB`."""
FETCH_FORMAT: Final = "render-worker-fetch"
"""The `format` field of `FETCH`."""

INDEX: Final = "index.json"
SHARDS: Final = "shards/"
SAMPLE: Final = "sample.jsonl"
"""The list of the objects that `estimate` renders."""

METADATA: Final = "metadata.json"
CAMERAS: Final = "cameras.json"
TRANSFORMS: Final = "transforms.json"
INFO: Final = "info.json"
"""A file of GPT4Point's layout."""
ROTATION: Final = "rotation.npy"
ELEVATION: Final = "elevation.npy"
"""A file of GET3D's layout, as is ROTATION."""
INTRINSICS: Final = "intrinsics.txt"
BBOX: Final = "bbox.txt"
"""A file of NSVF's layout, as is INTRINSICS."""
OMAGE: Final = "omage_tensor.npz"
"""The object image, under the name that the reader of the omages paper opens."""
MESH_GLB: Final = "mesh.glb"
MESH_PLY: Final = "mesh.ply"
"""The object's mesh, as is MESH_GLB; TRELLIS's reader opens this name."""
PREVIEWS: Final = {"turntable-gif": "turntable.gif", "turntable-webp": "turntable.webp"}

IMAGE_ENDINGS: Final = {
    "colour": ".png",
    "colour-exr": ".exr",
    "depth": "_depth.png",
    "depth-f16": "_depth.png",
    "depth-exr": "_depth.exr",
    "depth-npy": "_depth.npy",
    "normal": "_normal.png",
    "normal-16": "_normal16.png",
    "normal-exr": "_normal.exr",
    "albedo": "_albedo.png",
    "alpha": "_MatAlpha.png",
    "metallic": "_metallic.png",
    "roughness": "_roughness.png",
    "mask": "_mask.png",
    "index-object": "_object.png",
    "index-material": "_material.png",
    "position-exr": "_position.exr",
}
"""For each image kind, what follows the view's name in its file name; see `image_endings`."""

_TEMPORARY: Final = ".tmp-"
_PROBE: Final = ".probe-"

_SCENES_RANGE: Final = re.compile(r"scenes/[^/]+/([0-9]{5,18})-([0-9]{5,18})")
_PART: Final = re.compile(r"(.+?)-([0-9]{6,})(?:-to-([0-9]{6,}))?\.jsonl")
_QUOTED: Final = re.compile(r"%(?=[0-9A-Fa-f]{2})")
UID_PATTERN: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@lru_cache(maxsize=4096)  # each step of an object asks
def uid_of(file_identifier: str) -> str:
    """The object's uid, Objaverse-XL's ``uuid5(NAMESPACE_DNS, fileIdentifier)``."""
    return str(uuid5(NAMESPACE_DNS, file_identifier))


def shard_name(number: int) -> str:
    """Name of shard `number` (0, 1, …) of an index: "000000"."""
    return f"{number:06d}"


def bad_record(shard: str, line: int) -> str:
    """Identifier of a record that has none of its own; `line` counts from 1."""
    return f"{shard}:{line}"


def shard_file(shard: str) -> str:
    """Path of a shard's JSONL file, relative to its index."""
    return f"{SHARDS}{shard}.jsonl"


def render_zip(uid: str, prefix: int = 0) -> str:
    """Key of an object's zip, relative to the output.

    prefix: the first characters of the uid that name a folder of its own; see `OutputManifest`.
    """
    return f"{RENDERS}{uid[:prefix]}{'/' * bool(prefix)}{uid}.zip"


def ledger_of(shard: str) -> str:
    """Key prefix of all ledger parts of a shard."""
    return f"{LEDGER}{shard}/"


def ledger_part(shard: str, writer: str, sequence: int) -> str:
    """Key of one immutable ledger part; `writer` is unique to one worker process."""
    return f"{ledger_of(shard)}{writer}-{sequence:06d}.jsonl"


def begun_of(shard: str) -> str:
    """Key prefix of the notes of begun objects of a shard."""
    return f"{BEGUN}{shard}/"


def begun_note(shard: str, writer: str) -> str:
    """Key of one worker's note; `writer` as for `ledger_part`."""
    return f"{begun_of(shard)}{writer}.json"


def compacted_part(shard: str, writer: str, first: int, last: int) -> str:
    """Key of a part with all lines of a writer's parts `first` to `last` in a shard.

    It supersedes them: a reader need not read what its name covers.
    """
    return f"{ledger_of(shard)}{writer}-{first:06d}-to-{last:06d}.jsonl"


def shard_summary(shard: str, digest: str) -> str:
    """Key of the summary of a shard's parts, of which `digest` is the digest."""
    return f"{SUMMARIES}{shard}/{digest}.json"


def part_numbers(key: str) -> tuple[str, int, int] | None:
    """Writer and first and last number of a ledger part's key; None for another key."""
    match = _PART.fullmatch(key.rpartition("/")[2])
    return match and (match[1], int(match[2]), int(match[3] or match[2]))


def shard_of_part(key: str) -> str:
    """The shard of a ledger part's key, which `ledger_part` built."""
    return key.removeprefix(LEDGER).partition("/")[0]


def download(uid: str) -> str:
    """Key of an object's stored download: a folder, or an archive when a suffix is appended."""
    return f"{DOWNLOADS}{uid}"


def repository_download(host: str, org: str, repo: str, commit: str) -> str:
    """As `download`, for one commit of a repository with all its objects."""
    return f"{DOWNLOADS}{host}/{org}/{repo}/{commit}"


def kept_archive(download: str, format_: str) -> str:
    """Key of the archive that has all files of `download`; `format_` is its suffix, "tar"."""
    return f"{download}.{format_}"


def kept_file(download: str, name: str) -> str:
    """Key of a file in the folder `download`; `name` is its POSIX path there.

    Characters that no key may contain are percent-encoded, and so is a "%" that looks like an
    escape. `urllib.parse.unquote` returns the name.
    """
    return "/".join((download, *map(_quoted, name.split("/"))))


def _quoted(part: str) -> str:
    part = _QUOTED.sub("%25", part)
    part = "".join(
        char if char.isprintable() else quote(char, safe="", errors="surrogateescape")
        for char in part
    )
    return f"%2E{part[1:]}" if is_own(part) else part


def temporary(token: str) -> str:
    """Name of a file that is still being written, in its final folder; never listed."""
    return f"{_TEMPORARY}{token}"


def probe(token: str) -> str:
    """Key that a store's check writes and deletes; never listed."""
    return f"{_PROBE}{token}"


def is_own(name: str) -> bool:
    """Whether a name is reserved for stores: `temporary` or `probe` made it."""
    return name.startswith((_TEMPORARY, _PROBE))


def view_name(number: int) -> str:
    """Name of view `number` (0, 1, …): "000"."""
    return f"{number:03d}"


def scenes_range(name: str, first: int, last: int) -> str:
    """Identifier of samples `first` to `last` (included) of the scenes seeded with `name`."""
    return f"scenes/{name}/{first:05d}-{last:05d}"


def samples_of(identifier: str) -> range | None:
    """The samples that an identifier of `scenes_range` names; None for any other identifier."""
    match = _SCENES_RANGE.fullmatch(identifier)
    return range(int(match[1]), int(match[2]) + 1) if match else None


SCENE_SAMPLES: Final = "img/"
"""Folder of the samples of scenes."""


def sample_picture(idx: int, *, exr: bool) -> str:
    """The image of sample `idx` of a data set of scenes: "img/00000.exr"."""
    return f"{SCENE_SAMPLES}{idx:05d}{'.exr' if exr else '.png'}"


def sample_truth(idx: int) -> str:
    """The ground truth of sample `idx`, next to its image: "img/00000.npy"."""
    return f"{SCENE_SAMPLES}{idx:05d}.npy"


def scene_mesh(uid: str) -> str:
    """The mesh of object `uid` of a data set of scenes: "models/<uid>.ply"."""
    return f"models/{uid}.ply"


def member(uid: str, name: str) -> str:
    """Name of a zip member; all members are in one folder named after the object."""
    return f"{uid}/{name}"


def image_endings(images: Iterable[str]) -> dict[str, str]:
    """For each image kind of a recipe, what follows the view's name: "_depth.png".

    The colour image has only ".png". Without a colour image the albedo takes that name, as in
    GPT4Point's renders.
    """
    endings = {kind: IMAGE_ENDINGS[kind] for kind in images}
    if "colour" not in endings and "albedo" in endings:
        endings["albedo"] = IMAGE_ENDINGS["colour"]
    return endings


def image_file(view: str, ending: str = ".png") -> str:
    """A view's image: "000_depth.png". `ending` depends on its kind; see `image_endings`."""
    return f"{view}{ending}"


def matrix_file(view: str) -> str:
    """A view's camera matrix: "000.npy"."""
    return f"{view}.npy"


def gpt4point_files(number: int) -> tuple[str, str]:
    """GPT4Point's two names of a view's JSON file: the one in its README, the one it reads."""
    return f"{view_name(number)}.json", f"{number:05d}.json"


def zeronvs_file(view: str) -> str:
    """A view's camera for ZeroNVS: "000_metadata.json"."""
    return f"{view}_metadata.json"


def split_file(split: str) -> str:
    """NeRF-synthetic's camera file of "train", "val" or "test"."""
    return f"transforms_{split}.json"


def pose_file(view: str) -> str:
    """NSVF's pose file of a view."""
    return f"pose/{view}.txt"


DEBUG_SUMMARY: Final = "README.txt"
"""Files and folders that `render-worker debug` leaves, as are all of DEBUG_*."""
DEBUG_RECORD: Final = "object.jsonl"
DEBUG_RECIPE: Final = "recipe.toml"
DEBUG_SCRIPT: Final = "render.sh"
DEBUG_OUTCOME: Final = "outcome.json"
DEBUG_HISTORY: Final = "ledger.jsonl"
DEBUG_LOG: Final = "blender.log"
DEBUG_FILES: Final = "files"
DEBUG_STAGED: Final = "staged"
DEBUG_RAW: Final = "raw"
DEBUG_ENVIRONMENT: Final = "environment"
"""With the suffix of the environment picture."""
DEBUG_CAMERAS: Final = "cameras"
"""With the suffix of the file of cameras."""


def debug_zip(uid: str) -> str:
    """The zip of an object that is debugged."""
    return f"{uid}.zip"


def debug_folder(number: int) -> str:
    """Folder below DEBUG_FILES of one member of a range of scenes."""
    return f"{number:03d}"


EXPORT: Final = "export.json"
"""The manifest of a data set."""
EXPORT_FORMAT: Final = "render-worker-export"
"""The `format` field of `EXPORT`."""
PLY: Final = "ply/"
PLY_BINARY: Final = "ply_binary/"


def cloud_npz(uid: str) -> str:
    """An object's point cloud as NPZ."""
    return f"npz/{uid}.npz"


def cloud_ply(uid: str) -> str:
    """An object's point cloud as ASCII PLY."""
    return f"{PLY}{uid}.ply"


def cloud_ply_binary(uid: str) -> str:
    """An object's point cloud as binary PLY."""
    return f"{PLY_BINARY}{uid}.ply"


def omage_small(size: int) -> str:
    """The object image reduced to `size` x `size` pixels."""
    return f"omage_tensor_{size}.npz"


OMAGE_PICTURES: Final = ("position", "normal", "albedo", "material")
"""The groups of channels of an object image that have a preview picture."""


def omage_picture(what: str) -> str:
    """A small preview of one of OMAGE_PICTURES."""
    return f"omage_{what}.png"


def omage_set(charts: int, margin: float, size: int) -> str:
    """Name of a set of object images, as the omages paper names its own: "df_p64_m02_res64"."""
    return f"df_p{charts}_m{round(100 * margin):02d}_res{size}"


def omage_h5(name: str, group: str | None) -> str:
    """The HDF5 file of a set, or of one group of it: "df_p64_m02_res64_000000.h5"."""
    return f"{name}.h5" if group is None else f"{name}_{group}.h5"


def omage_meta(h5: str) -> str:
    """JSON that describes each row of `h5`, in the file that the omages reader expects."""
    return f"{h5.removesuffix('.h5')}_meta.json"


VALID_PATHS: Final = "valid_paths.json"
"""Zero-1-to-3's list of the objects' folders."""
TRELLIS_OBJECTS: Final = "metadata.csv"
"""TRELLIS's list of objects."""


def trellis_folder(sha256: str, *, cond: bool = False) -> str:
    """TRELLIS's folder of the views of a model file, or of the views it is conditioned on."""
    return f"renders{'_cond' if cond else ''}/{sha256}"


def group_name(number: int) -> str:
    """Name of group `number` (0, 1, …) of objects that share a file: "000000"."""
    return f"{number:06d}"


def tar_file(group: str) -> str:
    """A group's WebDataset shard."""
    return f"{group}.tar"


def parquet_file(group: str) -> str:
    """A group's Parquet file of the catalogue."""
    return f"catalogue-{group}.parquet"


def image_rows_file(group: str) -> str:
    """A group's Parquet file of rows with encoded images."""
    return f"images-{group}.parquet"
