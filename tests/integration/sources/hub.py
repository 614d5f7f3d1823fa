"""A stand-in for github.com: real bare repositories, reached through git's own insteadOf."""

import hashlib
import json
import os
import subprocess

from worker.index.record import ObjectRef


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

    def bare(self, *arguments, given=b""):
        """What git prints, run in the bare repository "repo"; to make what `commit` cannot."""
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com",
             "-C", self.base / "hub" / "org" / "repo.git", *arguments],
            input=given, capture_output=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

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


def blob(commit, path, data=None, repo="repo", **more):
    sha256 = None if data is None else hashlib.sha256(data.encode()).hexdigest()
    identifier = f"https://github.com/org/{repo}/blob/{commit}/{path}"
    return ObjectRef(file_identifier=identifier, source="github", sha256=sha256, **more)
