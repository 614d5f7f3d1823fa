"""A real S3 server for the tests: one-node Ceph with its RADOS gateway, in a chroot.

    python -m tests.tools.rgw install        once; about a minute and 1 GB
    python -m tests.tools.rgw serve          until Ctrl-C; prints the endpoints and keys

The chroot lies in WORKER_TEST_CACHE (default: ~/.cache/render-worker-tests) and comes
from the package mirror this machine already uses, of the suite WORKER_TEST_SUITE
(default: testing, or sid where that cannot be installed; older RGWs' conditional writes are not
atomic). Every command in it runs in mount and process namespaces of its own: nothing stays mounted
and no daemon outlives its parent.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.tools import ports

ACCESS_KEY = "TESTACCESS"
SECRET_KEY = "testsecrettestsecret"
PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")
SUITES = ("testing", "sid")
STARTS = 3
TAKEN = os.strerror(errno.EADDRINUSE)
START_TIMEOUT_S = 300.0
"""Against a hang only: 13 s on a quiet machine, and a busy disk reads Ceph's programs slowly."""

ENTER = """
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
exec chroot "$0" "$@"
"""

CONF = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = {state}/memory
admin socket = {state}/memory/$name.asok
log file = {state}/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd objectstore = memstore
memstore device bytes = 2147483648
[mon.a]
mon data = {state}/memory/mon
mon initial members = a
[osd.0]
osd data = {state}/memory/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{http} ssl_endpoint=127.0.0.1:{https} \
ssl_certificate={state}/server.pem
rgw enable usage log = false
rgw thread pool size = 32
rgw dns name = localhost
ms mon client mode = crc
"""

# The monitor's fsyncs wait for all that others have written to a disk, half a minute and more
# while images are built, so what it must keep is kept in memory. A daemon that ends ends all.
BOOT = """
export CEPH_CONF="$1/ceph.conf" CEPH_USE_RANDOM_NONCE=1
memory="$1/memory"
cd /  # Debian's OSD looks for its object classes in a relative path
mkdir "$memory"
mount -t tmpfs -o size=1g tmpfs "$memory"
mkdir "$memory/mon" "$memory/osd"
daemon() { "$@" || echo "$1 ended with $?"; kill -- -1; }
monmaptool --create --fsid "$2" --addv a "[v2:127.0.0.1:$3]" "$memory/monmap"
ceph-mon -i a --mkfs --monmap "$memory/monmap"
daemon ceph-mon -f -i a &
ceph osd new "$4" 0
ceph-osd -i 0 --mkfs --osd-uuid "$4"
daemon ceph-osd -f -i 0 &
until ceph osd stat | grep -q " 1 up"; do sleep 0.2; done
radosgw-admin user create --uid=test --display-name=test --access-key="$5" --secret-key="$6"
exec radosgw -f -n client.rgw
"""


class Unavailable(Exception):
    """No RGW on this machine; the message says why."""


class PortTaken(Unavailable):
    """Another program took a port between our look and the daemon's."""


@dataclass(frozen=True)
class Rgw:
    """A running gateway. `ca` is the certificate that https clients must trust."""

    http: str
    https: str
    ca: Path
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY


def cache() -> Path:
    default = Path.home() / ".cache" / "render-worker-tests"
    return Path(os.environ.get("WORKER_TEST_CACHE", default))


def install() -> Path:
    """The chroot, made if need be. Raises: Unavailable."""
    _require(os.geteuid() == 0, "must be root, for chroot and mount")
    _require(sys.platform == "linux", "needs Linux")
    for tool in ("apt-get", "dpkg-deb", "gpgv", "setpriv", "unshare", "openssl"):
        _require(shutil.which(tool) is not None, f"{tool} is not installed")
    told = os.environ.get("WORKER_TEST_SUITE")
    roots = {suite: cache() / f"ceph-{suite}" for suite in ([told] if told else SUITES)}
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs must not build the same chroot
        for root in roots.values():
            if root.exists():
                return root
        failures = []
        for suite, root in roots.items():
            try:
                _build(root, suite)
            except Unavailable as error:
                failures.append(f"{suite}: {error}")
            else:
                return root
    raise Unavailable("; ".join(failures))


