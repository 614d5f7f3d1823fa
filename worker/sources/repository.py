"""One commit of a git repository on disk, fetched with git in a restricted configuration.

What a hostile repository could use, and the defence: hooks and fsmonitor (off), filters and LFS
(off), submodules (never entered), links (written as plain files), other protocols (refused),
redirects and alternates (not followed by git; see `git_server`), credential prompts and helpers
(off), endless lists of refs (memory is watched), huge packs and unpacked files (disk usage is
watched, and sizes are summed before the checkout), names outside the checkout (git refuses them).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from worker.core.deadline import Deadline
from worker.core.destinations import AllowedHosts
from worker.core.errors import Download, Missing, NodeError, TooLarge, one_line
from worker.core.transfer import TransientError, retried
from worker.sources import git_server
from worker.sources.base import FetchLimits
from worker.sources.environment import fetching_environment
from worker.sources.git_server import GitServer
from worker.sources.process import ProgramResult, run

REGULAR = frozenset({"100644", "100755"})
MAX_FILES = 200_000
LINK = "a symbolic link"
ROOM = 16 << 20
"""Bytes for git's own small files."""
MEMORY = 1 << 30
"""Bytes that git and its helpers may have resident, besides a pack that they map."""
LOG = 600
"""Characters of git's output in a message."""
KEPT = re.compile(r"GIT_(CONFIG_GLOBAL|SSL_.*|TRACE.*|HTTP_.*)")
"""git's variables that a user may set; others could point it to another repository."""

SETTINGS: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.askPass": "",
    # The checkout has no .git, so names that only Windows or macOS read as .git are harmless.
    "core.protectNTFS": "false",
    "core.protectHFS": "false",
    "credential.helper": "",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "no",
    "transfer.bundleURI": "false",
    "core.fsync": "none",  # scratch, deleted with the worker
    "gc.auto": "0",
    "maintenance.auto": "false",
    "filter.lfs.smudge": "",
    "filter.lfs.process": "",
    "filter.lfs.required": "false",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    # For a mirror that the user's own insteadOf names; a server's redirect cannot use them.
    "protocol.http.allow": "user",
    "protocol.file.allow": "user",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}

DOES_NOT_EXIST = re.compile(
    r"not our ref|repository '?.*'? not found|does not appear to be a git repository|"
    r"could not read Username|returned error: (404|410|451)|Access to this repository has been|"
    r"repository .* does not exist|couldn't find remote ref",
    re.IGNORECASE,
)
MOVED = re.compile(r"returned error: 30[12378]")
NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded")
UNADVERTISED = re.compile(r"unadvertised object|not advertised", re.IGNORECASE)


class TreeFile(NamedTuple):
    """A regular file of a commit."""

    path: str
    size: int


class CommitFiles(Protocol):
    """The files of a commit, once `fetch` has brought them."""

    files: Path
    """The folder that they are in."""
    tree: dict[str, TreeFile]
    """Regular files, by path."""
    other: dict[str, str]
    """What else is known to be there, by path: "a symbolic link"."""

    def fetch(self, limits: FetchLimits, deadline: Deadline) -> None:
        """Bring the files to disk. Raises: ObjectError."""
        ...


