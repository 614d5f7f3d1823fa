"""What the machine's schedulers leave this process, from trees as they make them."""

from __future__ import annotations

import os

import pytest

from worker.core import cgroup, cores, memory

GB = 1 << 30
MACHINE = memory.PAGE * os.sysconf("SC_PHYS_PAGES")

# /proc/self/cgroup → limits and counts of kills by folder, and what holds for this process
SLURM_V2 = "0::/slurm/job_1/step_0\n"
SLURM_V1 = "9:cpu,cpuacct:/slurm/job_1\n5:memory:/slurm/job_1\n1:name=systemd:/\n0::/\n"


@pytest.fixture
def node(monkeypatch, tmp_path):
    """A function that makes the kernel's files."""
    monkeypatch.setattr(cgroup, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(cgroup, "PROC", tmp_path / "proc")

    def make(own: str, files: dict[str, str]) -> None:
        file = tmp_path / "proc" / "self" / "cgroup"
        file.parent.mkdir(parents=True)
        file.write_text(own)
        for path, text in files.items():
            file = tmp_path / "cgroup" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return make


@pytest.mark.parametrize(
    ("own", "files", "total"),
    [
        ("0::/\n", {"memory.max": f"{GB}\n"}, GB),
        ("0::/\n", {"memory.max": "max\n"}, MACHINE),
        (SLURM_V2, {"slurm/job_1/step_0/memory.max": "max\n",
                    "slurm/job_1/memory.max": f"{GB}\n"}, GB),
        (SLURM_V2, {"slurm/job_1/step_0/memory.max": f"{GB}\n",
                    "slurm/job_1/memory.max": f"{2 * GB}\n"}, GB),
        (SLURM_V2, {"slurm/job_2/memory.max": f"{GB}\n"}, MACHINE),
        (SLURM_V1, {"memory/slurm/job_1/memory.limit_in_bytes": f"{GB}\n"}, GB),
        (SLURM_V1, {"memory/memory.limit_in_bytes": f"{1 << 62}\n"}, MACHINE),
        # A container shows its own cgroup as the root, whatever its name outside.
        (SLURM_V1, {"memory/memory.limit_in_bytes": f"{GB}\n"}, GB),
        ("", {}, MACHINE),
    ],
)  # fmt: skip
def test_the_least_limit_on_the_way_up_holds(node, own, files, total):
    node(own, files)
    assert memory.total() == total
    assert memory.default_limit(4) == int(memory.SHARE * total / 4)


@pytest.mark.parametrize(
    ("own", "files", "kills"),
    [
        ("0::/\n", {"memory.events": "oom 3\noom_kill 2\n"}, 2),
        (SLURM_V2, {"slurm/job_1/step_0/memory.events": "low 0\noom_kill 1\n",
                    "slurm/job_1/memory.events": "oom_kill 7\n"}, 1),
        (SLURM_V2, {"slurm/job_1/memory.events": "oom_kill 7\n"}, 7),
        (SLURM_V1, {"memory/slurm/job_1/memory.oom_control":
                    "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"}, 4),
        (SLURM_V1, {"memory/slurm/job_1/memory.oom_control": "under_oom 0\n"}, 0),
        ("", {}, 0),
    ],
)  # fmt: skip
def test_kills_are_counted_in_this_process_s_own_cgroup(node, own, files, kills):
    node(own, files)
    assert memory.kernel_kills() == kills


@pytest.mark.parametrize(
    ("own", "files", "usable"),
    [
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "20000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        (SLURM_V2, {"slurm/job_1/step_0/cpu.max": "max 100000\n",
                    "slurm/job_1/cpu.max": "300000 100000\n"}, 3),
        (SLURM_V1, {"cpu/slurm/job_1/cpu.cfs_quota_us": "50000\n",
                    "cpu/slurm/job_1/cpu.cfs_period_us": "25000\n"}, 2),
        (SLURM_V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
        ("0::/\n", {"cpu.max": "9900000 100000\n"}, 16),
        ("", {}, 16),
    ],
)  # fmt: skip
def test_cores_are_those_of_the_affinity_and_the_quota(node, monkeypatch, own, files, usable):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    node(own, files)
    assert cores.usable() == usable
    assert cores.threads() == (0 if usable == 16 else usable)


def test_a_part_of_the_machine_s_cores_is_all_a_child_may_start_threads_for(node, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    node("", {})
    assert cores.threads() == 2
