"""An Indexed Job run on this machine: each pod a real process with the pod's environment.

What the Job controller does with exit statuses and evictions is done here after its documented
rules: podFailurePolicy in order, backoffLimitPerIndex, maxFailedIndexes, podReplacementPolicy
Failed. It waits no back-off time, and the containers are this checkout's Python.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.cluster.kubernetes.lint import containers, environment
from tests.command_line import ROOT
from tests.patience import until

MOUNTS = ("/dev/termination-log", "/dev/shm", "/scratch", "/cache", "/tmp")
TERMINATION_MESSAGE_BYTES = 4096


@dataclass
class Pod:
    """One pod: its containers one after the other, its folder, and whether it was evicted."""

    index: int
    folder: Path
    waiting: list[Callable[[], subprocess.Popen[bytes]]]
    """The containers that have not run yet."""
    process: subprocess.Popen[bytes] = field(init=False)
    ended: bool = False
    evicted: bool = False
    kill_at: float = float("inf")

    def __post_init__(self) -> None:
        self.process = self.waiting.pop(0)()

    def go_on(self) -> None:
        """Start the next container where the one before it has done its work."""
        if self.process.poll() == 0 and self.waiting and self.kill_at == float("inf"):
            self.process = self.waiting.pop(0)()

    @property
    def status(self) -> int | None:
        """The last container's exit status, as the kubelet reports it; None while it runs."""
        code = self.process.poll()
        return code if code is None or code >= 0 else 128 - code

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def termination_message(self) -> bytes:
        return (self.folder / "dev/termination-log").read_bytes()


@dataclass
class IndexedJob:
    """A Job and its pods; `run` ends when the Job is Complete or Failed."""

    manifests: dict[str, dict[str, Any]]
    folder: Path
    pods: list[Pod] = field(default_factory=list)
    failures: Counter[int] = field(default_factory=Counter)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    condition: str | None = None

    @property
    def spec(self) -> dict[str, Any]:
        return self.manifests["Job"]["spec"]

    @property
    def active(self) -> list[Pod]:
        return [pod for pod in self.pods if not pod.ended]

    def of(self, index: int) -> list[Pod]:
        """The pods of an index, in order."""
        return [pod for pod in self.pods if pod.index == index]

    def statuses(self) -> dict[int, list[int | None]]:
        return {i: [pod.status for pod in self.of(i)] for i in range(self.spec["completions"])}

    def evict(self, pod: Pod) -> None:
        """What a drain or a preemption does: SIGTERM, and after the pod's grace SIGKILL."""
        pod.evicted = True
        self._terminate(pod)

    def step(self) -> None:
        """Start what may start, take in what has ended."""
        for pod in self.active:
            if time.monotonic() > pod.kill_at:
                os.killpg(pod.process.pid, signal.SIGKILL)
            pod.go_on()
            if pod.status is not None:
                pod.ended = True
                self._ended(pod)
        if self.condition is None:
            self._start()
            done = self.succeeded | self.failed
            if len(done) == self.spec["completions"]:
                self.condition = "Failed: FailedIndexes" if self.failed else "Complete"

    def run(self) -> str:
        """Drive the Job to its condition, with no pod left."""

        def over() -> bool:
            self.step()
            return self.condition is not None and not self.active

        until(over, lambda: f"{self.statuses()}\n{self.pods[-1].log}")
        return self.condition

    def close(self) -> None:
        """Leave nothing behind, however a test ended."""
        for pod in self.active:
            if pod.status is None:
                os.killpg(pod.process.pid, signal.SIGKILL)
                pod.process.wait()

    def _start(self) -> None:
        at_work = {pod.index for pod in self.active}
        for index in range(self.spec["completions"]):
            if len(at_work) >= self.spec["parallelism"]:
                return
            if index not in at_work | self.succeeded | self.failed:
                self.pods.append(self._pod(index))
                at_work.add(index)

    def _pod(self, index: int) -> Pod:
        folder = self.folder / f"{index}-{len(self.of(index))}"
        for name in ("dev/shm", "scratch", "cache", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "dev/termination-log").touch()
        job = self.manifests["Job"]
        return Pod(
            index, folder, [partial(self._run, one, index, folder) for one in containers(job)]
        )

    def _run(self, one: dict[str, Any], index: int, folder: Path) -> subprocess.Popen[bytes]:
        variables = environment(self.manifests["Job"], self.manifests["ConfigMap"]["data"], one)
        inside = {  # the image's own environment, then the manifest's
            "PATH": os.environ["PATH"], "HOME": "/scratch", "TMPDIR": "/scratch",
            **variables, "JOB_COMPLETION_INDEX": str(index),
        }  # fmt: skip
        mounted = {
            name: f"{folder}{value}" if value.startswith(MOUNTS) and name in _IN_POD else value
            for name, value in inside.items()
        }
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "worker", *one["args"]],
                env=mounted, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _ended(self, pod: Pod) -> None:
        if pod.status == 0 and not pod.waiting:
            self.succeeded.add(pod.index)
            return
        if self.condition is not None:
            return
        match self._action(pod):
            case "FailJob":
                self._fail("PodFailurePolicy")
            case "FailIndex":
                self.failed.add(pod.index)
            case "Count":
                self.failures[pod.index] += 1
                if self.failures[pod.index] > self.spec["backoffLimitPerIndex"]:
                    self.failed.add(pod.index)
        if len(self.failed) > self.spec["maxFailedIndexes"]:
            self._fail("MaxFailedIndexesExceeded")

    def _action(self, pod: Pod) -> str:
        for rule in self.spec["podFailurePolicy"]["rules"]:
            types = [one["type"] for one in rule.get("onPodConditions", [])]
            if pod.evicted and "DisruptionTarget" in types:
                return rule["action"]
            codes = rule.get("onExitCodes", {"operator": "In", "values": []})
            assert codes["operator"] == "In"
            if pod.status in codes["values"]:
                return rule["action"]
        return "Count"

    def _fail(self, reason: str) -> None:
        if self.condition is None:
            self.condition = f"Failed: {reason}"
            for pod in self.active:
                self._terminate(pod)

    def _terminate(self, pod: Pod) -> None:
        grace = self.spec["template"]["spec"]["terminationGracePeriodSeconds"]
        pod.kill_at = time.monotonic() + grace
        pod.process.terminate()


_IN_POD = {"HOME", "TMPDIR", "RENDER_WORKER_SUMMARY"}
"""Variables that name a place in the pod."""
