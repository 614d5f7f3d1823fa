"""What must come of the files that blends.py writes."""

from __future__ import annotations

from tests.truth.cases.case import THREE, TWO, Case


def _blend(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.blend", **keys) for name in names)  # type: ignore[arg-type]


def _fbx(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.fbx", **keys) for name in names)  # type: ignore[arg-type]


def _usdc(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.usdc", **keys) for name in names)  # type: ignore[arg-type]


def _usdz(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.usdz", **keys) for name in names)  # type: ignore[arg-type]


BY_BLENDER = (
    *_blend(
        "time-key",
        "time-armature",
        "time-shape-key",
        "time-parent",
        "time-visibility",
        "time-driver",
        spans=TWO,
        sides=None,
    ),
    *_blend(
        "instance-collection-info",
        "instance-collection-info-excluded",
        "instance-object-info",
        "instance-object-info-realised",
        "instance-faces",
        spans=THREE,
        sides=None,
    ),
    *_blend("instance-nested", spans=(1.0, 1 / 7, 1 / 7), sides=None),
    *_blend("instance-host-scaled", spans=THREE, sides=None),
    *_blend("instance-and-prototype", spans=(1.0, 0.25, 0.25)),
    *_blend(
        "limit-location", "limit-copy", "limit-distance", "limit-floor", "limit-child-of", spans=TWO
    ),
    *_blend(
        "unseen-edge",
        "unseen-vertices",
        "unseen-only-edges",
        "unseen-curve",
        "unseen-camera",
        "unseen-render",
        "unseen-holdout",
        "unseen-holdout-collection",
        "unseen-indirect-collection",
        "unseen-clear",
        "unseen-clear-slot",
        "unseen-shadow-catcher",
        "unseen-excluded",
        "unseen-excluded-inside",
        "unseen-hidden-collection",
        "unseen-orphan",
        "unseen-other-layer",
        "unseen-other-scene",
        "unseen-three-scenes",
    ),
    *_blend("render-nodes", sides=None),
    *_blend("render-bare-curve"),
    *_blend(
        "render-background-scene",
        "excluded-parent",
        "excluded-target",
        "excluded-armature",
        "scene-property",
        "scene-frames-remapped",
        spans=TWO,
        sides=None,
    ),
    *_blend("scale-tiny-limited", spans=TWO, sides=None),
    *_blend("scale-far-instances", spans=THREE, sides=None),
    *_blend("blend-tiles", found=("maps/tile.<UDIM>.png",)),
    *_blend("library-below"),
    *_blend("library-moved", found=("Part.blend",)),
    *_blend("library-gone", missing=("part.blend",)),
    *_blend("library-outside", outcome="import", says="outside"),
    *_blend("file-volume-gone", missing=("gone.vdb",)),
    *_blend("file-volume-away", missing=("away.vdb",)),
    *_blend("file-volume-outside", missing=("outside.vdb",)),
    *_blend("file-volume-moved", found=("smoke/moved.vdb",), undecodable=("moved.vdb",)),
    *_blend("file-alembic-gone", missing=("gone.abc",)),
    *_blend("file-alembic-broken", undecodable=("broken.abc",)),
    *_blend("file-volume-lfs", undecodable=("pointer.vdb",)),
    *_blend("file-mesh-cache-gone", missing=("gone.pc2",)),
    *_blend("file-mesh-cache", undecodable=("cache.pc2",)),
    *_blend("file-font-gone", missing=("Gone.ttf",)),
    *_blend("file-sound-gone", missing=("gone.wav",)),
    *_blend("file-light-gone", missing=("gone.ies",)),
    *_blend("blend-windows", found=("blend1.png",)),
    *_blend("blend-backslashes", found=("deep/er/blend2.png",)),
    *_blend("blend-posix", found=("textures/blend3.png",)),
    *_blend("blend-tail", found=("a/blend5.png",)),
    *_blend("blend-two", sides=None, missing=("blend4.png",)),
    *_fbx("fbx-beside", found=("fbx1.png",)),
    *_fbx("fbx-textures", found=("textures/fbx2.png",)),
    *_fbx("fbx-case", found=("Fbx3.PNG",)),
    *_fbx("fbx-posix", found=("maps/fbx4.png",)),
    *_fbx("fbx-tail", found=("skin/fbx5.png",)),
    *_fbx("fbx-two", sides=None, missing=("fbx6.png",)),
    *_fbx("fbx-gone", sides=None, missing=("fbx7.png",)),
    *_fbx("fbx-colours"),
    *_usdc("usdc-plain"),
    *_usdc("usdc-backslash", found=("maps/crate1.png",)),
    *_usdc("usdc-escaped", found=("my crate2.png",)),
    *_usdc("usdc-case", found=("maps/crate3.png",)),
    *_usdc("usdc-windows", found=("textures/crate4.png",)),
    *_usdc("usdc-posix", found=("crate5.png",)),
    *_usdc("usdc-layer", found=("parts/part.usdc", "maps/crate6.png")),
    *_usdc("usdc-gone", sides=None, missing=("crate7.png",)),
    *_usdc("usdc-two", sides=None, missing=("crate8.png",)),
    *_usdc("usdc-out", sides=None, missing=("outside.png",)),
    *_usdz("usdz-plain"),
    *_usdz("usdz-windows", found=("model.usdz[maps/zip1.png]",)),
    *_usdz("usdz-case", found=("model.usdz[maps/zip2.png]",)),
    *_usdz("usdz-gone", sides=None, missing=("zip3.png",)),
)
