"""Drives one real child over a socketpair, as the host does, with nothing in between."""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.patience import HANG_S
from worker.contract import protocol
from worker.contract.recipe import Recipe, from_dict, to_dict
from worker.core import keys

REPOSITORY = Path(__file__).parents[3]
DEBIAN = Path("/usr/bin/blender")
WHEEL = [sys.executable, "-m", "worker.blender"]
PROGRAM = [
    "blender", "-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "70",
    "--python", str(REPOSITORY / "worker/blender/program.py"), "--",
]  # fmt: skip
COMMANDS = {"wheel": WHEEL, "debian": PROGRAM}


def small(**keys: Any) -> Recipe:
    """A recipe that renders in a moment; `keys` override."""
    base: dict[str, Any] = {"name": "test", "views": 2, "resolution": 64, "samples": 4}
    recipe: Recipe = from_dict({**base, **keys})
    return recipe


class Driver:
    """A child and this end of its connection; a context manager."""

    def __init__(self, command: list[str], log: Path | None = None) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(HANG_S)
        self.log = log.open("wb") if log else None
        with theirs:
            self.process = subprocess.Popen(
                [*command, "--socket-fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self.log or None,
                stderr=subprocess.STDOUT if self.log else None,
                cwd=REPOSITORY,
            )
        self.lines = self.socket.makefile("rb")
        self.phases: list[tuple[str, int]] = []
        self.beats = 0
        self.ready = self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the child, whatever it is doing."""
        self.hang_up()
        self.process.kill()
        self.process.wait(HANG_S)
        if self.log is not None:
            self.log.close()

    def send(self, message: protocol.Message) -> None:
        self.socket.sendall(protocol.encode(message))

    def step(self) -> dict[str, Any]:
        """The next message; Beats and Phases are kept count of."""
        line = self.lines.readline()
        if not line:
            raise EOFError(f"the child ended: {self.process.wait(HANG_S)}")
        message: dict[str, Any] = json.loads(line)
        if message["type"] == "Phase":
            self.phases.append((message["phase"], message["view"]))
        self.beats += message["type"] == "Beat"
        return message

    def receive(self) -> dict[str, Any]:
        """The next message that is neither a Beat nor a Phase."""
        while (message := self.step())["type"] in {"Beat", "Phase"}:
            pass
        return message

    def hang_up(self) -> None:
        """Close this end, as a dying host does."""
        self.lines.close()
        self.socket.close()

    def configure(self, device: str, environment: str = "") -> dict[str, Any]:
        """Bind the child to a device; the Configured or Failed message."""
        self.send(protocol.Configure(device, environment=environment))
        return self.receive()

    def render(
        self,
        model: Path,
        scratch: Path,
        recipe: Recipe,
        root: Path | None = None,
        suffix: str = "",
        *,
        debug: bool = False,
    ) -> dict[str, Any]:
        """Render one file; the Rendered or Failed message."""
        self.begin(model, scratch, recipe, root, suffix, debug=debug)
        return self.receive()

    def begin(
        self,
        model: Path,
        scratch: Path,
        recipe: Recipe,
        root: Path | None = None,
        suffix: str = "",
        *,
        debug: bool = False,
    ) -> None:
        """Ask for a file to be rendered."""
        scratch.mkdir(parents=True, exist_ok=True)
        root = root or model.parent
        request = protocol.RenderObject(
            uid=keys.uid_of(model.name),
            root=str(root),
            model=str(model.relative_to(root)),
            format=suffix or model.suffix[1:],
            scratch=str(scratch),
            recipe=to_dict(recipe),
            debug=debug,
        )
        self.phases = []
        self.send(request)


if __name__ == "__main__":  # by hand: driver.py wheel|debian SCRATCH MODEL...
    which, out, *models = sys.argv[1:]
    overrides = {"views": 3, "resolution": 128, "samples": 16}
    overrides = {**overrides, "colour": {"view_transform": "filmic"}}
    recipe = small(**overrides, name="objaverse-xl", subject={"one_colour": ["stl", "ply"]})
    recipe = dataclasses.replace(recipe, cycles=dataclasses.replace(recipe.cycles, denoise=True))
    with Driver(WHEEL if which == "wheel" else PROGRAM, Path(out, "log")) as child:
        print(child.ready)  # noqa: T201 - a tool for a person
        for model in map(Path, models):
            begun = time.monotonic()
            answer = child.render(model.resolve(), Path(out, model.name), recipe)
            answer.pop("views", None)
            print(  # noqa: T201
                model.name, f"{time.monotonic() - begun:.2f} s", json.dumps(answer)
            )
