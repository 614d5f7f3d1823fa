"""The fence, in real processes: what it refuses, what it allows, and the same without it.

Without a fence only harmless tries are run.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.fenced import CPU, PYTHON, fence_of, run, tries
from worker.supervisor.devices import Device
from worker.supervisor.fence import executables, fences, landlock, mode, seccomp
from worker.supervisor.fence.fences import Fences, Surroundings, covers
from worker.supervisor.fence.policy import Fence
from worker.supervisor.runtime import PROGRAM, Runtime

pytestmark = pytest.mark.skipif(
    bool(mode.support().missing), reason=f"this kernel cannot fence: {mode.support().missing}"
)
REFUSED = {"EPERM", "EACCES"}


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / "children" / "child-0"
    folder.mkdir(parents=True)
    return folder


def test_files_outside_are_not_read_or_changed(tmp_path, home):
    secret = tmp_path / "secret"
    secret.write_text("key")
    code = {
        "read": f"open({str(secret)!r}).read()",
        "write": f"open({str(secret)!r}, 'r+').write('x')",
        "list": f"import os; os.listdir({str(tmp_path)!r})",
        "environment": "import os; open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "through_root": f"open('/proc/self/root' + {str(secret)!r}).read()",
    }
    assert tries(None, home, **code) == dict.fromkeys(code, "done")
    secret.write_text("key")
    fenced = tries(
        fence_of(home), home, **code,
        create=f"open({str(tmp_path / 'new')!r}, 'w')",
        remove=f"import os; os.remove({str(secret)!r})",
        truncate=f"import os; os.truncate({str(secret)!r}, 0)",
        rename=f"import os; os.rename({str(secret)!r}, {str(home / 'x')!r})",
        link=f"import os; os.link({str(secret)!r}, 'mine')",
    )  # fmt: skip
    assert set(fenced.values()) <= {*REFUSED, "EXDEV"}, fenced
    assert secret.read_text() == "key"
    assert not list(tmp_path.glob("new"))


def test_a_link_in_its_own_home_leads_nowhere(tmp_path, home):
    (tmp_path / "secret").write_text("key")
    code = {
        "link": f"import os; os.symlink({str(tmp_path / 'secret')!r}, 'link')",
        "through": "open('link').read()",
    }
    assert tries(fence_of(home), home, **code) == {"link": "done", "through": "EACCES"}


def test_its_home_and_what_is_granted_are_usable(tmp_path, home):
    models = tmp_path / "models"
    models.mkdir()
    (models / "a.obj").write_text("v 0 0 0")
    code = {
        "make": "import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x'); os.remove('a/b/c')",
        "rename": "import os; open('d', 'w').close(); os.rename('d', 'e'); os.rmdir('a/b')",
        "model": f"import os; open({str(models / 'a.obj')!r}).read(); os.listdir({str(models)!r})",
        "null": "open('/dev/null', 'w').write('x'); open('/dev/urandom', 'rb').read(1)",
        "thread": "import threading; t = threading.Thread(target=int); t.start(); t.join()",
        "memory": "import os; os.ftruncate(os.memfd_create('x'), 10)",
        "pair": "import socket; a, b = socket.socketpair(); a.send(b'x'); b.recv(1)",
        "own_signal": "import os; os.kill(os.getpid(), 0)",
        "stat": f"import os; os.stat({str(tmp_path)!r})",
    }
    fence = fence_of(home, (models,))
    assert tries(fence, home, **code) == dict.fromkeys(code, "done")
    assert tries(fence, home, write=f"open({str(models / 'b')!r}, 'w')") == {"write": "EACCES"}


def test_nothing_is_connected_to(home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
        assert tries(None, home, connect=connect) == {"connect": "done"}
        kinds = {
            kind: f"import socket; socket.socket(socket.{kind}, socket.SOCK_STREAM)"
            for kind in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_VSOCK")
        }
        fenced = tries(
            fence_of(home), home, connect=connect, **kinds,
            netlink="import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        )  # fmt: skip
    assert set(fenced.values()) == {"EPERM"}, fenced


def test_a_gpu_has_sockets_of_this_machine_that_reach_nobody(tmp_path, home, monkeypatch):
    monkeypatch.setenv("CUDA_CACHE_PATH", str(tmp_path / "cache"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        reach = f"s = socket.socket(socket.AF_UNIX); s.connect({str(tmp_path / 'socket')!r})"
        send = (
            "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
            f"s.sendto(b'x', {str(tmp_path / 'socket')!r})"
        )
        code = {
            "make": "import socket; socket.socket(socket.AF_UNIX)",
            "reach": f"import socket; {reach}",
            "send": f"import socket; {send}",
            "abroad": "import socket; socket.socket(socket.AF_INET)",
        }
        fence = fence_of(home, device=Device("cuda", "0"))
        assert tries(fence, home, **code) == {
            "make": "done", "reach": "EPERM", "send": "EPERM", "abroad": "EPERM",
        }  # fmt: skip


def test_a_software_rasteriser_adds_its_cache_alone(tmp_path, home, monkeypatch):
    monkeypatch.setenv("MESA_SHADER_CACHE_DIR", str(tmp_path / "shaders"))
    plain, fence = fence_of(home), fence_of(home, device=Device("software"))
    assert fence == plain._replace(write=(*plain.write, str(tmp_path / "shaders")))


def test_nothing_is_started_and_no_other_process_is_touched(home):
    harmless = {
        "fork": "import os; os.fork() or os._exit(0)",
        "start": "import subprocess; subprocess.run(['true'], check=True)",
        "signal": "import os; os.kill(os.getppid(), 0)",
    }
    assert set(tries(None, home, **harmless).values()) == {"done"}
    again = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', ''])"
    code = {
        **{name: harmless[name] for name in ("fork", "start", "signal")},
        "session": "import os; os.setsid()",
        "group": "import os; os.setpgid(0, 0)",
        "again": again,
        "pidfd": "import os; os.pidfd_open(os.getppid())",
        "limits": "import resource, os; resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
        "more_files": "import resource as r; r.prlimit(0, r.RLIMIT_NOFILE, (10, 10))",
        "mode": "import os; open('m', 'w').close(); os.chmod('m', 0o777)",
        "time": "import os; open('t', 'w').close(); os.utime('t')",
        "attribute": "import os; open('u', 'w').close(); os.setxattr('u', 'user.x', b'')",
    }
    fenced = tries(fence_of(home), home, **code)
    assert set(fenced.values()) == {"EPERM"}, fenced


def test_limits_and_privileges(home):
    code = (
        "import resource as r; print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_FSIZE)[1],"
        "[l for l in open('/proc/self/status') if l.startswith(('NoNewPrivs', 'Seccomp:'))])"
    )
    done = run(fence_of(home), home, sys.executable, "-I", "-c", code)
    assert done.stdout.startswith("(0, 0) "), done.stderr
    assert int(done.stdout.split()[2]) <= Fence().file_bytes
    assert "NoNewPrivs:\\t1" in done.stdout
    assert "Seccomp:\\t2" in done.stdout


def test_the_descriptor_of_the_program_cannot_be_made_again(home):
    """The filter lets one number be executed; no later descriptor gets it."""
    fence = fence_of(home)
    code = {"again": f"import os; os.dup2(1, {fence.descriptors})"}
    assert tries(fence, home, **code) == {"again": "EBADF"}


def test_a_call_of_another_architecture_kills(home):
    if os.uname().machine != "x86_64":
        pytest.skip("for x86-64 with its old interface of 32 bits")
    # int 0x80, with the number of getpid: mov eax, 20; int 0x80; ret
    code = (
        "import ctypes, mmap; m = mmap.mmap(-1, 4096, prot=7);"
        "m.write(bytes.fromhex('b814000000cd80c3'));"
        "f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m))); f()"
    )
    done = run(fence_of(home), home, sys.executable, "-I", "-c", code)
    assert done.returncode == -signal.SIGSYS


def test_a_script_is_fenced_with_what_it_starts(tmp_path, home):
    (tmp_path / "secret").write_text("key")
    program = tmp_path / "bin" / "blender"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/secret; echo started | cat; exec true\n")
    program.chmod(0o755)
    fence = fence_of(home, runtime=Runtime(str(program), (str(program),)))
    done = run(fence, home, str(program))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "started\n"
    assert "Permission denied" in done.stderr


def test_a_program_whose_loader_is_named_far_in_its_file_starts(tmp_path, home):
    """As patchelf leaves it, and so every program of some systems."""
    program = tmp_path / "bin" / "blender"
    program.parent.mkdir()
    whole = bytearray(Path("/bin/true").read_bytes())
    (table,), (size, count) = (
        struct.unpack_from(form, whole, at) for form, at in (("<Q", 32), ("<HH", 54))
    )
    (header,) = (
        at for at in range(table, table + size * count, size)
        if struct.unpack_from("<I", whole, at) == (executables.PT_INTERP,)
    )  # fmt: skip
    start, length = (struct.unpack_from("<Q", whole, header + at)[0] for at in (8, 32))
    name = bytes(whole[start : start + length])
    whole += bytes(2 * executables.MOST)
    struct.pack_into("<Q", whole, header + 8, len(whole))
    program.write_bytes(whole + name)
    program.chmod(0o755)
    done = run(fence_of(home, runtime=Runtime(str(program), (str(program),))), home, str(program))
    assert done.returncode == 0, done.stderr


SECRETS = {
    "AWS_SHARED_CREDENTIALS_FILE": "elsewhere/aws",
    "GOOGLE_APPLICATION_CREDENTIALS": "models/key.json",
    "HOME": "home",
}


@pytest.mark.parametrize("device", [Device("cpu"), Device("cuda", "0")])
@pytest.mark.parametrize("program", ["wheel", "program"])
@pytest.mark.parametrize("where", ["", "home", "models", "home/lists", "elsewhere"])
def test_no_grant_contains_what_is_private(where, program, device, tmp_path, home, monkeypatch):
    """Whatever folder a model lies in: neither scratch, home, output nor a credential."""
    for variable, name in SECRETS.items():
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("CUDA_CACHE_PATH", str(tmp_path / "home"))
    output = tmp_path / "models" / "out"
    private = [home.parent, output, *(tmp_path / name for name in SECRETS.values())]
    for folder in ("home/.aws", "home/lists", "models", "elsewhere", "models/out"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("home/.aws/credentials", "models/key.json", "elsewhere/aws", "models/a.obj"):
        (tmp_path / name).write_text("x")
    runtime = Runtime("bpy", (sys.executable,))
    if program == "program":
        own = tmp_path / "blender"
        own.symlink_to(Path(sys.executable).resolve())
        runtime = Runtime(str(own), (str(own), "--python", str(PROGRAM)))
    root = tmp_path / where
    fence = fence_of(home, (root,), (home.parent, output), device, runtime)
    private += [Path("/var/run/secrets").resolve() / "x", Path("/etc/shadow"), Path("/root/.ssh")]
    for path in private:
        granted = (*fence.read, *fence.write, *fence.devices, *fence.update)
        above = {str(path), *map(str, path.parents)}
        assert not above & set(granted), path
        assert not fence.reads(str(path))
    assert fence.lists(str(root))
    if where == "models":
        assert fence.reads(str(root / "a.obj"))


def test_an_unexpected_file_is_not_covered(tmp_path, home):
    fence = fence_of(home, (tmp_path / "a",))
    assert fence.reads(str(tmp_path / "a" / "b"))
    assert not fence.reads(str(tmp_path / "ab"))
    assert Fence.from_json(fence.to_json()) == fence


def test_a_long_list_is_granted_piece_by_piece(tmp_path, home, monkeypatch):
    """A new child is started for each piece, not for each object."""
    monkeypatch.setattr(fences, "MOST_GRANTED", 100)
    monkeypatch.setattr(fences, "LATE", 10)
    made = Fences("auto", PYTHON, Surroundings(), os.environ)
    roots = [tmp_path / "models" / f"{number:03}" for number in range(250)]
    made.expect(roots)
    made.expect(roots[:20])
    started = 0
    fence: Fence | None = Fence()
    for root in roots:
        if not covers(fence, [root], [root / "model.obj"]):
            made.need([root, root / "model.obj"])
            fence = made.of(CPU, home)
            started += 1
        assert covers(fence, [root], [root / "model.obj"])
    assert started == 3


def test_without_landlock_the_rest_holds(tmp_path, home):
    """A real kernel that answers as one before 5.13: by a filter that is there already."""
    (tmp_path / "secret").write_text("key")
    code = {
        "read": f"open({str(tmp_path / 'secret')!r}).read()",
        "socket": "import socket; socket.socket()",
        "fork": "import os; os.fork() or os._exit(0)",
    }
    program = (
        "import sys, json; from pathlib import Path; from tests.old_kernel import without_landlock;"
        "without_landlock(); from tests.fenced import fence_of, tries;"
        "home = Path(sys.argv[1]); print(json.dumps(tries(fence_of(home), home,"
        " **json.loads(sys.argv[2]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(home), json.dumps(code)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    assert said == {"read": "done", "socket": "EPERM", "fork": "EPERM"}


def test_every_call_has_a_number_and_both_machines_a_filter():
    for machine in ("x86_64", "aarch64"):
        filter_ = seccomp.program(Fence(), machine, 1, 2)
        assert len(filter_) % 8 == 0
        assert len(filter_) // 8 < 4096  # BPF_MAXINSNS


def test_rights_grow_with_the_abi():
    known = [landlock.known(landlock.FILES_BY_ABI, version) for version in range(1, 9)]
    assert known[0] == 0x1FFF
    assert known[1] == 0x3FFF
    assert known[2] == known[3] == 0x7FFF
    assert set(known[4:]) == {0xFFFF}
    assert msgspec.json.decode(Fence().to_json())["descriptors"] == Fence().descriptors
