"""The git source against a real repository that github.com's URLs are redirected to."""

import hashlib
import json
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from worker.errors import Download, Missing, Modified, ObjectInterrupted, TooLarge, Unsupported
from worker.index.record import ObjectRef
from worker.s3 import S3Options
from worker.sources import repository
from worker.sources.keep import FORMATS, Keeper
from worker.stores import open_store

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n"


class Hub:
    """Bare repositories, the settings that put them in GitHub's place, and git's own trace."""

    def __init__(self, base, monkeypatch):
        self.base = base
        self.trace = base / "trace.json"
        self.config = base / "gitconfig"
        (base / "hub" / "org").mkdir(parents=True)
        self.write_config("")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(self.config))
        monkeypatch.setenv("GIT_TRACE2_EVENT", str(self.trace))

    def write_config(self, more):
        self.config.write_text(
            f'[url "file://{self.base}/hub/"]\n insteadOf = https://github.com/\n{more}'
        )

    def git(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        settings = {
            "user.name": "t",
            "user.email": "t@example.com",
            "protocol.file.allow": "always",
            "core.hooksPath": os.devnull,
            "core.compression": "0",
            "core.fsync": "none",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        done = subprocess.run(
            ["git", *options, *arguments], check=True, capture_output=True, env=environment
        )
        return done.stdout.decode().strip()

    def commit(self, files, name="repo", *, links=(), prepare=None):
        """Commit `files` on top of repository `name`; the commit's id."""
        work = self.base / "work" / name
        bare = self.base / "hub" / "org" / f"{name}.git"
        if not work.exists():
            self.git("init", "-q", "-b", "main", str(work))
            self.git("init", "-q", "--bare", "-b", "main", str(bare))
        for path, data in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(data if isinstance(data, bytes) else data.encode())
        for path, target in links:
            (work / path).symlink_to(target)
        if prepare is not None:
            prepare(work)
        self.git("-C", str(work), "add", "-A")
        self.git("-C", str(work), "commit", "-q", "--allow-empty", "-m", "c")
        self.git("-C", str(work), "push", "-q", "--force", str(bare), "main")
        return self.git("-C", str(work), "rev-parse", "HEAD")

    def uploads(self):
        """How often git has served a fetch."""
        if not self.trace.exists():
            return 0
        events = [json.loads(line) for line in self.trace.read_text().splitlines()]
        starts = [e["argv"] for e in events if e["event"] == "start"]
        return sum(any("upload-pack" in part for part in argv[:2]) for argv in starts)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    return Hub(tmp_path, monkeypatch)


def blob(commit, path, data=None, repo="repo", **more):
    sha256 = None if data is None else hashlib.sha256(data.encode()).hexdigest()
    identifier = f"https://github.com/org/{repo}/blob/{commit}/{path}"
    return ObjectRef(file_identifier=identifier, source="github", sha256=sha256, **more)


def test_a_repository_is_fetched_once_for_all_its_objects(hub, make_fetcher, leftovers):
    names = [f"d{n}/m{n}.obj" for n in range(12)]
    commit = hub.commit({name: name for name in names} | {"textures/w.png": "png"})
    refs = [blob(commit, name, name) for name in names]
    fetcher = make_fetcher()
    fetcher.plan(refs)
    with ThreadPoolExecutor(6) as threads:
        got = list(threads.map(fetcher.fetch, refs))
        assert [one.path.read_text() for one in got] == names
        assert {one.root for one in got} == {got[0].root}
        assert (got[0].root / "textures" / "w.png").read_text() == "png"
        assert not (got[0].root / ".git").exists()
        assert hub.uploads() == 1
        for one in got[:-1]:
            fetcher.release(one)
        assert got[-1].path.exists()
        fetcher.release(got[-1])
    assert leftovers() == []
    assert fetcher.new_objects() == []


def test_a_planned_object_keeps_the_repository_though_others_are_done(hub, make_fetcher, leftovers):
    commit = hub.commit({"a.obj": "a", "b.obj": "b"})
    refs = [blob(commit, "a.obj"), blob(commit, "b.obj")]
    fetcher = make_fetcher()
    fetcher.plan(refs)
    fetcher.release(fetcher.fetch(refs[0]))
    assert leftovers()
    fetcher.release(fetcher.fetch(refs[1]))
    assert hub.uploads() == 1
    assert leftovers() == []


def test_failed_objects_let_go_of_the_repository_too(hub, make_fetcher, leftovers):
    commit = hub.commit({"a.obj": "a", "b.txt": "b"})
    refs = [blob(commit, "a.obj", "other"), blob(commit, "b.txt"), blob(commit, "no.obj")]
    fetcher = make_fetcher()
    fetcher.plan(refs)
    for ref, error in zip(refs, (Modified, Unsupported, Missing), strict=True):
        with pytest.raises(error):
            fetcher.fetch(ref)
    assert hub.uploads() == 1
    assert leftovers() == []


def test_the_pinned_commit_is_fetched_not_the_newest(hub, make_fetcher):
    old = hub.commit({"a.obj": "old"})
    new = hub.commit({"a.obj": "new"})
    fetcher = make_fetcher()
    assert fetcher.fetch(blob(old, "a.obj", "old")).path.read_text() == "old"
    assert fetcher.fetch(blob(new, "a.obj", "new")).path.read_text() == "new"
    assert hub.uploads() == 2


def test_a_commit_that_is_not_there_is_missing_never_another(hub, make_fetcher, leftovers):
    hub.commit({"a.obj": "a"})
    fetcher = make_fetcher()
    refs = [blob("1" * 40, "a.obj"), blob("1" * 40, "b.obj")]
    fetcher.plan(refs)
    for ref in refs:
        with pytest.raises(Missing, match="1" * 40):
            fetcher.fetch(ref)
    assert hub.uploads() <= 1
    assert leftovers() == []


def test_a_repository_that_is_not_there_is_missing(hub, make_fetcher):
    with pytest.raises(Missing, match="org/gone"):
        make_fetcher().fetch(blob("1" * 40, "a.obj", repo="gone"))


def test_a_server_that_serves_branches_only_gives_the_commit_all_the_same(hub, make_fetcher):
    old = hub.commit({"a.obj": "old"})
    hub.commit({"a.obj": "new"})
    # Protocol 0 checks that what is wanted is advertised, as old servers do.
    hub.write_config("[protocol]\n version = 0\n")
    assert make_fetcher().fetch(blob(old, "a.obj", "old")).path.read_text() == "old"
    with pytest.raises(Missing, match="no commit"):
        make_fetcher().fetch(blob("2" * 40, "a.obj"))


def test_a_branch_in_place_of_a_commit_is_missing(hub, make_fetcher):
    hub.commit({"a.obj": "a"})
    with pytest.raises(Missing, match="not pinned"):
        make_fetcher().fetch(blob("main", "a.obj"))
    assert hub.uploads() == 0


def test_paths_quoted_or_not_with_odd_characters(hub, make_fetcher):
    names = ["a b/ü #1?.obj", "50%.obj", "%41.obj", "back\\slash.obj"]
    commit = hub.commit({name: name for name in names})
    fetcher = make_fetcher()
    for name in names:
        got = fetcher.fetch(blob(commit, name, name))
        assert (got.model, got.path.read_text()) == (name, name)
    assert fetcher.fetch(blob(commit, "a%20b/%C3%BC%20%231%3F.obj")).model == "a b/ü #1?.obj"


@pytest.mark.parametrize(
    "path",
    ["../../outside.obj", "%2e%2e/%2e%2e/outside.obj", "a/../a.obj", "/etc/a.obj", "x\0.obj"],
)
def test_a_path_out_of_the_repository_is_missing(hub, make_fetcher, tmp_path, path):
    commit = hub.commit({"a.obj": "a"})
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "outside.obj").write_text("x")
    with pytest.raises(Missing):
        make_fetcher().fetch(blob(commit, path))


def test_links_are_no_objects_and_lead_nowhere(hub, make_fetcher, tmp_path):
    (tmp_path / "secret.obj").write_text("secret")
    commit = hub.commit(
        {"a/m.obj": "m"},
        links=[("l.obj", tmp_path / "secret.obj"), ("dir", tmp_path), ("in.obj", "a/m.obj")],
    )
    fetcher = make_fetcher()
    for path in ("l.obj", "dir/secret.obj", "in.obj"):
        with pytest.raises(Missing):
            fetcher.fetch(blob(commit, path))
    got = fetcher.fetch(blob(commit, "a/m.obj", "m"))
    assert not [p for p in got.root.rglob("*") if p.is_symlink()]
    assert [ref.location.rsplit("/", 1)[1] for ref in fetcher.new_objects()] == ["m.obj"] * 4


def test_an_lfs_pointer_is_missing_and_says_lfs(hub, make_fetcher):
    commit = hub.commit({"a.obj": LFS, "b.glb": LFS, ".gitattributes": "*.obj filter=lfs"})
    hub.write_config(
        '[filter "lfs"]\n smudge = touch SMUDGED\n process = touch SMUDGED\n required = true\n'
    )
    fetcher = make_fetcher()
    fetcher.plan([blob(commit, "a.obj")])
    with pytest.raises(Missing, match="LFS"):
        fetcher.fetch(blob(commit, "a.obj"))
    assert fetcher.new_objects() == []


def test_nothing_of_the_repository_or_the_settings_is_run(hub, make_fetcher, tmp_path):
    mark = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / name).chmod(0o755)
    other = hub.commit({"x.obj": "x"}, "other")

    def submodule(work):
        hub.git("-C", str(work), "submodule", "-q", "add", f"{hub.base}/hub/org/other.git", "sub")

    commit = hub.commit({"a.obj": "a"}, prepare=submodule)
    hub.write_config(
        f"[core]\n hooksPath = {hooks}\n fsmonitor = touch {mark}\n[submodule]\n recurse = true\n"
        f'[credential]\n helper = "!touch {mark}"\n[init]\n templateDir = {hooks.parent}\n'
    )
    fetcher = make_fetcher()
    got = fetcher.fetch(blob(commit, "a.obj", "a"))
    assert not mark.exists()
    assert not (got.root / "sub" / "x.obj").exists()
    with pytest.raises(Missing):
        fetcher.fetch(blob(commit, "sub/x.obj"))
    assert other


