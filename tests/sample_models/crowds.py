"""Hard ways to be in a scene: several roots, instances, hidden, mirrored, far off, huge, tiny."""

from __future__ import annotations

import math
from typing import Any, Callable

import bpy

from tests.sample_models.parts import CLAY, Triple, add, box, box_shape

HOOK: tuple[tuple[Triple, Triple], ...] = (
    ((0.0, 0.0, 0.0), (1.0, 0.4, 0.4)),
    ((-0.3, 0.0, 0.5), (0.4, 0.4, 0.6)),
    ((0.35, 0.35, 0.0), (0.3, 0.3, 0.2)),
)
"""Boxes (centre, sides) of a shape that no turn makes its own mirror image."""


def roots() -> None:
    """Three boxes without a common parent, the third with a child; and an empty far away."""
    box("one", (0.0, 0.0, 0.0))
    box("two", (3.0, 0.0, 0.0), (1.0, 2.0, 1.0))
    third = box("three", (0.0, 0.0, 2.0), (0.5, 0.5, 0.5))
    child = box("child", (0.0, 1.5, 0.0), (0.3, 0.3, 0.3))
    child.parent = third
    link(bpy.data.objects.new("nothing", None), at=(50.0, 50.0, 50.0))


def instances() -> None:
    """A collection of two boxes that only its instances show: moved, turned, shrunk and mirrored.

    And one instance of a collection that holds two instances.
    """
    part = collection("part", box("slab", (0.0, 0.0, 0.0), (1.0, 1.0, 0.2)),
                      box("pin", (0.4, 0.0, 0.3), (0.2, 0.2, 0.4)))  # fmt: skip
    link(instance(part), at=(0.0, 0.0, 0.0))
    turned = link(instance(part), at=(3.0, 0.0, 0.0))
    turned.rotation_euler = (0.0, 0.0, math.pi / 2)
    mirrored = link(instance(part), at=(0.0, 3.0, 0.0))
    mirrored.scale = (-0.5, 0.5, 0.5)
    inner = [instance(part), instance(part)]
    for place, item in zip(((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)), inner):
        item.location = place
    link(instance(collection("pair", *inner)), at=(3.0, 3.0, 0.0))


def scattered() -> None:
    """A box on each of a rectangle's four corners, which itself is not rendered."""
    corners = add("corners", box_shape(((0.0, 0.0, 0.0), (4.0, 2.0, 0.0))), None)
    corners.instance_type = "VERTS"
    corners.show_instancer_for_render = corners.show_instancer_for_viewport = False
    box("fruit", (0.0, 0.0, 0.0), (0.5, 0.5, 0.5)).parent = corners


def hidden() -> None:
    """A box, a far one that is hidden, and one in the open under a hidden parent."""
    box("seen", (0.0, 0.0, 0.0))
    far = box("hidden", (5.0, 0.0, 0.0))
    far.hide_render = True
    child = box("child of the hidden", (-5.0, -2.0, 0.0))
    child.parent = far


def hidden_from_view() -> None:
    """The same, hidden in the viewport alone: all that other formats than .blend can say."""
    hidden()
    far: Any = bpy.data.objects["hidden"]
    far.hide_render, far.hide_viewport = False, True


def hidden_collection() -> None:
    """A box, and one in a collection that is hidden from the render."""
    box("seen", (0.0, 0.0, 0.0))
    group = collection("hidden", box("far", (0.0, 5.0, 0.0)))
    context: Any = bpy.context
    context.scene.collection.children.link(group)
    group.hide_render = True


def plain() -> None:
    """The hook."""
    add("hook", box_shape(*HOOK), CLAY)


def furnished() -> None:
    """The hook, with a camera of its own and lights that would outshine any other."""
    plain()
    lights: Any = bpy.data.lights
    for kind, energy in (("POINT", 1e5), ("SUN", 100.0), ("SPOT", 1e5)):
        light = lights.new(kind, kind)
        light.energy = energy
        link(bpy.data.objects.new(kind, light), at=(0.0, -2.0, 3.0))
    lens: Any = bpy.data.cameras.new("own")
    lens.lens = 12.0
    camera = link(bpy.data.objects.new("own", lens), at=(9.0, 0.0, 0.0))
    camera.rotation_euler = (math.pi / 2, 0.0, math.pi / 2)
    context: Any = bpy.context
    context.scene.camera = camera


def mirrored() -> None:
    """The hook under a negative scale."""
    plain()
    bpy.data.objects["hook"].scale = (-1.0, 1.0, 1.0)


def flipped() -> None:
    """The mirror image of the hook, in its points, its faces turned out again."""
    boxes = [((-x, y, z), sides) for (x, y, z), sides in HOOK]
    add("hook", box_shape(*boxes), CLAY)


def inside_out() -> None:
    """The hook with every face turned inside."""
    shape = box_shape(*HOOK)
    for face in shape.faces:
        face.reverse()
    add("hook", shape, CLAY)


def scaled(factor: float) -> Callable[[], None]:
    """The hook with its points times `factor`."""

    def build() -> None:
        shape = box_shape(*HOOK)
        shape.points[:] *= factor
        add("hook", shape, CLAY)

    return build


def off_centre() -> None:
    """The hook in a far corner: its points, and its place, are a thousand times its size away."""
    shape = box_shape(*HOOK)
    shape.points[:] += (500.0, -900.0, 300.0)
    add("hook", shape, CLAY).location = (-1500.0, 400.0, 700.0)


def collection(name: str, *members: Any) -> Any:
    """A collection of objects, which leave the scene's own."""
    group: Any = bpy.data.collections.new(name)
    for item in members:
        for holder in list(item.users_collection):
            holder.objects.unlink(item)
        group.objects.link(item)
    return group


def instance(group: Any) -> Any:
    """An empty that shows `group`."""
    item: Any = bpy.data.objects.new(group.name, None)
    item.instance_type, item.instance_collection = "COLLECTION", group
    return item


def link(item: Any, at: Triple) -> Any:
    """Put `item` in the scene."""
    context: Any = bpy.context
    context.scene.collection.objects.link(item)
    item.location = at
    return item


CROWDS: dict[str, Callable[[], None]] = {
    "roots.glb": roots,
    "roots.blend": roots,
    "roots.fbx": roots,
    "instances.blend": instances,
    "instances.glb": instances,
    "scattered.blend": scattered,
    "hidden.blend": hidden,
    "hidden.fbx": hidden_from_view,
    "hidden_collection.blend": hidden_collection,
    "plain.glb": plain,
    "plain.blend": plain,
    "plain.fbx": plain,
    "furnished.glb": furnished,
    "furnished.blend": furnished,
    "furnished.fbx": furnished,
    "mirrored.glb": mirrored,
    "mirrored.blend": mirrored,
    "flipped.glb": flipped,
    "flipped.blend": flipped,
    "inside_out.glb": inside_out,
    "huge.glb": scaled(1e6),
    "tiny.glb": scaled(1e-6),
    "off_centre.glb": off_centre,
}
