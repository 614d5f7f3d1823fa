"""Every key, file name and identity, built in one place.

The layout under an output is the API: the same keys on a folder and on S3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_DNS, uuid5

JOB: Final = "job.json"
RENDERS: Final = "renders/"
LEDGER: Final = "ledger/"
DOWNLOADS: Final = "downloads/"

JOB_FORMAT: Final = "render-worker-job"
"""What `JOB` calls itself."""

INDEX: Final = "index.json"
SHARDS: Final = "shards/"
CONTACT_SHEET: Final = "contact-sheet.png"

METADATA: Final = "metadata.json"
CAMERAS: Final = "cameras.json"
TRANSFORMS: Final = "transforms.json"
INFO: Final = "info.json"
"""GPT4Point's."""
ROTATION: Final = "rotation.npy"
ELEVATION: Final = "elevation.npy"
"""GET3D's."""
INTRINSICS: Final = "intrinsics.txt"
BBOX: Final = "bbox.txt"
"""NSVF's."""
OMAGE: Final = "omage_tensor.npz"
"""The object image, named as the omages' own reader opens it."""
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
"""Image kind to what its file name has after the view's; see `image_endings`."""

_TEMPORARY: Final = ".tmp-"
_PROBE: Final = ".probe-"

_SCENES_RANGE: Final = re.compile(r"scenes/[^/]+/([0-9]{5,18})-([0-9]{5,18})")
_QUOTED: Final = re.compile(r"%(?=[0-9A-Fa-f]{2})")
UID_PATTERN: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uid_of(file_identifier: str) -> str:
    """The object's uid, Objaverse-XL's ``uuid5(NAMESPACE_DNS, fileIdentifier)``."""
    return str(uuid5(NAMESPACE_DNS, file_identifier))


def shard_name(number: int) -> str:
    """Name of shard `number` (0, 1, …) of an index: "000000"."""
    return f"{number:06d}"


def shard_file(shard: str) -> str:
    """A shard's JSONL file, relative to its index."""
    return f"{SHARDS}{shard}.jsonl"


def render_zip(uid: str) -> str:
    """The one zip of an object, relative to the output."""
    return f"{RENDERS}{uid}.zip"


def ledger_of(shard: str) -> str:
    """Prefix of all ledger parts of a shard."""
    return f"{LEDGER}{shard}/"


def ledger_part(shard: str, writer: str, sequence: int) -> str:
    """One immutable ledger part: `writer` is unique to one worker process."""
    return f"{ledger_of(shard)}{writer}-{sequence:06d}.jsonl"


def shard_of_part(key: str) -> str:
    """The shard that a ledger part's key is of; inverse of `ledger_part`."""
    return key.removeprefix(LEDGER).partition("/")[0]


def download(uid: str) -> str:
    """What is kept of an object's download: a folder, or an archive once its ending is added."""
    return f"{DOWNLOADS}{uid}"


def repository_download(host: str, org: str, repo: str, commit: str) -> str:
    """As `download`, of one commit of a repository, with all its objects."""
    return f"{DOWNLOADS}{host}/{org}/{repo}/{commit}"


def kept_file(download: str, name: str) -> str:
    """A file below a `download` that is a folder; `name` is its POSIX path there.

    What no key may hold is percent-quoted, and so is a "%" that would be read as such a quote:
    `urllib.parse.unquote` gives the name back.
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
    """A file that is still being written, in the folder it is for; never listed."""
    return f"{_TEMPORARY}{token}"


def probe(token: str) -> str:
    """A key that a store's self-check writes and deletes; never listed."""
    return f"{_PROBE}{token}"


def is_own(name: str) -> bool:
    """Whether a name is a store's own: one of `temporary` or `probe`."""
    return name.startswith((_TEMPORARY, _PROBE))


def view_name(number: int) -> str:
    """Name of view `number` (0, 1, …): "000"."""
    return f"{number:03d}"


def scenes_range(preset: str, first: int, last: int) -> str:
    """Identifier of samples `first` to `last` of a data set of scenes."""
    return f"scenes/{preset}/{first:05d}-{last:05d}"


def samples_of(identifier: str) -> range | None:
    """The samples that an identifier as of `scenes_range` is of, or None: it is another's."""
    match = _SCENES_RANGE.fullmatch(identifier)
    return range(int(match[1]), int(match[2]) + 1) if match else None


SCENE_SAMPLES: Final = "img/"
"""Samples of scenes lie here."""


