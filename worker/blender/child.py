"""The long-lived child: answers the host's messages, one object after another."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from typing import Union

from worker.blender import compat, engine
from worker.blender.connection import Connection, Heart
from worker.blender.faults import ObjectFault, brief
from worker.blender.products import PRODUCTS, Tell
from worker.blender.views import scene, sky
from worker.contract.protocol import (
    Configure,
    Configured,
    Failed,
    Ready,
    Rendered,
    RenderObject,
)
from worker.contract.recipe import from_dict

BUG = 70
REFUSALS = frozenset({"empty", "import", "too_large", "unsupported"})
"""Faults that are found before anything is rendered."""


def main(arguments: list[str]) -> None:
    """Serve the host on the socket that `--socket-fd` names; never returns.

    The process ends by os._exit: Blender can crash while it tidies up work that is complete.
    """
    status = BUG
    try:
        parser = argparse.ArgumentParser(prog="worker.blender")
        parser.add_argument("--socket-fd", type=int, required=True, help="inherited socket")
        serve(Connection(parser.parse_args(arguments).socket_fd))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else BUG
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here, seen
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve(connection: Connection) -> None:
    """Answer until the host says Stop or goes away."""
    compat.start()
    Heart(connection).start()
    connection.send(
        Ready(
            blender=compat.version(),
            formats=list(compat.formats()),
            engines=list(compat.engines()),
            denoisers=list(compat.denoisers()),
            view_transforms=list(compat.view_transforms()),
        )
    )
    device = engine.Device()
    while True:
        message = connection.receive()
        if isinstance(message, Configure):
            try:
                device = engine.bind(message.device, message.threads)
                if message.environment:
                    sky.check(message.environment)
                connection.send(Configured(devices=list(device.names)))
            except ObjectFault as fault:
                connection.send(Failed(uid="", code=fault.code, message=str(fault)))
        elif isinstance(message, RenderObject):
            connection.send(answer(message, device, connection.send))
        else:
            return


def answer(request: RenderObject, device: engine.Device, tell: Tell) -> Union[Rendered, Failed]:
    """Render one object; whatever goes wrong with it is the answer, not the child's end."""
    try:
        recipe = from_dict(request.recipe)
        return PRODUCTS[recipe.product](request, recipe, device, tell)
    except ObjectFault as fault:
        return Failed(request.uid, fault.code, str(fault), can_go_on=_put_away(fault))
    except MemoryError:
        return Failed(request.uid, "memory", "out of memory inside Blender")
    except Exception as error:  # noqa: BLE001 - one object never ends the child
        traceback.print_exc()
        return Failed(request.uid, "render", f"{type(error).__name__}: {brief(error)}")


def _put_away(fault: ObjectFault) -> bool:
    """Clear the scene after an object that was refused before it was rendered; whether that is all.

    What Blender itself failed at may have left anything.
    """
    if fault.code not in REFUSALS:
        return False
    try:
        scene.clean()
    except RuntimeError:
        return False
    return True
