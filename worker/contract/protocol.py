"""The protocol between the host and a Blender child, shared by both sides.

One JSON object per line, ``{"type": name, …fields}``, over a socket inherited by the child,
never stdin or stdout. The host decodes strictly (a child that has run a hostile file is not
trusted); the child trusts the host.

    host                         child
      │  ◄──────────────────────── Ready       once, when Blender is up
      │  Configure ───────────────►
      │  ◄──────────────────────── Configured  or Failed(uid="", "device" or "configuration")
      │  RenderObject ────────────►
      │  ◄──────────────────────── Phase…      "import", "scene", then "view"; not each fast view
      │  ◄──────────────────────── Rendered    or Failed
      │  Stop ────────────────────►            child exits 0
      ◄── Beat ─────────────────── at any time, from a separate thread
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Dict, List, Tuple, Union

from worker.contract.escaping import escaped

MAX_LINE = 16 * 1024 * 1024
STAGE = "staged"
"""Folder in an object's scratch in which the child may lay it out for its importer."""
DEBUG = "debug"
"""Folder in an object's scratch for what the child leaves of an object that is debugged."""
NAMED_FILES = "files.jsonl"
"""In DEBUG: the absolute path of each file that the model names, a JSON string per line."""
SAVED = ".blend"
"""In DEBUG: the suffix of scenes as they were saved. A ".txt" beside each says when; see STATES."""
COLOUR = "colour"
"""In `View.files`, of EEVEE and Workbench: an array (height, width, 4) of little-endian float32,
linear and premultiplied. "passes" is then there only if data are wanted, and has those."""
STATES = ("imported", "ready", "failed")
"""When a scene was saved: after its import, before its first view, or when the object failed."""


@dataclasses.dataclass(frozen=True)
class Ready:
    """The child is up. `formats`: file suffixes, without a dot, that this Blender can import.

    exact_depth: the engines whose depth has 32 bits; EEVEE's had 16 until 4.1.
    """

    blender: str
    formats: List[str]
    engines: List[str]
    denoisers: List[str]
    view_transforms: List[str]
    exact_depth: List[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Configure:
    """Bind the child to a device: "cpu", "cuda" or "optix". `threads` 0 leaves it to Blender.

    environment: an image to light with, decoded once before anything is rendered; or "".
    """

    device: str
    threads: int = 0
    environment: str = ""


@dataclasses.dataclass(frozen=True)
class Configured:
    """The names of the devices that will render."""

    devices: List[str]


@dataclasses.dataclass(frozen=True)
class RenderObject:
    """Render one object. `root` and `scratch` are absolute; `model` is relative to `root`.

    `recipe` is `recipe.to_dict(Recipe)`. Raw passes go to `scratch`, an empty folder. Only product
    scenes has an `order`, `scene_order.to_dict(Order)`; then `model` and `format` are empty. With
    `debug`, the child also writes to the folder DEBUG in `scratch`; the raw passes are the same.
    """

    uid: str
    root: str
    model: str
    format: str
    scratch: str
    recipe: Dict[str, Any]
    order: Dict[str, Any] = dataclasses.field(default_factory=dict)
    debug: bool = False


@dataclasses.dataclass(frozen=True)
class Stop:
    """Finish and exit 0."""


@dataclasses.dataclass(frozen=True)
class Beat:
    """Sign of life, about once a second, from a separate thread."""

    count: int


@dataclasses.dataclass(frozen=True)
class Phase:
    """What the child does next: "import", "scene" or "view" (with its number).

    Fast views are not told each; see `worker.blender.products.told_views`.
    """

    uid: str
    phase: str
    view: int = -1


@dataclasses.dataclass(frozen=True)
class View:
    """One rendered view.

    camera_to_world: 4x4, OpenGL axes (x right, y up, looking down -z), world Z up.
    intrinsics: 3x3 K in pixels, pixel centres at +0.5, origin at the top left. projection is
    "perspective", or "orthographic": K[0,0] is pixels per world unit, without perspective division.
    frame: the frame of the object's animation.
    files: raw file name in scratch by kind: "passes" (multilayer EXR, linear, premultiplied)
    and, where the view transform is not the sRGB standard, "display" (Targa, straight alpha). Both
    are uncompressed; or COLOUR.
    window: left, top, width and height of the part of the frame that those files hold, in pixels;
    nothing is seen outside it. Empty: all of it.
    raw_scale, raw_offset: a length l in the raw files is ``raw_scale * l`` in the world, a point p
    ``raw_scale * p + raw_offset``.
    """

    name: str
    camera_to_world: List[List[float]]
    intrinsics: List[List[float]]
    width: int
    height: int
    projection: str
    files: Dict[str, str]
    frame: int = 0
    window: List[int] = dataclasses.field(default_factory=list)
    raw_scale: float = 1.0
    raw_offset: List[float] = dataclasses.field(default_factory=lambda: [0.0, 0.0, 0.0])


@dataclasses.dataclass(frozen=True)
class Rendered:
    """All views are on disk. `files`: raw files that belong to no view (name in scratch, by kind).

    `scene` holds the object's statistics, with "object_names" and "material_names" if index images
    are wanted (number 1 is the first); `runtime` what actually rendered it (Blender's version,
    device kind, denoiser, view transform, features this Blender lacks). `render_s` and
    `render_cpu_s` are the seconds, and the CPU seconds of all threads, in the loop over the views
    (CPU seconds: of the product `views` alone, else 0).
    """

    uid: str
    views: List[View]
    scene: Dict[str, Any]
    runtime: Dict[str, Any]
    render_s: float
    files: Dict[str, str] = dataclasses.field(default_factory=dict)
    render_cpu_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Failed:
    """The object failed; `code` is one of `worker.core.errors.OBJECT_ERRORS`.

    In answer to Configure, "device" or "configuration". `can_go_on`: the child has put the object
    away and is as good as new.
    """

    uid: str
    code: str
    message: str
    can_go_on: bool = False


Message = Union[
    Ready, Configure, Configured, RenderObject, Stop, Beat, Phase, Rendered, Failed
]  # fmt: skip
FROM_HOST: Tuple[type, ...] = (Configure, RenderObject, Stop)
FROM_CHILD: Tuple[type, ...] = (Ready, Configured, Beat, Phase, Rendered, Failed)


def encode(message: Message) -> bytes:
    """One line with its newline. A child's is escaped by `escaped`: the host decodes strictly."""
    fields = {"type": type(message).__name__, **vars(message)}
    if not isinstance(message, FROM_CHILD):  # its paths must keep every byte
        return json.dumps(fields, separators=(",", ":"), default=_fields).encode() + b"\n"
    line = json.dumps(fields, separators=(",", ":"), ensure_ascii=False, default=_fields)
    return escaped(line, backslash=r"\\").encode() + b"\n"


def _fields(value: Any) -> Dict[str, Any]:
    """The fields of a dataclass in a message. Raises: TypeError for anything else."""
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"a message cannot hold {type(value).__name__}")
    return vars(value)


def decode_from_host(line: bytes) -> Union[Configure, RenderObject, Stop]:
    """Inverse of `encode`, for the child; the host is trusted, so only the type is checked."""
    fields = json.loads(line)
    kinds = {kind.__name__: kind for kind in FROM_HOST}
    kind = fields.pop("type")
    return kinds[kind](**fields)  # type: ignore[no-any-return]
