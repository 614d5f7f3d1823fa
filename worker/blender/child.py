"""The main loop of a child: answers the host's messages and renders one object at a time."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
import traceback
from typing import Any, Dict, Union

from worker.blender import compat, debugging, engine
from worker.blender.connection import Connection, Heart
from worker.blender.faults import ObjectFault, brief
from worker.blender.products import PRODUCTS, Report
from worker.blender.views import scene, sky
from worker.contract.protocol import (
    Configure,
    Configured,
    Failed,
    Ready,
    Rendered,
    RenderObject,
)
from worker.contract.recipe import Recipe, from_dict

BUG = 70
REFUSALS = frozenset({"empty", "import", "too_large", "unsupported"})
"""Failure codes that are raised before rendering starts."""


def main(arguments: list[str]) -> None:
    """Serve the host on the inherited socket `--socket-fd`; never returns.

    The process ends with os._exit, because Blender can crash during its normal shutdown.
    """
    status = BUG
    try:
        parser = argparse.ArgumentParser(prog="worker.blender")
        parser.add_argument("--socket-fd", type=int, required=True, help="inherited socket")
        serve(Connection(parser.parse_args(arguments).socket_fd))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else BUG
    except BaseException:  # noqa: BLE001 - the last resort: print any error and exit
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def serve(connection: Connection) -> None:
    """Answer messages until the host sends Stop or closes the connection."""
    compat.start()
    Heart(connection).start()
    connection.send(
        Ready(
            blender=compat.version(),
            formats=list(compat.formats()),
            engines=list(compat.engines()),
            denoisers=list(compat.denoisers()),
            view_transforms=list(compat.view_transforms()),
            exact_depth=list(compat.engines_of_exact_depth()),
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


def answer(request: RenderObject, device: engine.Device, report: Report) -> Union[Rendered, Failed]:
    """Render one object. An error becomes a Failed answer; it does not end the child."""
    try:
        debugging.begin(request)
        recipe = _recipe(request.recipe)
        return PRODUCTS[recipe.product](request, recipe, device, report)
    except ObjectFault as fault:
        debugging.save(request, "failed")
        return Failed(request.uid, fault.code, str(fault), can_go_on=_put_away(fault))
    except MemoryError:
        return Failed(request.uid, "memory", "out of memory inside Blender")
    except Exception as error:  # noqa: BLE001 - no object may end the child
        traceback.print_exc()
        debugging.save(request, "failed")
        return Failed(request.uid, "render", f"{type(error).__name__}: {brief(error)}")


def _recipe(values: Dict[str, Any]) -> Recipe:
    """The recipe of a request. Its check takes as long as to import a small object."""
    return _checked(json.dumps(values))


@functools.lru_cache(maxsize=1)  # all objects of a run have the same
def _checked(values: str) -> Recipe:
    return from_dict(json.loads(values))


def _put_away(fault: ObjectFault) -> bool:
    """Clear the scene after a failed object.

    Returns: whether the child can be reused. It cannot after a failure inside Blender, which may
    leave any state behind.
    """
    if fault.code not in REFUSALS:
        return False
    try:
        scene.clean()
    except (RuntimeError, OSError):
        return False
    return True
