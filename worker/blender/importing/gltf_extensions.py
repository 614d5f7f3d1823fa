"""Rejects a glTF that requires extensions which Blender's importer does not support.

Blender has no decoder for them, and no maintained decoder exists for its Python. The check runs
before the import, so that the error names the extension; the importer's own error is less clear.
"""

from __future__ import annotations

import os.path
from typing import Any, Dict, Iterator, List
from urllib.parse import unquote

from worker.blender import compat
from worker.blender.faults import ObjectFault
from worker.blender.importing.paths import Root
from worker.blender.references import gltf
from worker.contract.escaping import escaped

FORMATS = frozenset({"glb", "gltf"})
MESHOPT = frozenset({"EXT_meshopt_compression", "KHR_meshopt_compression"})
DRACO = "KHR_draco_mesh_compression"
_UNPACK = "'gltfpack -i model.glb -o copy.glb' (0.22 or later) writes a copy without it"
REMEDIES: Dict[str, str] = {
    **dict.fromkeys(MESHOPT, _UNPACK),
    "KHR_texture_basisu": "'gltf-transform ktxdecompress model.glb copy.glb' writes a copy with "
    "PNG pictures",
    DRACO: "the bpy wheel and blender.org's own builds have its library",
}
"""How to convert files that use the common ones."""
ANY_REMEDY = "write a copy without it"
KTX2 = REMEDIES["KHR_texture_basisu"]


def check(path: str, suffix: str) -> None:
    """Reject a glTF that needs an extension this Blender cannot read.

    Raises: ObjectFault("unsupported").
    """
    known = compat.gltf_extensions() if suffix in FORMATS else frozenset()
    if not known:
        return
    content = gltf.content(path)
    unknown = [name for name in dict.fromkeys(_needed(content)) if name not in known]
    if unknown:
        remedy = REMEDIES.get(unknown[0], ANY_REMEDY)
        raise ObjectFault(
            "unsupported",
            f"the glTF needs {', '.join(unknown)[:200]}, which Blender {compat.version()} cannot "
            f"read: {remedy}",
        )


def _needed(content: Any) -> Iterator[str]:
    """Names of the extensions that the file declares required or needs to read its buffers."""
    required = _list(_table(content).get("extensionsRequired"))
    yield from (name for name in required if isinstance(name, str))
    for buffer in _tables(content, "buffers"):
        if "uri" in buffer:
            continue
        extensions = _table(buffer.get("extensions"))
        # A fallback buffer is a placeholder: the uncompressed data is stored nowhere.
        yield from (
            name for name in sorted(MESHOPT) if _table(extensions.get(name)).get("fallback")
        )


def undecodable(root: Root, suffix: str) -> Dict[str, str]:
    """The pictures of textures that only an unknown extension has, each with its remedy.

    The importer leaves such a texture out, as an optional extension may be.
    """
    known = compat.gltf_extensions() if suffix in FORMATS else frozenset()
    if not known:
        return {}
    content = gltf.content(root.model)
    textures, images = _tables(content, "textures"), _tables(content, "images")
    found: Dict[str, str] = {}
    for number in sorted(set(_used(_list(_table(content).get("materials"))))):
        texture = textures[number] if number < len(textures) else {}
        if "source" in texture:
            continue
        for extension, about in _table(texture.get("extensions")).items():
            source = _table(about).get("source")
            if extension in known or not isinstance(source, int) or not 0 <= source < len(images):
                continue
            name = _picture(root, images[source], source)
            if name:
                remedy = REMEDIES.get(extension, ANY_REMEDY)
                found[name] = f"Blender cannot read {extension[:100]}: {remedy}"
    return found


def _used(value: Any) -> Iterator[int]:
    """Numbers of the textures that materials use."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if str(key).endswith("exture") and isinstance(_table(item).get("index"), int):
            yield item["index"]
        elif isinstance(item, (dict, list)):
            yield from _used(item)


def _picture(root: Root, image: Dict[str, Any], number: int) -> str:
    """The name of a picture; "" if its file does not exist, which `staging` has recorded."""
    uri = image.get("uri")
    if isinstance(uri, str) and not uri.startswith(gltf.DATA):
        path = root.locate(unquote(uri))
        return escaped(root.name(path)) if os.path.isfile(path) else ""  # noqa: PTH113
    name = image.get("name")
    return escaped(name) if isinstance(name, str) and name else f"image {number}"


def _tables(content: Any, kind: str) -> List[Dict[str, Any]]:
    return [_table(item) for item in _list(_table(content).get(kind))]


def _table(value: Any) -> Dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []
