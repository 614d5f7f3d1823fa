"""The git source against a real repository that github.com's URLs are redirected to."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.sources.hub import blob
from tests.patience import until
from tests.tools import processes
from worker.core.errors import Download, Missing, Modified, ObjectInterrupted, TooLarge, Unsupported
from worker.sources import repository

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n"


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
    assert [each.models for each in fetcher.fetched_commits()] == [tuple(sorted(names))]


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
    with pytest.raises(Missing, match="org/gone") as caught:
        make_fetcher().fetch(blob("1" * 40, "a.obj", repo="gone"))
    assert len(str(caught.value).splitlines()) == 1, "git says several"


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
    assert [each.models for each in fetcher.fetched_commits()] == [("a/m.obj",)] * 4


def test_an_lfs_pointer_is_missing_and_says_lfs(hub, make_fetcher):
    commit = hub.commit({"a.obj": LFS, "b.glb": LFS, ".gitattributes": "*.obj filter=lfs"})
    hub.write_config(
        '[filter "lfs"]\n smudge = touch SMUDGED\n process = touch SMUDGED\n required = true\n'
    )
    fetcher = make_fetcher()
    fetcher.plan([blob(commit, "a.obj")])
    with pytest.raises(Missing, match="LFS"):
        fetcher.fetch(blob(commit, "a.obj"))
    assert [each.models for each in fetcher.fetched_commits()] == [()]


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


@pytest.fixture
def hung(hub, tmp_path) -> tuple[str, Path]:
    """A commit that git never ends sending, and the file with its helper's pid once it hangs."""
    commit, pid, hook = hub.commit({"a.obj": "a"}), tmp_path / "pid", tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho $$ > {pid}.part; mv {pid}.part {pid}\nexec sleep 2000\n")
    hook.chmod(0o755)
    hub.write_config(f"[uploadpack]\n packObjectsHook = {hook}\n")
    return commit, pid


def test_a_deadline_ends_git_and_its_helpers(hung, make_fetcher, leftovers):
    commit, pid = hung
    for timeout_s in (1.5, 15.0, 150.0):  # however slowly git comes to its helper
        with pytest.raises(Download, match="time limit"):
            make_fetcher(timeout_s=timeout_s).fetch(blob(commit, "a.obj"))
        assert leftovers() == []
        if pid.exists():
            break
    helper = int(pid.read_text())
    until(lambda: processes.state(helper) in {"Z", ""}, lambda: "a helper of git outlived it")


def test_a_stop_ends_git(hung, make_fetcher):
    commit, pid = hung
    fetcher = make_fetcher()
    with ThreadPoolExecutor() as beside:
        beside.submit(lambda: (until(pid.exists), fetcher.stop()))
        with pytest.raises(ObjectInterrupted):
            fetcher.fetch(blob(commit, "a.obj"))
