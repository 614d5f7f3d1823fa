"""git servers and repositories that mean harm: each an outcome, and nothing else is reached."""

import pytest

from tests.integration.sources.git_web import GitWeb
from tests.integration.sources.hub import blob
from tests.integration.sources.servers import body, listening, redirect, respond
from tests.integration.sources.test_leading import Resolver, rules
from worker.core.errors import Download, Missing, Refused, TooLarge
from worker.sources import repository


@pytest.fixture
def mirror(hub, tmp_path):
    """A server over HTTP that the user's own git settings put in GitHub's place."""
    with GitWeb(tmp_path / "hub") as server:
        hub.config.write_text(f'[url "{server.url}/"]\n insteadOf = https://github.com/\n')
        yield server


def refs(name="repo"):
    return f"/org/{name}.git/info/refs?service=git-upload-pack"


def test_a_mirror_of_the_users_own_is_reached(hub, mirror, make_fetcher):
    commit = hub.commit({"a.obj": "a"})
    assert make_fetcher(rules=rules()).fetch(blob(commit, "a.obj", "a")).path.read_text() == "a"
    assert mirror.asked[0] == refs()


def test_git_connects_to_the_address_that_was_checked(hub, mirror, make_fetcher, monkeypatch):
    """The name does not exist, so only the address given to git can have led it there."""
    commit = hub.commit({"a.obj": "a"})
    port = mirror.server.server_port
    hub.config.write_text(f'[url "http://git.example:{port}/"]\n insteadOf = https://github.com/\n')
    names = Resolver(monkeypatch, {"git.example": [["127.0.0.1"], ["127.0.0.9"]]})
    assert make_fetcher(rules=rules()).fetch(blob(commit, "a.obj", "a")).path.read_text() == "a"
    assert names.asked == ["git.example"]