def _build(root: Path, suite: str) -> None:
    """Make the chroot beside its place and move it there, so that it is there whole or not."""
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a build that was killed; nothing is mounted
    with tempfile.TemporaryDirectory() as scratch:
        # Unpacked, not installed: the machine itself stays as it is.
        _run(["apt-get", "download", "debootstrap"], cwd=scratch)
        (package,) = Path(scratch).glob("debootstrap_*.deb")
        _run(["dpkg-deb", "-x", package, scratch])
        _run(
            [f"{scratch}/usr/sbin/debootstrap", "--variant=minbase", suite, partial, _mirror()],
            env={**os.environ, "DEBOOTSTRAP_DIR": f"{scratch}/usr/share/debootstrap"},
        )
    shutil.copy("/etc/resolv.conf", partial / "etc/resolv.conf")
    own = re.compile(r"Acquire::(https?|Retries|Check-Valid-Until)\b")
    dump = _run(["apt-config", "dump"]).splitlines()
    settings = "\n".join(line for line in dump if own.match(line))
    (partial / "etc/apt/apt.conf.d/90host").write_text(settings + "\n")
    keep_still = partial / "usr/sbin/policy-rc.d"
    keep_still.write_text("#!/bin/sh\nexit 101\n")
    keep_still.chmod(0o755)
    _run(
        _inside(partial, "apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES),
        env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    _run(_inside(partial, "apt-get", "clean"))
    partial.rename(root)


def _mirror() -> str:
    """The mirror that apt on this machine fetches Debian itself from."""
    lines = _run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)|$(CODENAME)"])
    for line in lines.splitlines():
        origin, uri, codename = line.split("|")
        if origin == "Debian" and codename.isalpha():  # not bookworm-security, -updates
            return uri
    raise Unavailable("apt on this machine knows no Debian mirror")


@contextlib.contextmanager
def running() -> Iterator[Rgw]:
    """Start a gateway on free ports; it ends with the block or with this process."""
    root = install()
    with contextlib.ExitStack() as stack:
        yield _started(root, stack)


def _started(root: Path, stack: contextlib.ExitStack) -> Rgw:
    for _ in range(STARTS - 1):
        with contextlib.suppress(PortTaken):
            return stack.enter_context(_start(root))
    return stack.enter_context(_start(root))


@contextlib.contextmanager
def _start(root: Path) -> Iterator[Rgw]:
    state = f"/var/tmp/rgw-{uuid4().hex[:12]}"
    outside = root / state[1:]
    outside.mkdir()
    http, https, mon = ports.free(3)
    fsid = str(uuid4())
    try:
        (outside / "ceph.conf").write_text(
            CONF.format(fsid=fsid, state=state, http=http, https=https, mon=mon)
        )
        ca = _certificate(outside)
        boot = ("sh", "-ec", BOOT, "boot", state, fsid, str(mon), str(uuid4()))
        with (outside / "boot.log").open("wb") as log:
            process = subprocess.Popen(
                _inside(root, *boot, ACCESS_KEY, SECRET_KEY),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait(process, (http, https), outside)
            yield Rgw(f"http://localhost:{http}", f"https://localhost:{https}", ca)
        finally:
            process.kill()  # the whole process namespace goes with it
            process.wait()
    finally:
        shutil.rmtree(outside, ignore_errors=True)


def _inside(root: Path, *command: str) -> list[str | Path]:
    return [
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--pid", "--fork", "--kill-child",
        "sh", "-ec", ENTER, root, *command,
    ]  # fmt: skip


def _certificate(folder: Path) -> Path:
    key, ca = folder / "key.pem", folder / "ca.pem"
    _run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key, "-out", ca]
    )  # fmt: skip
    (folder / "server.pem").write_bytes(key.read_bytes() + ca.read_bytes())
    return ca


def _wait(process: subprocess.Popen[bytes], listened: tuple[int, ...], state: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    answers = False
    while not answers:
        time.sleep(0.1)
        answers = all(map(ports.answers, listened))
        logs = [log.read_text(errors="replace") for log in sorted(state.glob("*.log"))]
        # Of its two ports RGW is content with one, and whoever has the other may answer too.
        taken = any(TAKEN in log for log in logs)
        if taken or process.poll() is not None or time.monotonic() > deadline:
            said = " | ".join(line for log in logs for line in log.splitlines()[-4:])
            raise (PortTaken if taken else Unavailable)(f"RGW did not start: {said}")


def _run(command: list[str | Path], **options: object) -> str:
    try:
        done = subprocess.run(
            command, check=False, text=True, errors="replace", stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{Path(command[0]).name} took over {error.timeout} s") from error
    tail = " | ".join(done.stdout.splitlines()[-5:])
    _require(done.returncode == 0, f"{Path(command[0]).name} failed ({done.returncode}): {tail}")
    return done.stdout


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Unavailable(otherwise)


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    if sys.argv[1:] not in (["install"], ["serve"]):
        sys.stderr.write(__doc__ or "")
        return 64
    try:
        if sys.argv[1] == "install":
            say(install())
            return 0
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with running() as rgw, contextlib.suppress(KeyboardInterrupt):
            say(f"{rgw.http}  {rgw.https}  AWS_CA_BUNDLE={rgw.ca}")
            say(f"AWS_ACCESS_KEY_ID={rgw.access_key} AWS_SECRET_ACCESS_KEY={rgw.secret_key}")
            while True:
                time.sleep(3600)
    except Unavailable as reason:
        sys.stderr.write(f"no RGW here: {reason}\n")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
