"""Textures that say that they are larger than they are, or unpack to far more than they take."""

import io
import struct
import zlib

from PIL import Image

from tests.fuzz.seeds import Model

HUGE = 2**31 - 1
CROSS = (
    "mtllib q.mtl\nv -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nv 0 -1 -1\nv 0 1 -1\nv 0 1 1\nv 0 -1 1\n"
    "v -1 0 -1\nv 1 0 -1\nv 1 0 1\nv -1 0 1\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nusemtl p\n"
    "f 1/1 2/2 3/3 4/4\nf 5/1 6/2 7/3 8/4\nf 9/1 10/2 11/3 12/4\n"
)
"""Three squares across each other, seen from everywhere."""


def worn(name, data):
    """Squares that wear the picture."""
    mtl = f"newmtl p\nKd 1 1 1\nmap_Kd {name}\n".encode()
    return Model("q.obj", {"q.obj": CROSS.encode(), "q.mtl": mtl, name: data})


def saved(kind, size=(16, 16), mode="RGB", **more):
    file = io.BytesIO()
    Image.new(mode, size, 128).save(file, kind, **more)
    return file.getvalue()


def png(width, height, idat, depth=8, colour=2, more=()):
    head = struct.pack(">II5B", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), *more, (b"IDAT", idat), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in chunks
    )


def zeros(size):
    """That many of them, packed."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join((*parts, packer.flush()))


def put(data, at, form, *values):
    return data[:at] + struct.pack(form, *values) + data[at + struct.calcsize(form) :]


def jpeg(width, height):
    data = saved("JPEG")
    return put(data, data.index(b"\xff\xc0") + 5, ">HH", height, width)


def exr(width, height, compression=0, offset=None):
    """A head of an EXR of that size, and a table of offsets that lead nowhere."""

    def said(name, kind, value):
        return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value

    channel = b"R\0" + struct.pack("<IB3xII", 2, 0, 1, 1) + b"\0"
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    return (
        b"v/1\x01\x02\0\0\0"
        + said(b"channels", b"chlist", channel)
        + said(b"compression", b"compression", bytes([compression]))
        + said(b"dataWindow", b"box2i", box)
        + said(b"displayWindow", b"box2i", box)
        + said(b"lineOrder", b"lineOrder", b"\0")
        + said(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
        + said(b"screenWindowCenter", b"v2f", bytes(8))
        + said(b"screenWindowWidth", b"float", struct.pack("<f", 1))
        + b"\0"
        + struct.pack("<Q", 2**63 if offset is None else offset) * 64
    )


def hdr(width, height, data=b""):
    return f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode() + data


def tiff(**tags):
    """A TIFF whose tags say so."""
    all_ = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 16, 279: 256}
    all_ |= {int(number): value for number, value in tags.items()}
    entries = b"".join(struct.pack("<HHII", n, 4, 1, v) for n, v in sorted(all_.items()))
    body = b"II*\0" + struct.pack("<I", 8 + 256) + bytes(256)
    return body + struct.pack("<H", len(all_)) + entries + bytes(4)


def dds(width, height, mips=1, code=b"DXT1"):
    """Microsoft's DDS_HEADER."""
    head = struct.pack("<7I44x2I4s20x", 124, 0x21007, height, width, HUGE, 1, mips, 32, 4, code)
    return b"DDS " + head + struct.pack("<I16x", 0x401008) + bytes(64)


def ktx2(width, height, levels=1, length=2**40):
    """Khronos' KTX 2 header and an index of its levels."""
    head = struct.pack("<9I", 37, 1, width, height, 0, 0, 1, levels, 0)
    index = struct.pack("<4I2Q", 0, 0, 0, 0, 0, 0)
    level = struct.pack("<3Q", 80, length, length)
    return b"\xabKTX 20\xbb\r\n\x1a\n" + head + index + level * min(levels, 32)


def tga(width, height, kind=2):
    return struct.pack("<3B5x4HBB", 0, 0, kind, 0, 0, width, height, 24, 0) + b"\xff\0\0\0" * 20


def bmp(width, height):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head + bytes(64)


def webp(width, height):
    """VP8X, whose canvas has another size than its picture."""
    inner = saved("WEBP", lossless=True)[12:]
    said = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBPVP8X" + struct.pack("<I4x", 10)[:4] + bytes(4) + said + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def icc(size):
    """A colour profile that unpacks to so much."""
    return b"iCCP", b"a\0\0" + zeros(size)


