"""What a list on disk does not open: folders of the system, of others, and of credentials."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.core.closed_folders import ClosedFolders
from worker.core.errors import Refused
from worker.index.list_rules import ListRules
from worker.index.record import ObjectRef
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.supervisor.devices import Device
from worker.supervisor.fence import mode, secrets
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.fence.folders import Private
from worker.supervisor.runtime import WHEEL, Runtime

CLOSED = [
    ("/etc/models", "/etc"),
    ("/proc/1/root", "/proc"),
    ("/run/secrets/kubernetes.io/serviceaccount", "/run"),
    ("/dev/disk", "/dev"),
    ("/root/.ssh", "/root/.ssh"),
    ("/home/bob/.aws/cli", "/home/bob/.aws"),
    ("/data/keys", "/data/keys"),
    ("/", "/"),
    ("/home", "/home"),
]
OPEN = ["/dev/shm/models", "/run/media/me/disk", "/home/bob/models", "/home/bob", "/srv/x/.hidden",
        "/home/bob/.objaverse/hf-objaverse-v1", "/root/.cache/x", "/data", "/var/www"]  # fmt: skip
ENVIRONMENT = {"KUBECONFIG": "/data/keys", "HOME": "/home/me"}


@pytest.mark.parametrize(("path", "folder"), CLOSED)
def test_closed(path, folder):
    assert ClosedFolders(ENVIRONMENT).around(path) == folder


@pytest.mark.parametrize("path", OPEN)
def test_open(path):
    assert ClosedFolders(ENVIRONMENT).around(path) is None


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a model, and one beside a key."""
    found = tmp_path / "home"
    for folder in ("", ".ssh", "models"):
        (found / folder).mkdir(exist_ok=True)
        (found / folder / "chair.obj").write_text("v 0 0 0")
    monkeypatch.setenv("HOME", str(found))
    return found


def fetcher(tmp_path, named):
    limits = FetchLimits(attempts=1)
    return Fetcher(tmp_path / "scratch", limits=limits, rules=ListRules().of(str(named)))


def ref(path, root=None):
    return ObjectRef(file_identifier="it", path=str(path), root=root and str(root))


@pytest.mark.parametrize(
    ("path", "root"),
    [
        (".ssh/chair.obj", None),
        (".ssh/chair.obj", ""),
        ("models/../.ssh/chair.obj", None),
        ("keys/chair.obj", None),
        ("models/chair.obj", "/"),
    ],
)
def test_a_record_that_leads_there_is_refused(path, root, home, tmp_path):
    (home / "keys").symlink_to(home / ".ssh")
    root = home / root if root is not None else None
    with pytest.raises(Refused, match="a list does not open"):
        fetcher(tmp_path, tmp_path / "list.jsonl").fetch(ref(home / path, root))


def test_proc_is_no_way_around(home, tmp_path):
    for path in (f"/proc/self/root{home}/.ssh/chair.obj", f"/proc/{os.getpid()}/environ"):
        with pytest.raises(Refused):
            fetcher(tmp_path, tmp_path / "list.jsonl").fetch(ref(path))


@pytest.mark.parametrize("named", [".ssh", ".ssh/chair.obj", ".ssh/list.jsonl"])
def test_what_the_user_names_is_open(named, home, tmp_path):
    (home / ".ssh" / "list.jsonl").touch()
    ours = fetcher(tmp_path, home / named)
    assert ours.fetch(ref(home / ".ssh" / "chair.obj")).size
    with pytest.raises(Refused):
        ours.fetch(ref("/etc/passwd"))


def test_a_list_in_a_home_does_not_open_what_is_hidden_there(home, tmp_path):
    ours = fetcher(tmp_path, home / "list.jsonl")
    assert ours.fetch(ref(home / "chair.obj")).size
    with pytest.raises(Refused):
        ours.fetch(ref(home / ".ssh" / "chair.obj"))


@pytest.mark.skipif(not mode.support().any, reason="this kernel cannot fence")
def test_no_child_is_granted_what_is_closed(home, tmp_path):
    """Also not in advance: children are granted the folders of objects not fetched yet."""
    runtime = Runtime(WHEEL, ("/usr/bin/env",))
    surroundings = Surroundings(named=(tmp_path / "list.jsonl",))
    fences = Fences("auto", runtime, surroundings, {"HOME": str(home)})
    fences.expect([home / ".ssh", Path("/etc"), Path("/"), home / "models", Path("/dev")])
    fence = fences.of(Device("cpu"), tmp_path / "child")
    assert fence is not None
    assert fence.reads(str(home / "models" / "chair.obj"))
    for secret in (home / ".ssh" / "chair.obj", "/etc/shadow", "/dev/kmsg", "/srv/x"):
        assert not fence.reads(str(secret))


def test_of_another_s_home_only_what_is_not_hidden_is_granted(home):
    closed = ClosedFolders({"HOME": str(home)})
    granted = Private((), closed.is_home).readable([home])
    assert set(granted.read) == {str(home / "chair.obj"), str(home / "models")}


def test_tokens_of_the_hub_are_private():
    found = set(map(str, secrets.places({"HOME": "/home/me", "HF_HOME": "/data/hub"})))
    assert {"/home/me/.cache/huggingface/token", "/data/hub/token"} <= found
    assert "/data/hub" not in found