def test_git_does_not_change_the_bytes(hub, make_fetcher):
    hub.write_config("[core]\n autocrlf = true\n")
    text = "v 0\nv 1\n"
    commit = hub.commit({"a.obj": text})
    assert make_fetcher().fetch(blob(commit, "a.obj", text)).path.read_text() == text


def test_other_ways_than_https_are_refused(hub, make_fetcher, tmp_path):
    commit = hub.commit({"a.obj": "a"})
    mark = tmp_path / "ran"
    hub.config.write_text(
        f'[url "ext::sh -c touch% {mark} "]\n insteadOf = https://github.com/\n'
        f"[core]\n sshCommand = touch {mark}\n"
    )
    with pytest.raises(Download, match="not allowed"):
        make_fetcher(attempts=1).fetch(blob(commit, "a.obj"))
    assert not mark.exists()


def test_gits_own_variables_do_not_mislead_it(hub, make_fetcher, monkeypatch, tmp_path):
    commit = hub.commit({"a.obj": "a"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere"))
    assert make_fetcher().fetch(blob(commit, "a.obj", "a")).path.read_text() == "a"
    assert not (tmp_path / "elsewhere").exists()


def test_a_repository_that_unpacks_to_too_much_is_refused_before(hub, make_fetcher, leftovers):
    commit = hub.commit({"a.obj": "a", "bomb.bin": b"\0" * 2_000_000})
    with pytest.raises(TooLarge, match="2,000,001 bytes"):
        make_fetcher().fetch(blob(commit, "a.obj"))
    assert leftovers() == []


def test_a_large_pack_is_stopped_on_its_way(hub, make_fetcher, monkeypatch):
    commit = hub.commit({"a.obj": "a", "noise.bin": os.urandom(4_000_000)})
    monkeypatch.setattr(repository, "ROOM", 0)
    monkeypatch.setattr(repository.Repository, "_read_tree", None)  # it must not come so far
    with pytest.raises(TooLarge, match="on disk"):
        make_fetcher().fetch(blob(commit, "a.obj"))


def test_a_deadline_ends_git_and_its_helpers(hub, make_fetcher, tmp_path, leftovers):
    commit = hub.commit({"a.obj": "a"})
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 60\n")
    slow.chmod(0o755)
    hub.write_config(f"[uploadpack]\n packObjectsHook = {slow}\n")
    start = time.monotonic()
    with pytest.raises(Download, match="time limit"):
        make_fetcher(timeout_s=1.5).fetch(blob(commit, "a.obj"))
    assert time.monotonic() - start < 8
    assert leftovers() == []
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}/exe").exists():
            return
        time.sleep(0.05)
    pytest.fail("a helper of git outlived it")


def test_a_stop_ends_git(hub, make_fetcher, tmp_path):
    commit = hub.commit({"a.obj": "a"})
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    hub.write_config(f"[uploadpack]\n packObjectsHook = {slow}\n")
    fetcher = make_fetcher()
    threading.Timer(0.7, fetcher.stop).start()
    with pytest.raises(ObjectInterrupted):
        fetcher.fetch(blob(commit, "a.obj"))


def test_models_that_the_index_does_not_name_are_new(hub, make_fetcher):
    files = {"a.obj": "a", "b.glb": "b", "other rank.stl": "r", "sub/c d%.ply": "c", "r.md": "r"}
    commit = hub.commit(files, links=[("l.obj", "a.obj")])
    fetcher = make_fetcher()
    asked = blob(commit, "a.obj", "a")
    other = blob(commit, "other%20rank.stl")
    fetcher.plan([asked], lambda _: [other.file_identifier, "https://example.com/x.obj"])
    got = fetcher.fetch(asked)
    new = fetcher.new_objects()
    assert new == [blob(commit, "b.glb", "b"), blob(commit, "sub/c d%.ply", "c")]
    assert fetcher.new_objects() == []
    fetcher.plan(new)  # asked for while the repository is still here: no second fetch
    fetcher.release(got)
    assert [fetcher.fetch(ref).path.read_text() for ref in new] == ["b", "c"]
    assert hub.uploads() == 1


@pytest.mark.parametrize(("files", "asked_times"), [({"a.obj": "a"}, 0), ({"b.obj": "b"}, 1)])
def test_what_else_the_index_names_is_asked_where_a_repository_holds_more(
    hub, make_fetcher, files, asked_times
):
    commit = hub.commit({"a.obj": "a", "r.md": "r"} | files)
    asked = blob(commit, "a.obj", "a")
    times = []
    fetcher = make_fetcher()
    fetcher.plan([asked], lambda each: times.append(each.commit))  # None: not this rank's to tell
    assert times == []
    fetcher.fetch(asked)
    assert times == [commit] * asked_times
    assert fetcher.new_objects() == []


class Counting:
    """A store that counts what is put into it."""

    def __init__(self, store):
        self._store = store
        self.created = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def create(self, key, body):
        self.created.append(key)
        return self._store.create(key, body)


@pytest.mark.parametrize("form", FORMATS)
def test_a_repository_is_kept_once_whichever_of_its_objects_are_asked_for(
    hub, make_fetcher, tmp_path, form
):
    first = hub.commit({"a.obj": "a", "b.obj": "b", "t/w.png": "w"})
    second = hub.commit({"b.obj": "other"})
    store = Counting(open_store(str(tmp_path / "kept"), S3Options()))
    store.check()
    refs = [blob(first, "a.obj", "a"), blob(first, "b.obj", "b"), blob(second, "b.obj", "other")]
    fetcher = make_fetcher(keep=Keeper(store, form))
    fetcher.plan(refs)
    with ThreadPoolExecutor(3) as pool:
        for got in pool.map(fetcher.fetch, refs):
            fetcher.release(got)
    place = "downloads/github/org/repo"
    if form == "files":
        names = ("a.obj", "b.obj", "t/w.png")
        wanted = {f"{place}/{commit}/{name}" for commit in (first, second) for name in names}
        assert store.read(f"{place}/{first}/b.obj") == b"b"
        assert store.read(f"{place}/{second}/b.obj") == b"other"
    else:
        wanted = {f"{place}/{commit}.{form}" for commit in (first, second)}
    assert {entry.key for entry in store.list()} == wanted
    assert sorted(store.created) == sorted(wanted)


def test_a_repository_is_kept_by_a_later_worker_as_by_the_first(hub, make_fetcher, tmp_path):
    commit = hub.commit({"a.obj": "a", "b.obj": "b"})
    kept = {}
    for name, path in (("one", "a.obj"), ("two", "b.obj")):
        store = open_store(str(tmp_path / name), S3Options())
        make_fetcher(keep=Keeper(store, "tar.gz")).fetch(blob(commit, path))
        kept[name] = {entry.key: store.read(entry.key) for entry in store.list()}
    assert len(kept["one"]) == 1
    assert kept["one"] == kept["two"]