LYING = {
    "PNG of 2 billion squared": ("t.png", png(HUGE, HUGE, b"")),
    "PNG of nothing": ("t.png", png(0, 0, b"")),
    "PNG of one long row": ("t.png", png(HUGE, 1, zlib.compress(b"\0"))),
    "PNG of more pixels than it has": ("t.png", png(4096, 4096, zlib.compress(bytes(4096)))),
    "PNG of a depth that is none": ("t.png", png(16, 16, zlib.compress(bytes(999)), 7, 5)),
    "JPEG of 65535 squared": ("t.jpg", jpeg(65535, 65535)),
    "JPEG of nothing": ("t.jpg", jpeg(0, 0)),
    "EXR of 2 billion squared": ("t.exr", exr(HUGE, HUGE)),
    "EXR of 30000 squared, of nowhere": ("t.exr", exr(30000, 30000, 3)),
    "EXR of fewer than none": ("t.exr", exr(-5, -5)),
    "EXR of one long row": ("t.exr", exr(HUGE, 1)),
    "EXR whose offsets are all one": ("t.exr", exr(64, 64, 2, 10)),
    "HDR of 2 billion squared": ("t.hdr", hdr(HUGE, HUGE)),
    "HDR of numbers beyond all": ("t.hdr", hdr("9" * 40, "-9" * 40)),
    "HDR of 30000 squared": ("t.hdr", hdr(30000, 30000, bytes(400))),
    "TIFF of 4 billion squared": ("t.tif", tiff(**{"256": 2**32 - 1, "257": 2**32 - 1})),
    "TIFF of 30000 squared": ("t.tif", tiff(**{"256": 30000, "257": 30000, "278": 30000})),
    "TIFF of strips elsewhere": ("t.tif", tiff(**{"273": 2**32 - 1, "279": 2**32 - 1})),
    "TIFF of 4 billion samples": ("t.tif", tiff(**{"277": 65535, "258": 64})),
    "TIFF of folders in a circle": ("t.tif", tiff()[:-4] + struct.pack("<I", 264)),
    "DDS of 4 billion squared": ("t.dds", dds(2**32 - 1, 2**32 - 1)),
    "DDS of 65535 squared": ("t.dds", dds(65535, 65535)),
    "DDS of 4 billion mips": ("t.dds", dds(16, 16, 2**32 - 1)),
    "KTX2 of 4 billion squared": ("t.ktx2", ktx2(2**32 - 1, 2**32 - 1)),
    "KTX2 of a level of a terabyte": ("t.ktx2", ktx2(16, 16)),
    "KTX2 of 4 billion levels": ("t.ktx2", ktx2(16, 16, 2**32 - 1)),
    "TGA of 65535 squared": ("t.tga", tga(65535, 65535)),
    "TGA of 65535 squared, packed": ("t.tga", tga(65535, 65535, 10)),
    "BMP of 2 billion squared": ("t.bmp", bmp(HUGE, HUGE)),
    "BMP of fewer than none": ("t.bmp", bmp(-16, -HUGE)),
    "WebP whose canvas is larger": ("t.webp", webp(1 << 24, 1 << 24)),
    "EXR that is a PNG": ("t.exr", saved("PNG")),
    "PNG that is a PSD": (
        "t.png", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 56, HUGE, HUGE, 32, 3),
    ),
    "JPEG 2000 of 4 billion squared": (
        "t.jp2",
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x2djp2h\0\0\0\x16ihdr"
        + struct.pack(">IIH", 2**32 - 1, 2**32 - 1, 65535) + bytes(40),
    ),
}  # fmt: skip
BOMBS = {
    # They are what they say, and unpack to a gigabyte and more.
    "PNG bomb": ("t.png", png(20_000, 20_000, zeros(20_000 * 60_001))),
    "PNG of two rows and a gigabyte": ("t.png", png(16, 2, zeros(1 << 30))),
    "PNG of a profile of a gigabyte": (
        "t.png", png(16, 16, zlib.compress(bytes(16 * 49)), more=(icc(1 << 30),)),
    ),
    "PNG of a comment of a gigabyte": (
        "t.png", png(16, 16, zlib.compress(bytes(16 * 49)),
                     more=((b"zTXt", b"a\0\0" + zeros(1 << 30)),)),
    ),
}  # fmt: skip


def all_of():
    """Squares that wear each, and good pictures beside them."""
    endings = {"PNG": "png", "JPEG": "jpg", "TIFF": "tif", "BMP": "bmp"}
    good = {f"good {kind}": (f"t.{end}", saved(kind)) for kind, end in endings.items()}
    return {what: worn(*each) for what, each in (LYING | BOMBS | good).items()}
