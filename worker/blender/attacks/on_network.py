"""Attempts to connect to anything."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import platform
import socket
import struct
from typing import Tuple

from worker.blender.attacks import syscalls
from worker.blender.attacks.attack import Attack, attack
from worker.contract.attack_report import Targets

UNKNOWN = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT)
"""A kernel that lacks the kind of socket, and seccomp for kinds that it refuses."""
ETHERNET = 0x0300  # ETH_P_ALL in network byte order
SIOCSIFFLAGS = 0x8914
SOCKET_32 = 359
"""The system call `socket` of 32-bit x86."""


def _made(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


def _local_port(targets: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.connect(("127.0.0.1", targets.port))


def _listened(_: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.bind(("127.0.0.1", 0))
        made.listen()


def _unix(address: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.connect(address)


def _sent(targets: Targets) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.sendto(b"attack", targets.datagram)


def _message_sent(targets: Targets) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.sendmsg([b"attack"], [], 0, targets.datagram)


def _switched() -> None:
    """By the one kind of socket that it may have: the kernel looks at the right first."""
    one, other = socket.socketpair()
    with one, other:
        fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sH14x", b"no-such-place", 0))


def _x32(_: Targets) -> None:
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "only x86-64 has it")
    number = syscalls.X32 | syscalls.NUMBERS["socket"]
    socket.socket(fileno=syscalls.numbered(number, socket.AF_INET, socket.SOCK_STREAM)).close()


def _i386(_: Targets) -> None:
    """Call the 32-bit kernel interface from 64-bit code, with other numbers for the calls."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "only x86-64 has it")
    code = (
        b"\x53"  # push rbx
        b"\xbb\x02\x00\x00\x00"  # mov ebx, AF_INET
        b"\xb9\x01\x00\x00\x00"  # mov ecx, SOCK_STREAM
        b"\x31\xd2"  # xor edx, edx
        b"\xb8" + SOCKET_32.to_bytes(4, "little") + b"\xcd\x80"  # mov eax, socket; int 0x80
        b"\x5b\xc3"  # pop rbx; ret
    )
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    done = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if done < 0:
        raise OSError(-done, "the 32-bit call was refused")


ON_NETWORK: Tuple[Attack, ...] = (
    attack("connect to localhost", "connect to a TCP port of this machine", _local_port, *UNKNOWN),
    attack("listen", "listen on a TCP port", _listened, *UNKNOWN),
    attack("INET stream", "make a TCP socket",
           lambda _: _made(socket.AF_INET, socket.SOCK_STREAM), *UNKNOWN),
    attack("INET datagram", "make a UDP socket",
           lambda _: _made(socket.AF_INET, socket.SOCK_DGRAM), *UNKNOWN),
    attack("INET raw", "make a raw socket",
           lambda _: _made(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), *UNKNOWN),
    attack("INET6", "make an IPv6 socket",
           lambda _: _made(socket.AF_INET6, socket.SOCK_STREAM), *UNKNOWN),
    attack("NETLINK", "talk to the kernel's network",
           lambda _: _made(socket.AF_NETLINK, socket.SOCK_RAW), *UNKNOWN),
    attack("PACKET", "listen to the wire",
           lambda _: _made(socket.AF_PACKET, socket.SOCK_RAW, ETHERNET), *UNKNOWN),
    attack("VSOCK", "make a socket to the hypervisor",
           lambda _: _made(socket.AF_VSOCK, socket.SOCK_STREAM), *UNKNOWN),
    attack("ALG", "make a socket to the kernel's ciphers",
           lambda _: _made(socket.AF_ALG, socket.SOCK_SEQPACKET), *UNKNOWN),
    attack("UNIX", "connect to a UNIX socket", lambda t: _unix(t.stream), *UNKNOWN),
    attack("UNIX abstract", "connect to a UNIX socket without a file",
           lambda t: _unix("\0" + t.abstract), *UNKNOWN),
    attack("UNIX datagram", "send to a UNIX socket without connecting", _sent, *UNKNOWN),
    attack("UNIX message", "send a message to a UNIX socket without connecting", _message_sent,
           *UNKNOWN),
    attack("network settings", "switch a network interface, of no name that there is",
           lambda _: _switched()),
    attack("x32 socket", "make a TCP socket by the x32 number", _x32, *UNKNOWN),
)  # fmt: skip

I386: Attack = attack("32-bit socket", "make a TCP socket by a 32-bit call", _i386, *UNKNOWN)
"""The last of all: a kernel without 32-bit calls ends the process instead of answering."""
