"""The fuzzing run: the same models each time, and a guard that sees who gets out."""

import socket
from random import Random

import pytest

from tests.fuzz import containers, mutations
from tests.fuzz.guard import guarding
from tests.fuzz.seeds import BY_HAND, Model, packed
from tests.patience import until

SEEDS = [
    *(Model(name, {name: text.encode()}) for name, text in BY_HAND.items()),
    Model("a.glb", {"a.glb": b"glTF\x02\0\0\0\x1c\0\0\0\x04\0\0\0JSON{}  \0\0\0\0BIN\0"}),
    Model("a.obj", {"a.obj": b"mtllib a.mtl\nv 1 2 3\n", "a.mtl": b"map_Kd a.png\n"}),
    Model("a.obj.zip", {"a.obj.zip": packed({"a.obj": b"v 1 2 3\n", "a.mtl": b"newmtl a\n"})}),
    Model("a.fbx", {"a.fbx": bytes(range(256)) * 8}),
]
TARGETS = ("../../outside/secret.png", "http://127.0.0.1:9/")


def stream(seed):
    return [containers.model(number, seed, SEEDS, TARGETS) for number in range(600)]


def test_a_stream_is_the_same_each_time_and_another_one_differs():
    assert stream(1) == stream(1)
    assert stream(1) != stream(2)


def test_most_models_differ_from_their_seed_and_all_formats_come():
    made = stream(3)
    assert sum(model not in SEEDS for model in made) > 500
    assert {model.suffix for model in made} == {seed.suffix for seed in SEEDS}
    assert any(model.links for model in made)
    whole = b"".join(content for model in made for content in model.files.values())
    assert b"outside/secret.png" in whole
    assert b"1e999" in whole


@pytest.mark.parametrize("mutation", dict.fromkeys([*mutations.OF_BYTES, *mutations.OF_TEXT]))
def test_each_mutation_changes_something(mutation):
    given = BY_HAND["text.ply"].encode()
    assert any(mutation(given, Random(n), BY_HAND["points.ply"].encode()) != given
               for n in range(20))  # fmt: skip


def test_the_guard_sees_reads_writes_and_connections(tmp_path):
    with guarding(tmp_path / "work", ("out/",)) as guard:
        (guard.work / "out").mkdir()
        guard.begin()
        (guard.work / "out" / "a").write_text("the worker's own")
        (guard.outside / "secret.png").stat()
        assert guard.escapes() == []
        (guard.outside / "secret.png").read_bytes()
        assert guard.escapes() == ["opened outside/secret.png", "read outside/secret.png"]
        guard.begin()
        with socket.create_connection(("127.0.0.1", guard.port)) as made:
            made.sendall(b"GET /a")
        until(lambda: guard.connects)
        (guard.work / "new").write_text("x")
        guard.outside.joinpath("made").touch()
        assert {"created outside/made", "connected, sent b'GET /a'", "changed 'new'"} <= {
            *guard.escapes()
        }
        guard.begin()
        assert guard.escapes() == []
