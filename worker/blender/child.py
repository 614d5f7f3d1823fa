"""The long-lived child: answers the host's messages, one object after another."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from typing import Any, Callable, Union

from worker.blender import (
    channels,
    colours,
    compat,
    engine,
    extent,
    importers,
    indices,
    layouts,
    lights,
    messages,
    mischief,
    modifiers,
    poses,
    render,
    scene,
    statistics,
    textures,
)
from worker.blender.channel import Channel, Heart
from worker.blender.faults import ObjectFault, brief
from worker.blender.messages import (
    Configure,
    Configured,
    Failed,
    Phase,
    Ready,
    Rendered,
    RenderObject,
)
from worker.blender.paths import Root
from worker.blender.recipe import Recipe, from_dict
from worker.blender.streams import digest, random_colour, stream

BUG = 70


def main(arguments: list[str]) -> None:
    """Serve the host on the socket that `--channel-fd` names; never returns.

    The process ends by os._exit: Blender can crash while it tidies up work that is complete.
    """
    status = BUG
    try:
        parser = argparse.ArgumentParser(prog="worker.blender")
        parser.add_argument("--channel-fd", type=int, required=True, help="inherited socket")
        serve(Channel(parser.parse_args(arguments).channel_fd))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else BUG
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here, seen
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve(channel: Channel) -> None:
    """Answer until the host says Stop or goes away."""
    compat.start()
    Heart(channel).start()
    channel.send(
        Ready(
            protocol=messages.PROTOCOL,
            pid=os.getpid(),
            blender=compat.version(),
            formats=list(compat.formats()),
            engines=list(compat.engines()),
            denoisers=list(compat.denoisers()),
            view_transforms=list(compat.view_transforms()),
        )
    )
    device = engine.Device()
    while True:
        message = channel.receive()
        if isinstance(message, Configure):
            try:
                device = engine.bind(message.device, message.threads)
                channel.send(Configured(devices=list(device.names)))
            except ObjectFault as fault:
                channel.send(Failed(uid="", code=fault.code, message=str(fault)))
        elif isinstance(message, RenderObject):
            channel.send(answer(message, device, teller(message, channel)))
        else:
            return


def teller(request: RenderObject, channel: Channel) -> Callable[[Phase], None]:
    """Tells the host of each phase; the tests' faults strike right after."""

    def tell(phase: Phase) -> None:
        channel.send(phase)
        mischief.strike(request, phase, channel)

    return tell


def answer(
    request: RenderObject, device: engine.Device, tell: Callable[[Phase], None]
) -> Union[Rendered, Failed]:
    """Render one object; whatever goes wrong with it is the answer, not the child's end."""
    try:
        return _render(request, device, tell)
    except ObjectFault as fault:
        return Failed(request.uid, fault.code, str(fault))
    except MemoryError:
        return Failed(request.uid, "memory", "out of memory inside Blender")
    except Exception as error:  # noqa: BLE001 - one object never ends the child
        traceback.print_exc()
        return Failed(request.uid, "render", f"{type(error).__name__}: {brief(error)}")


def _render(
    request: RenderObject, device: engine.Device, tell: Callable[[Phase], None]
) -> Rendered:
    uid = request.uid
    recipe: Recipe = from_dict(request.recipe)
    root = Root(request.root, request.model)
    suffix = request.format.lower()

    tell(Phase(uid, "import"))
    scene.clean()
    importers.load(root, suffix, recipe.subject)

    tell(Phase(uid, "scene"))
    facts = statistics.count(root)
    frames = poses.frames(recipe.subject, recipe.views)
    shown = sorted(set(frames))
    modifiers.as_rendered()
    low, high = extent.bounds(shown)
    if len(shown) == 1:
        modifiers.apply_costly()
    facts["scene_size"] = statistics.scene_size(low, high)
    facts.update(_colour(uid, recipe, root, suffix))
    centre, scale = _normal_form(recipe, low, high, shown)
    facts["placement"] = {"scale": scale, "offset": (-scale * centre).tolist()}
    rig = lights.add(recipe.lights, stream(uid, recipe, "lights"), scale)

    def support(directions: extent.Array) -> extent.Array:
        return scale * (extent.support(directions, shown) - directions @ centre)

    viewpoints = layouts.viewpoints(
        recipe.camera, recipe.views, recipe.resolution, stream(uid, recipe, "cameras"), support
    )
    scene.normalise(centre, scale)
    camera = scene.add_camera()
    wanted = channels.passes(recipe.images)
    if not {*wanted} <= {channels.COMBINED, channels.DEPTH}:
        colours.complete()
    facts.update(indices.number(wanted))
    runtime = engine.configure(recipe, device, digest(uid, recipe, "cycles") % (1 << 31))
    runtime["lights"] = rig

    start = time.monotonic()
    views = render.render_views(
        recipe, camera, viewpoints, frames, request.scratch, lambda n: tell(Phase(uid, "view", n))
    )
    return Rendered(uid, views, facts, runtime, time.monotonic() - start)


def _normal_form(
    recipe: Recipe, low: extent.Array, high: extent.Array, frames: list[int]
) -> tuple[extent.Array, float]:
    """What becomes the origin, and by how much the object is scaled."""
    centre = (low + high) / 2.0
    if recipe.subject.normalise == "none":
        return centre * 0.0, 1.0
    if recipe.subject.normalise == "unit-sphere":
        return centre, 1.0 / extent.reach(centre, frames)
    return centre, 1.0 / float((high - low).max())


def _colour(uid: str, recipe: Recipe, root: Root, suffix: str) -> dict[str, Any]:
    """Colour what brings no colour of its own."""
    missing = textures.replace_missing(
        root, lambda name: random_colour(stream(uid, recipe, f"texture:{name}"))
    )
    painted = None
    if suffix in recipe.subject.one_colour:
        painted = random_colour(stream(uid, recipe, "colour"))
        colours.paint_all(painted)
    else:
        colours.show_vertex_colours()
    return {"missing_textures": missing, "random_color": painted and list(painted)}