def sample_picture(idx: int, *, exr: bool) -> str:
    """Sample `idx` of a data set of scenes: "img/00000.exr"."""
    return f"{SCENE_SAMPLES}{idx:05d}{'.exr' if exr else '.png'}"


def sample_truth(idx: int) -> str:
    """What is true of its objects, beside it."""
    return f"{SCENE_SAMPLES}{idx:05d}.npy"


def member(uid: str, name: str) -> str:
    """A zip member's name: everything lies in one folder named for the object."""
    return f"{uid}/{name}"


def image_endings(images: Iterable[str]) -> dict[str, str]:
    """What each of a recipe's image kinds has after the view's name: "_depth.png".

    The colour image has the bare name; without one the albedo has, as in GPT4Point's renders.
    """
    endings = {kind: IMAGE_ENDINGS[kind] for kind in images}
    if "colour" not in endings and "albedo" in endings:
        endings["albedo"] = IMAGE_ENDINGS["colour"]
    return endings


def image_file(view: str, ending: str = ".png") -> str:
    """A view's image; `ending` tells its kind (see `image_endings`): "000_depth.png"."""
    return f"{view}{ending}"


def matrix_file(view: str) -> str:
    """A view's camera matrix: "000.npy"."""
    return f"{view}.npy"


def gpt4point_files(number: int) -> tuple[str, str]:
    """GPT4Point's view JSON: as its README names it, and as its reader does."""
    return f"{view_name(number)}.json", f"{number:05d}.json"


def zeronvs_file(view: str) -> str:
    """A view's camera for ZeroNVS: "000_metadata.json"."""
    return f"{view}_metadata.json"


def split_file(split: str) -> str:
    """NeRF-synthetic's cameras of "train", "val" or "test"."""
    return f"transforms_{split}.json"


def pose_file(view: str) -> str:
    """NSVF's pose of a view."""
    return f"pose/{view}.txt"


EXPORT: Final = "export.json"
"""Binds a data set to its kind, its options and the output it is made from."""
EXPORT_FORMAT: Final = "render-worker-export"
"""What `EXPORT` calls itself."""
PLY: Final = "ply/"
PLY_BINARY: Final = "ply_binary/"


def cloud_npz(uid: str) -> str:
    """An object's point cloud for NumPy."""
    return f"npz/{uid}.npz"


def cloud_ply(uid: str) -> str:
    """An object's point cloud as ASCII PLY."""
    return f"{PLY}{uid}.ply"


def cloud_ply_binary(uid: str) -> str:
    """An object's point cloud as binary PLY."""
    return f"{PLY_BINARY}{uid}.ply"


def omage_small(size: int) -> str:
    """The object image reduced to `size` pixels."""
    return f"omage_tensor_{size}.npz"


OMAGE_PICTURES: Final = ("position", "normal", "albedo", "material")
"""Of which channels of an object image there are pictures."""


def omage_picture(what: str) -> str:
    """A small picture of some of an object image's channels, to look at."""
    return f"omage_{what}.png"


def omage_set(charts: int, margin: float, size: int) -> str:
    """A set of object images, named as the omages' own: "df_p64_m02_res64"."""
    return f"df_p{charts}_m{round(100 * margin):02d}_res{size}"


def omage_h5(name: str, group: str | None) -> str:
    """The set's file, or that of one group: "df_p64_m02_res64_000000.h5"."""
    return f"{name}.h5" if group is None else f"{name}_{group}.h5"


def omage_meta(h5: str) -> str:
    """What is in each row of a set, beside it, where the omages' reader looks for it."""
    return f"{h5.removesuffix('.h5')}_meta.json"


def group_name(number: int) -> str:
    """Name of group `number` (0, 1, …) of objects that share a file: "000000"."""
    return f"{number:06d}"


def tar_file(group: str) -> str:
    """A group's WebDataset shard."""
    return f"{group}.tar"


def parquet_file(group: str) -> str:
    """A group's part of the catalogue."""
    return f"catalogue-{group}.parquet"


def h5_pictures(number: int) -> str:
    """Group `number` of samples as pictures, the study's name: "imgs_00.h5"."""
    return f"imgs_{number:02d}.h5"


def h5_data(edge: int, number: int | None, *, lab: bool) -> str:
    """Preprocessed samples, the study's name: "data_128_lab.h5"; of one group: "data_128_00.h5"."""
    part = "" if number is None else f"_{number:02d}"
    return f"data_{edge}{'_lab' if lab else ''}{part}.h5"
