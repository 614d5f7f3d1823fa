"""What a child may hold, and whom the kernel killed, from trees as schedulers make them."""

from __future__ import annotations

import pytest

from worker.render import memory

GB = 1 << 30
MACHINE = memory.PAGE * memory.os.sysconf("SC_PHYS_PAGES")

# /proc/self/cgroup → limits and counts of kills by folder, and what holds for this process
SLURM_V2 = "0::/slurm/job_1/step_0\n"
SLURM_V1 = "9:cpu,cpuacct:/slurm/job_1\n5:memory:/slurm/job_1\n1:name=systemd:/\n0::/\n"


@pytest.fixture
def node(monkeypatch, tmp_path):
    """A function that makes the kernel's files."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "PROC", tmp_path / "proc")

    def make(cgroup: str, **files: str) -> None:
        own = tmp_path / "proc" / "self" / "cgroup"
        own.parent.mkdir(parents=True)
        own.write_text(cgroup)
        for path, text in files.items():
            file = tmp_path / "cgroup" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return make


@pytest.mark.parametrize(
    ("cgroup", "files", "total"),
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
def test_the_least_limit_on_the_way_up_holds(node, cgroup, files, total):
    node(cgroup, **files)
    assert memory.total() == total
    assert memory.default_limit(4) == int(memory.SHARE * total / 4)


@pytest.mark.parametrize(
    ("cgroup", "files", "kills"),
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
def test_kills_are_counted_in_this_process_s_own_cgroup(node, cgroup, files, kills):
    node(cgroup, **files)
    assert memory.kernel_kills() == kills
