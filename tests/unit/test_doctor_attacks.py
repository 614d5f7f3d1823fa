"""The attack list's report: what counts as refused, and what does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT
from tests.patience import HANG_S
from worker.contract import attack_report
from worker.contract.attack_report import REPORT, TARGETS
from worker.core.errors import NodeUnusable
from worker.doctor import attacks
from worker.doctor.attacks import Attacked, Line, judged

BEGUN, REFUSED = Line(attack="kill", begun=True), Line(attack="kill", outcome="refused")
LAST = Line(attack="int 80", begun=True)
END = Line(end=True)
EXITED = "exit status 0"


@pytest.mark.parametrize(
    ("lines", "ending", "through"),
    [
        ([BEGUN, REFUSED, END], EXITED, ()),
        ([BEGUN, Line(attack="kill", outcome="through"), END], EXITED, ("kill (through)",)),
        ([BEGUN, Line(attack="kill", outcome="unclear", found="EINVAL"), END], EXITED,
         ("kill (EINVAL)",)),
        ([BEGUN], EXITED, ("kill (exit status 0)",)),  # it became another program
        ([BEGUN], "killed by SIGKILL", ("kill (killed by SIGKILL)",)),
        ([BEGUN, REFUSED], EXITED, ("kill (exit status 0)",)),  # not all were tried
        ([], EXITED, ("the list (exit status 0)",)),
    ],
)  # fmt: skip
def test_what_is_not_refused_came_through(lines, ending, through):
    assert judged(lines, ending).through == through


@pytest.mark.parametrize("ending", ["killed by SIGSYS", "killed by SIGSEGV"])
def test_an_attack_that_the_kernel_ends_is_refused(ending):
    assert judged([BEGUN, REFUSED, LAST], ending) == Attacked(("kill", "int 80"), ())


def test_a_list_that_did_not_begin_refused_nothing():
    found = judged([Line(refused_to_begin="no seccomp")], "exit status 3")
    assert found == Attacked((), (), "no seccomp")


@pytest.mark.parametrize("kind", ["none", "link", "fifo", "text", "large"])
def test_a_report_is_read_as_a_strangers_file(kind, tmp_path):
    report = tmp_path / REPORT
    if kind == "link":
        report.symlink_to("/etc/passwd")
    elif kind == "fifo":
        os.mkfifo(report)
    elif kind == "text":
        report.write_text("{nonsense\n")
    elif kind == "large":
        report.write_bytes(b" " * (attacks.MOST_REPORTED + 1))
    if kind == "fifo":  # an empty report: nothing was refused
        assert attacks.read(tmp_path, EXITED).through == ("the list (exit status 0)",)
    else:
        with pytest.raises(NodeUnusable, match="no report"):
            attacks.read(tmp_path, EXITED)


LIST = """
import sys
from worker.blender.attacks import run
run.ATTACKS = ()  # whatever is wrong with the test, nothing is tried
run.main([])
"""


def test_the_list_refuses_to_begin_without_a_sandbox(tmp_path):
    """And it is empty here, so that nothing could be tried."""
    with attacks.targets(tmp_path) as targets:
        home = tmp_path / attacks.HOME
        home.mkdir()
        (home / TARGETS).write_text(attack_report.encode(targets))
        done = subprocess.run(
            [sys.executable, "-c", LIST], cwd=home, env={"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=HANG_S, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    lines = [json.loads(line) for line in (home / REPORT).read_text().splitlines()]
    assert len(lines) == 1
    assert "no_new_privs" in lines[0]["refused_to_begin"]


NO_NEW_PRIVS = "import ctypes; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)"
SECCOMP = f"""{NO_NEW_PRIVS}
import struct
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
rules = struct.pack("HxxxxxxP", 1, ctypes.addressof(allow))
assert ctypes.CDLL(None).prctl(22, 2, rules, 0, 0) == 0
"""


@pytest.mark.parametrize(
    ("part", "missing"),
    [(NO_NEW_PRIVS, "no seccomp filter"), (SECCOMP, "Landlock is not in effect")],
)
def test_the_list_refuses_to_begin_in_a_part_of_a_sandbox(part, missing, tmp_path):
    with attacks.targets(tmp_path) as targets:
        home = tmp_path / attacks.HOME
        home.mkdir()
        (home / TARGETS).write_text(attack_report.encode(targets))
        done = subprocess.run(
            [sys.executable, "-c", part + LIST], cwd=home, env={"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=HANG_S, check=False,
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert missing in done.stderr


def test_targets_may_lie_deep(tmp_path):
    deep = tmp_path / ("d" * 120)
    with attacks.targets(deep) as targets:
        assert Path(targets.outside, "secret").is_file()
        assert (deep / "stream").is_socket()


NAMES = """
from worker.blender.attacks.listed import ATTACKS
for each in ATTACKS:
    print(each.name, each.tries, sep="|")
"""


def test_each_attack_has_a_name_and_a_sentence_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", NAMES],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=HANG_S, check=True,
    )  # fmt: skip
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert len(rows) >= 140
    assert len({name for name, _ in rows}) == len(rows)
    assert all(re.fullmatch(r"[a-z].*[^.]", tries) for _, tries in rows)
