"""What git, the `objaverse` package and Blender see of the worker's environment: no secrets."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.sources.hub import blob
from tests.integration.sources.references import at
from tests.integration.sources.servers import body
from tests.integration.sources.test_leading import rules
from tests.integration.sources.test_objaverse import GLB, SKETCHFAB, objaverse_1, proxy
from worker.sources.environment import fetching_environment
from worker.supervisor.environment import child_environment

__all__ = ["proxy"]  # a fixture

SECRETS = {
    "AWS_ACCESS_KEY_ID": "secret-id",
    "AWS_SECRET_ACCESS_KEY": "secret-key",
    "AWS_SESSION_TOKEN": "secret-session",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret-container",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/secret-identity",
    "AWS_SHARED_CREDENTIALS_FILE": "/secret-file",
    "HF_TOKEN": "secret-hub",
    "GITHUB_TOKEN": "secret-git",
    "KUBERNETES_SERVICE_HOST": "secret-host",
    "RENDER_WORKER_OUTPUT": "s3://secret-bucket",
    "SLURM_JOB_ID": "secret-job",
    "SSH_AUTH_SOCK": "/secret-agent",
    "GIT_SSH_COMMAND": "/secret-command",
    "PYTHONSTARTUP": "/secret-startup",
    "A_NAME_THAT_NOBODY_KNOWS": "secret-other",
}


@pytest.fixture
def secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def printer(path: Path, then: str) -> Path:
    """A program that adds its environment to `path`.seen, and then is another."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\nenv >> {path}.seen\nexec {then} "$@"\n')
    path.chmod(0o755)
    return path


def seen(path: Path) -> str:
    return Path(f"{path}.seen").read_text()


def test_git_and_a_program_that_it_starts_see_no_secret(
    hub, make_fetcher, monkeypatch, secrets, tmp_path
):
    """The user's settings, which git trusts, name a program that git's own server side starts."""
    real = shutil.which("git")
    git = printer(tmp_path / "bin" / "git", real)
    hook = printer(tmp_path / "hook", "")
    commit = hub.commit({"a.obj": "a"})
    with hub.config.open("a") as config:
        config.write(f"[uploadpack]\n packObjectsHook = {hook}\n")
        config.write(f"[core]\n sshCommand = {hook}\n askPass = {hook}\n")
        config.write(f"[credential]\n helper = {hook}\n")
    monkeypatch.setenv("PATH", f"{git.parent}:/usr/local/bin:/usr/bin:/bin")
    assert make_fetcher(rules=rules()).fetch(blob(commit, "a.obj", "a")).path.read_text() == "a"
    for program in (git, hook):
        text = seen(program)
        assert "PATH=" in text
        assert "GIT_TERMINAL_PROMPT=0" in text
        assert "secret" not in text.replace(str(tmp_path), "")
        assert not [name for name in SECRETS if f"\n{name}=" in text]


def test_the_objaverse_package_sees_no_secret(proxy, make_fetcher, monkeypatch, secrets, tmp_path):
    objaverse_1(proxy, body(GLB))
    python = printer(tmp_path / "bin" / "python", sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    assert make_fetcher().fetch(at(SKETCHFAB)).path.read_bytes() == GLB
    text = seen(python)
    assert f"https_proxy={proxy.url}" in text
    assert "secret" not in text.replace(str(tmp_path), "")


def test_a_child_and_a_program_that_fetches_share_no_way_out():
    outer = {**SECRETS, "PATH": "/bin", "https_proxy": "http://u:p@proxy", "NO_PROXY": "x"}
    assert fetching_environment(outer) == {
        "PATH": "/bin", "https_proxy": "http://u:p@proxy", "NO_PROXY": "x",
    }  # fmt: skip
    child = child_environment(outer, Path("/child"), wheel=True)
    assert not set(child) & (set(SECRETS) | {"https_proxy", "NO_PROXY"})
    assert "secret" not in "".join(child.values())
