"""Run inside Blender: writes the cases that only Blender can write, .blend and FBX.

blends.py FOLDER: a folder for each case of BLENDS and FBX, the model in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from tests.truth.blend_instances import (
    child_of,
    collection_info,
    collection_info_excluded,
    collection_of_collections,
    host_is_scaled,
    instance_and_prototype,
    instances_on_faces,
    limited,
    object_info,
    object_info_realised,
)
from tests.truth.blend_linked import (
    alembic,
    fbx,
    fbx_colours,
    font,
    library,
    library_gone,
    library_moved,
    library_outside,
    light_of_file,
    mesh_cache,
    pictured,
    save,
    sound,
    volume,
    volume_pointer,
    with_file,
)
from tests.truth.blend_moving import (
    armature_at_51,
    driven,
    hidden_until_51,
    parent_keyed,
    saved_at_51,
    shape_key_at_51,
)
from tests.truth.blend_parts import factory
from tests.truth.blend_rendered import (
    armature_excluded,
    background_scene,
    bare_curve_beside,
    far_instances,
    frames_remapped,
    hairy,
    metaballs,
    parent_excluded,
    scene_property,
    target_excluded,
    tiles_elsewhere,
    tiny_limited,
    viewport_only_nodes,
)
from tests.truth.blend_unseen import (
    beside,
    clear_by_object_slot,
    clear_shader,
    excluded_in_other_layer,
    in_excluded_collection_inside,
    in_hidden_collection,
    only_edges,
    orphan,
    other,
    set_on_item,
    set_on_layer,
    shadow_floor,
    thin_curve,
    three_scenes,
    two_scenes,
)
from tests.truth.crates import CRATES

BLENDS: dict[str, Callable[[Path], None]] = {
    "time-key": saved_at_51,
    "time-armature": armature_at_51,
    "time-shape-key": shape_key_at_51,
    "time-parent": parent_keyed,
    "time-visibility": hidden_until_51,
    "time-driver": driven,
    "instance-collection-info": collection_info,
    "instance-collection-info-excluded": collection_info_excluded,
    "instance-object-info": object_info,
    "instance-object-info-realised": object_info_realised,
    "instance-host-scaled": host_is_scaled,
    "instance-nested": collection_of_collections,
    "instance-faces": instances_on_faces,
    "instance-and-prototype": instance_and_prototype,
    "limit-location": limited("LIMIT_LOCATION", use_max_x=True, max_x=2.0),
    "limit-copy": limited("COPY_LOCATION", target="TARGET"),
    "limit-distance": limited("LIMIT_DISTANCE", target="TARGET", distance=1e-4),
    "limit-floor": limited("FLOOR", target="TARGET", floor_location="FLOOR_NEGATIVE_X"),
    "limit-child-of": child_of,
    "unseen-edge": beside(points=[(30.0, 30.0, 0.0)], edges=[(0, 24)]),
    "unseen-vertices": beside(points=[(30.0, 30.0, 0.0), (-40.0, 0.0, 9.0)]),
    "unseen-only-edges": other(only_edges),
    "unseen-curve": other(thin_curve),
    "unseen-camera": other(set_on_item(visible_camera=False)),
    "unseen-render": other(set_on_item(hide_render=True)),
    "unseen-holdout": other(set_on_item(is_holdout=True)),
    "unseen-holdout-collection": other(set_on_layer("holdout")),
    "unseen-indirect-collection": other(set_on_layer("indirect_only")),
    "unseen-clear": other(clear_shader),
    "unseen-clear-slot": other(clear_by_object_slot),
    "unseen-shadow-catcher": other(shadow_floor),
    "unseen-excluded": other(set_on_layer("exclude")),
    "unseen-excluded-inside": other(in_excluded_collection_inside),
    "unseen-hidden-collection": other(in_hidden_collection),
    "unseen-orphan": other(orphan),
    "unseen-other-layer": excluded_in_other_layer,
    "unseen-other-scene": two_scenes,
    "unseen-three-scenes": three_scenes,
    "render-nodes": viewport_only_nodes,
    "render-bare-curve": bare_curve_beside,
    "render-metaballs": metaballs,
    "render-hair": hairy,
    "render-background-scene": background_scene,
    "excluded-parent": parent_excluded,
    "excluded-target": target_excluded,
    "excluded-armature": armature_excluded,
    "scene-property": scene_property,
    "scene-frames-remapped": frames_remapped,
    "scale-tiny-limited": tiny_limited,
    "scale-far-instances": far_instances,
    "blend-tiles": tiles_elsewhere,
    "library-below": library,
    "library-moved": library_moved,
    "library-gone": library_gone,
    "library-outside": library_outside,
    "blend-windows": pictured("C:\\Users\\me\\blend1.png", "blend1.png"),
    "blend-backslashes": pictured("//..\\wrong\\blend2.png", "deep/er/blend2.png"),
    "blend-posix": pictured("/home/me/art/Blend3.PNG", "textures/blend3.png"),
    "blend-two": pictured("//blend4.png", "a/blend4.png", "b/blend4.png"),
    "file-volume-gone": with_file(volume("//smoke/gone.vdb")),
    "file-volume-away": with_file(volume("/home/me/away.vdb")),
    "file-volume-outside": with_file(volume("//../../outside.vdb"), "../../outside.vdb"),
    "file-volume-moved": with_file(volume("C:\\me\\Moved.vdb"), "smoke/moved.vdb"),
    "file-alembic-gone": with_file(alembic("gone.abc")),
    "file-alembic-broken": with_file(alembic("broken.abc", b"no such thing\n")),
    "file-volume-lfs": with_file(volume_pointer),
    "file-mesh-cache-gone": with_file(mesh_cache("//caches/gone.pc2")),
    "file-mesh-cache": with_file(mesh_cache("//cache.pc2"), "cache.pc2"),
    "file-font-gone": with_file(font),
    "file-sound-gone": with_file(sound),
    "file-light-gone": with_file(light_of_file("//gone.ies")),
    "blend-tail": pictured("//old/a/blend5.png", "a/blend5.png", "b/blend5.png"),
}
FBX: dict[str, Callable[[Path], None]] = {
    "fbx-beside": fbx("C:\\Users\\me\\Desktop\\fbx1.png", "fbx1.png"),
    "fbx-textures": fbx("C:\\Users\\me\\Desktop\\fbx2.png", "textures/fbx2.png"),
    "fbx-case": fbx("C:\\Users\\me\\Desktop\\fbx3.png", "Fbx3.PNG"),
    "fbx-posix": fbx("/home/me/fbx4.png", "maps/fbx4.png"),
    "fbx-tail": fbx("C:\\me\\skin\\fbx5.png", "skin/fbx5.png", "other/fbx5.png"),
    "fbx-two": fbx("C:\\Users\\me\\Desktop\\fbx6.png", "a/fbx6.png", "b/fbx6.png"),
    "fbx-gone": fbx("C:\\Users\\me\\Desktop\\fbx7.png"),
    "fbx-colours": fbx_colours,
}


def main(folder: Path) -> None:
    for name, make in {**BLENDS, **FBX, **CRATES}.items():
        factory()
        place = folder / name
        place.mkdir(parents=True)
        make(place)
        if name in BLENDS and not name.startswith("library"):
            save(place / "model.blend")
        elif name in FBX and not (place / "model.fbx").exists():
            bpy.ops.export_scene.fbx(filepath=str(place / "model.fbx"))


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
