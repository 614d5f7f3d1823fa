"""Zips that are hostile in their structure, made of the members of an intact one.

Each takes the path to write, the uid that the zip should be of, and its members by name.
"""

import io
import stat
import struct
import warnings
import zipfile
import zlib

from tests.integration.library.test_hostile import ZIPS as REFUSED

MARK = b"HOSTILE"
"""What no file that is made of such a zip may hold."""


def written(*entries, before=b"", comment=b"", keep=lambda _: True):
    """The intact members that `keep` takes, and entries: (ZipInfo or name, data)."""

    def make(path, uid, members):
        file = io.BytesIO(before)
        file.seek(len(before))
        with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
            warnings.simplefilter("ignore")
            for name, data in members.items():
                if keep(name):
                    archive.writestr(f"{uid}/{name}", data)
            for entry, data in entries:
                info = entry(uid) if callable(entry) else entry.format(uid=uid)
                archive.writestr(info, data)
            archive.comment = comment
        path.write_bytes(file.getvalue())

    return make


def of_type(name, kind):
    """An entry that says that it is a link, a device, …"""

    def info(uid):
        made = zipfile.ZipInfo(name.format(uid=uid))
        made.create_system, made.external_attr = 3, (kind | 0o777) << 16
        return made

    return info


def packed(name):
    def info(uid):
        made = zipfile.ZipInfo(name.format(uid=uid))
        made.compress_type = zipfile.ZIP_DEFLATED
        return made

    return info


def patched(at, form, value, header=b"PK\x01\x02"):
    """A number of the first entry, in the list of members or in its own header."""

    def make(path, uid, members):
        written()(path, uid, members)
        data = bytearray(path.read_bytes())
        struct.pack_into(form, data, data.index(header) + at, value)
        path.write_bytes(data)

    return make


def bomb(path, uid, members):
    """Metadata that says that it has a thousand bytes, and unpacks to very many more."""
    entry = packed("{uid}/metadata.json"), b" " * (64 << 20)
    written(entry, keep=without("metadata.json"))(path, uid, members)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(data)


def overlapping(path, uid, members):
    """Every entry of the list leads to the first member."""
    written()(path, uid, members)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 42, 0)
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)


def zip64(path, uid, members):
    """Sizes of 2 to the 63, in the field for large ones."""
    written()(path, uid, members)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    name = struct.unpack_from("<H", data, at + 28)[0]
    extra = struct.pack("<HHQQ", 1, 16, 1 << 63, 1 << 63)
    struct.pack_into("<II", data, at + 20, 2**32 - 1, 2**32 - 1)
    struct.pack_into("<H", data, at + 30, len(extra))
    data[at + 46 + name : at + 46 + name] = extra
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, struct.unpack_from("<I", data, end + 12)[0] + len(extra))
    path.write_bytes(data)


def without(name):
    return lambda each: each != name


OTHERS = {
    "a link in the place of an image": written(
        (of_type("{uid}/004.png", stat.S_IFLNK), b"/etc/passwd"), keep=without("004.png")
    ),
    "a link beside": written((of_type("{uid}/link.png", stat.S_IFLNK), b"/etc/passwd")),
    "a device": written((of_type("{uid}/tty", stat.S_IFCHR), MARK)),
    "two images of one name": written(("{uid}/004.png", MARK)),
    "a bidi name": written(("{uid}/\u202egnp.\u2066x", MARK)),
    "a name with a newline": written(("{uid}/a\nb\x1b[2J", MARK)),
    "a name above": written(("{uid}/../../../above.png", MARK), ("../above.png", MARK)),
    "an absolute name": written(("/tmp/absolute.png", MARK)),
    "an empty name": written(("{uid}/", b""), ("{uid}//x", MARK)),
    "a long name": written(("{uid}/" + "n" * 60_000, MARK)),
    "encrypted": patched(8, "<H", 1),
    "encrypted in its header": patched(6, "<H", 1, b"PK\x03\x04"),
    "of an unknown method": patched(10, "<H", 99),
    "of a version to come": patched(6, "<H", 255),
    "of more disks": patched(34, "<H", 7),
    "with a field beyond its end": patched(30, "<H", 60_000),
    "with a name beyond its end": patched(28, "<H", 60_000),
    "with a header beyond its end": patched(42, "<I", 2**32 - 2),
    "whose member is longer": patched(24, "<I", 200 << 20),
    "of large sizes": zip64,
    "overlapping": overlapping,
    "a bomb": bomb,
    "of many members": written(*((f"{{uid}}/{n}", b"") for n in range(10_000))),
    "with something before": written(before=MARK * 1000),
    "with a long comment": written(comment=MARK * 9000),
    "of deep metadata": written(
        ("{uid}/metadata.json", b'{"a":' * 200_000), keep=without("metadata.json")
    ),
    "of long metadata": written(
        ("{uid}/metadata.json", b'{"a":"' + b"a" * (30 << 20) + b'"}'),
        keep=without("metadata.json"),
    ),
    "of metadata of long numbers": written(
        ("{uid}/metadata.json", b'{"file_identifier": "a", "vert_count": ' + b"9" * 100_000 + b"}"),
        keep=without("metadata.json"),
    ),
    "of metadata in odd bytes": written(
        ("{uid}/metadata.json", zlib.compress(b"a") + b"\xff\xfe"), keep=without("metadata.json")
    ),
}  # fmt: skip
ALL = {**{what: make for what, (make, _) in REFUSED.items()}, **OTHERS}
HARMLESS = {
    "a link in the place of an image", "a link beside", "a device", "a long name", "encrypted",
    "of more disks", "of many members", "with something before", "of deep metadata",
    "of long metadata", "of metadata of long numbers", "of metadata in odd bytes",
}  # fmt: skip
"""Those whose bytes can be read: a link is text, and nobody has decoded the metadata yet."""
EXPORTED = {
    "a link in the place of an image", "a link beside", "a device", "a long name", "of more disks",
    "of many members", "with something before", "with a long comment", "encrypted",
    "encrypted in its header", "whose member is longer", "a changed byte", "a header elsewhere",
    "a huge member", "a huge member, packed too", "of an unknown method", "a start that is missing",
    "with a header beyond its end",
}  # fmt: skip
"""Those that an export may take, because the bytes that it needs are intact."""
