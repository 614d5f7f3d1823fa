"""Object images of real bakes, under every Blender that is here."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest

from tests import blenders
from tests.proof_helpers import Shot, Studio
from worker import presets
from worker.contract import recipe as recipes


@dataclasses.dataclass(frozen=True)
class Baked:
    """One object's zip."""

    shot: Shot

    @property
    def members(self):
        return self.shot.members

    def image(self, name="omage_tensor.npz"):
        """(R,R,12), as any reader has it."""
        return np.load(io.BytesIO(self.members[name]))["arr_0"] / 65535

    def texels(self):
        """The occupied ones: positions, normals, albedo, metallic and roughness."""
        image = self.image()
        there = image[image[..., 3] > 0.5]
        return there[:, :3] * 2 - 1, there[:, 4:7] * 2 - 1, there[:, 7:10], there[:, 10:]

    @property
    def facts(self):
        return json.loads(self.members["metadata.json"])["render_worker"]["omage"]


@pytest.fixture(scope="session", params=blenders.parameters())
def studio(request, tmp_path_factory):
    made = Studio(request.param, tmp_path_factory.mktemp(f"omage-{request.param}"))
    yield made
    made.close()


@pytest.fixture
def bake(studio):
    """Bakes a sample, or a file, at 256 pixels unless told."""

    def start(model, *settings, again=False):
        base = presets.load("omage", ["resolution=256", *settings])
        return Baked(studio.shoot(model, again=again, **recipes.to_dict(base)))

    return start


@pytest.fixture
def obj(tmp_path):
    """An OBJ of these lines in a folder of its own."""

    def write(*lines):
        path = tmp_path / "model" / "model.obj"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