def test_github_at_an_address_nearby_is_refused(make_fetcher, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    names = Resolver(monkeypatch, {"github.com": [["10.0.0.1"]]})
    with pytest.raises(Refused, match=r"github\.com leads to 10\.0\.0\.1"):
        make_fetcher(rules=rules()).fetch(blob("1" * 40, "a.obj"))
    assert names.asked == ["github.com"], "a refusal is not tried again"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("where", ["refs", "pack"])
def test_a_redirect_of_git_leads_to_no_service_of_this_machine(
    hub, mirror, make_fetcher, host, scheme, where
):
    commit = hub.commit({"a.obj": "a"})
    with listening() as (port, got):
        to = f"{scheme}://{host}:{port}"
        at = {"refs": refs(), "pack": "/org/repo.git/git-upload-pack"}[where]
        mirror.routes[at] = redirect(to + at)
        with pytest.raises((Refused, Download)):
            make_fetcher(rules=rules(), attempts=1).fetch(blob(commit, "a.obj"))
    assert got == []


def test_a_repository_that_was_renamed_is_followed_over_https_only(hub, mirror, make_fetcher):
    commit = hub.commit({"a.obj": "a"}, "new")
    mirror.routes[refs("old")] = redirect(mirror.url + refs("new"))
    with pytest.raises(Download, match="not a git repository over https"):
        make_fetcher(attempts=1).fetch(blob(commit, "a.obj", repo="old"))
    assert mirror.asked.count(refs("new")) == 1, "looked at, not fetched from"


def test_alternates_of_a_repository_are_not_fetched_from(hub, mirror, make_fetcher, tmp_path):
    """Of the old protocol, in which a server names others that hold its objects."""
    commit = hub.commit({"a.obj": "a"})
    bare = tmp_path / "hub" / "org" / "repo.git"
    hub.git("-C", str(bare), "update-server-info")
    plain = (bare / "info" / "refs").read_bytes()
    mirror.routes[refs()] = body(plain, **{"Content-Type": "text/plain"})
    with listening() as (port, got):
        other = f"http://127.0.0.1:{port}/org/other.git/objects\n".encode()
        for name in ("http-alternates", "alternates"):
            mirror.routes[f"/org/repo.git/objects/info/{name}"] = body(other)
        path = f"{commit[:2]}/{commit[2:]}"
        mirror.routes[f"/org/repo.git/objects/{path}"] = body(b"", 404)
        mirror.routes["/org/repo.git/objects/info/packs"] = body(b"")
        with pytest.raises((Missing, Download)):
            make_fetcher(attempts=1).fetch(blob(commit, "a.obj"))
    assert got == []


def test_an_endless_list_of_refs_is_ended(hub, mirror, make_fetcher, monkeypatch, leftovers):
    monkeypatch.setattr(repository, "MEMORY", 32 << 20)

    def endless(handler):
        respond(handler, 200, {"Content-Type": "application/x-git-upload-pack-advertisement"},
                b"001e# service=git-upload-pack\n0000")  # fmt: skip
        line = b"1" * 40 + b" refs/heads/" + b"x" * 900 + b"\n"
        lines = b"%04x%s" % (len(line) + 4, line)
        while True:
            handler.wfile.write(lines * 1000)

    mirror.routes[refs()] = endless
    with pytest.raises(TooLarge, match="bytes of memory"):
        make_fetcher().fetch(blob("1" * 40, "a.obj"))
    assert leftovers() == []


def committed(hub, entries):
    """A commit of a tree with `entries`, as git's own checks would not let one be made."""
    hub.commit({"a.obj": "a"})

    def tree(contents):
        lines = []
        for name, content in contents.items():
            if isinstance(content, dict):
                lines.append(b"040000 tree %s\t%s" % (tree(content), name))
            else:
                mode, data = content
                lines.append(b"%s blob %s\t%s" % (
                    mode, hub.bare("hash-object", "-w", "--stdin", given=data), name
                ))  # fmt: skip
        return hub.bare("mktree", "-z", given=b"".join(line + b"\0" for line in lines))

    commit = hub.bare("commit-tree", "-m", "c", tree(entries)).decode()
    hub.bare("update-ref", "refs/heads/main", commit)
    return commit


@pytest.mark.parametrize(
    "entries",
    [
        {b".git": {b"hooks": {b"post-checkout": (b"100755", b"#!/bin/sh\ntouch RAN\n")}}},
        {b".git": {b"config": (b"100644", b"[core]\n fsmonitor = touch RAN\n")}},
        {b"..": {b"outside.obj": (b"100644", b"v")}},
        {b".": {b"outside.obj": (b"100644", b"v")}},
        {b"git~1": {b"config": (b"100644", b"x")}, b".GIT": {b"config": (b"100644", b"x")}},
    ],
)  # fmt: skip
def test_names_that_lead_out_or_into_git_itself(hub, make_fetcher, leftovers, tmp_path, entries):
    commit = committed(hub, {b"a.obj": (b"100644", b"a"), **entries})
    with pytest.raises(Download, match="invalid path"):
        make_fetcher(attempts=1).fetch(blob(commit, "a.obj"))
    assert leftovers() == []
    assert not [*tmp_path.rglob("RAN"), *(tmp_path / "scratch").rglob("outside.obj")]


def test_a_link_that_leads_outside_is_no_folder_for_other_files(hub, make_fetcher, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    commit = committed(hub, {
        b"a.obj": (b"100644", b"a"), b"d": (b"120000", str(outside).encode()),
    })  # fmt: skip
    got = make_fetcher().fetch(blob(commit, "a.obj", "a"))
    assert not [path for path in got.root.rglob("*") if path.is_symlink()]
    with pytest.raises(Missing, match="a symbolic link"):
        make_fetcher().fetch(blob(commit, "d"))
    assert not list(outside.iterdir())


def test_a_submodule_is_not_entered_whatever_its_url(hub, make_fetcher, tmp_path):
    mark = tmp_path / "ran"

    def submodule(work):
        (work / ".gitmodules").write_text(
            f'[submodule "sub"]\n path = sub\n url = "ext::sh -c touch% {mark}"\n update = '
            f'"!touch {mark}"\n'
        )
        hub.git("-C", str(work), "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")

    commit = hub.commit({"a.obj": "a"}, prepare=submodule)
    got = make_fetcher().fetch(blob(commit, "a.obj", "a"))
    assert got.path.read_text() == "a"
    assert not mark.exists()


ODD = ["a\nb.obj", "a\u202ejbo.exe.obj", "a\u2028b.obj", "a\x1b[31m.obj", "a\u2066b.obj"]


def test_names_with_line_separators_and_bidi_are_no_discoveries(hub, make_fetcher):
    commit = hub.commit({name: name for name in ["plain.obj", *ODD]})
    fetcher = make_fetcher()
    got = fetcher.fetch(blob(commit, "plain.obj"))
    assert [found.models for found in fetcher.fetched_commits()] == [("plain.obj",)]
    for name in ODD:
        with pytest.raises(Missing) as caught:
            fetcher.fetch(blob(commit, f"no {name}"))
        assert len(str(caught.value).splitlines()) == 1
    assert got.path.read_text() == "plain.obj"