class Repository:
    """A commit in `folder`: its files in ``folder/files``, without .git."""

    def __init__(self, url: str, commit: str, folder: Path, hosts: AllowedHosts) -> None:
        self._url = url
        self._hosts = hosts
        self._settings: Mapping[str, str] = {}
        self._commit = commit
        self._folder = folder
        self._git_dir = folder / "git"
        self.files = folder / "files"
        self.tree: dict[str, TreeFile] = {}
        self.other: dict[str, str] = {}
        """Links and submodules, by path."""

    def fetch(self, limits: FetchLimits, deadline: Deadline) -> None:
        """Fetch the commit's files.

        Raises: Missing (no such repository or commit), Refused, Download, TooLarge.
        """
        self.files.mkdir(parents=True)
        made = self._git(deadline, limits, "init", "--quiet", "--template=")
        _must(made, f"{self._url}: git init", Download)
        what = f"fetch {self._commit} of {self._url}"
        retried(what, lambda: self._fetch(limits, deadline), limits.attempts, deadline)
        self._read_tree(limits, deadline)
        checkout = ("checkout", "--quiet", "--force", "--detach", self._commit)
        _must(self._git(deadline, limits, *checkout), f"{self._url}: git checkout", Download)
        head = self._git(deadline, limits, "rev-parse", "--verify", "HEAD").output.decode().strip()
        if head != self._commit:
            raise Download(f"{self._url}: git checked out {head}, not {self._commit}")
        shutil.rmtree(self._git_dir, ignore_errors=True)

    def _fetch(self, limits: FetchLimits, deadline: Deadline) -> None:
        answer, server = self._fetch_from(self._url, limits, deadline)
        if MOVED.search(answer.log):
            moved = git_server.redirected(server, deadline)
            answer, _ = self._fetch_from(moved, limits, deadline)
        if DOES_NOT_EXIST.search(answer.log):
            raise Missing(f"{self._url}: no such repository or commit: {answer.log[-LOG:]}")
        _must(answer, f"{self._url}: git fetch", TransientError)
        exists = ("cat-file", "-e", f"{self._commit}^{{commit}}")
        if self._git(deadline, limits, *exists).status != 0:
            raise Missing(f"{self._url}: no commit {self._commit}")

    def _fetch_from(
        self, url: str, limits: FetchLimits, deadline: Deadline
    ) -> tuple[ProgramResult, GitServer]:
        def ask(*arguments: str) -> str:
            answer = self._git(deadline, limits, *arguments)
            return answer.output.decode(errors="replace").strip() if answer.status == 0 else ""

        server = git_server.found(url, self._hosts, ask)
        self._settings = server.settings
        only = ("fetch", "--quiet", "--depth=1", "--no-tags", url, self._commit)
        answer = self._git(deadline, limits, *only)
        if answer.status != 0 and UNADVERTISED.search(answer.log):
            # An old server serves only what branches and tags point to: fetch all of them.
            everything = ("+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*")
            answer = self._git(deadline, limits, "fetch", "--quiet", url, *everything)
        return answer, server

    def _read_tree(self, limits: FetchLimits, deadline: Deadline) -> None:
        """List the commit's files, and check their size before they are written."""
        list_ = ("ls-tree", "-r", "-l", "-z", "--full-tree", self._commit)
        answer = self._git(deadline, limits, *list_)
        _must(answer, f"{self._url}: git ls-tree", Download)
        for line in answer.output.split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, _, _, size = facts.decode("ascii").split()
            path = os.fsdecode(name)
            if mode in REGULAR:
                self.tree[path] = TreeFile(path, int(size))
            else:
                self.other[path] = "a submodule" if mode == "160000" else LINK
        total = sum(file.size for file in self.tree.values())
        if total > limits.max_bytes or len(self.tree) > MAX_FILES:
            raise TooLarge(
                f"{self._url}: {total:,} bytes in {len(self.tree):,} files at {self._commit}; "
                f"the limits are {limits.max_bytes:,} and {MAX_FILES:,}"
            )

    def _git(self, deadline: Deadline, limits: FetchLimits, *arguments: str) -> ProgramResult:
        chosen = {**SETTINGS, **self._settings}
        settings = [part for key, value in chosen.items() for part in ("-c", f"{key}={value}")]
        places = [f"--git-dir={self._git_dir}", f"--work-tree={self.files}"]
        # Pack and checkout exist together for a moment, so twice the limit of one.
        room = 2 * limits.max_bytes + ROOM
        return run(
            ["git", *settings, *places, *arguments], environment(), self._folder, room, deadline,
            max_memory=room + MEMORY,
        )  # fmt: skip


def _must(answer: ProgramResult, what: str, kind: type[Exception]) -> None:
    """Raises: `kind` if git failed, NodeError if it ran out of disk space."""
    if answer.status == 0:
        return
    message = f"{what} failed ({answer.status}): {answer.log[-LOG:]}"
    if NO_ROOM.search(answer.log):
        raise NodeError(one_line(message))
    raise kind(message)


def environment() -> dict[str, str]:
    """The environment of git: allow-listed, with git's own of KEPT; no prompts, in English."""
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    return {
        **fetching_environment(os.environ),
        **kept,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ATTR_NOSYSTEM": "1",
    }
