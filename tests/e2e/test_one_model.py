"""`run chair.glb`: one model, by its path or its URL, in place of a list."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager
from functools import partial

import pytest

from tests.command_line import SMALL, listing, run_worker
from tests.integration.blender.driver import DEBIAN
from worker.core import keys


def rendered(output):
    return {name: sha for name, sha in listing(output).items() if name != keys.JOB}


@contextmanager
def served(folder):
    """The URL of a web server that serves `folder`."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


# crate.obj needs crate.mtl and crate.png of its folder.
@pytest.mark.parametrize("name", ["crate.obj", "pawn.glb", "monkey.fbx", "gear.stl"])
def test_its_zip_is_the_one_of_the_whole_folder(name, samples, undisturbed, tmp_path):
    output = tmp_path / "out"
    run_worker("run", samples / name, "--output", output, "--device", "cpu", *SMALL)
    (zipped,) = rendered(output).items()
    assert zipped in rendered(undisturbed).items()
    again = run_worker("run", samples / name, "--output", output, "--device", "cpu", *SMALL)
    assert '"settled_earlier": 1' in again.stderr


def test_a_url_of_one(samples, tmp_path):
    with served(samples) as site:
        url = f"{site}/crate.obj"
        run_worker("run", url, "--output", tmp_path / "one", "--device", "cpu", *SMALL)
        (tmp_path / "list.txt").write_text(f"{url}\n")
        run_worker("run", tmp_path / "list.txt", "--output", tmp_path / "list", "--device", "cpu",
                   "--allow-hosts", "127.0.0.1", *SMALL)  # fmt: skip
    assert rendered(tmp_path / "one") == rendered(tmp_path / "list") != {}


def test_another_model_of_that_name_is_refused(samples, tmp_path):
    for folder, name in (("a", "gear.stl"), ("b", "knot.ply")):
        (tmp_path / folder).mkdir()
        # Formats are told by the suffix, so both are called as the first.
        (tmp_path / folder / "gear.stl").write_bytes((samples / name).read_bytes())
    arguments = ("--output", tmp_path / "out", "--device", "cpu", *SMALL)
    run_worker("run", tmp_path / "a" / "gear.stl", *arguments)
    done = run_worker("run", tmp_path / "b" / "gear.stl", *arguments, check=78)
    assert "another index" in done.stderr


@pytest.mark.debian_blender
def test_under_a_blender_program(samples, tmp_path):
    if not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    run_worker("run", samples / "mushroom.gltf", "--output", tmp_path / "out", "--blender", DEBIAN,
               "--device", "cpu", *SMALL)  # fmt: skip
    assert len(rendered(tmp_path / "out")) == 1


def test_an_estimate_of_one(samples, undisturbed, tmp_path):
    done = run_worker("estimate", samples / "crate.obj", "--output", tmp_path, "--json",
                      "--device", "cpu", *SMALL)  # fmt: skip
    assert json.loads(done.stdout)["objects"] == 1
    (zipped,) = rendered(tmp_path).items()
    assert zipped in rendered(undisturbed).items()
