"""Models of every format that promise more than they hold, or unpack without an end."""

import json
import struct
import zipfile

from tests.fuzz.seeds import BY_HAND, Model, packed

TRILLION = 10**12


def one(name, content, **others):
    """A model of one file, and others beside it."""
    data = content.encode() if isinstance(content, str) else content
    return Model(name, {name: data, **others})


def glb(document, buffer=b"", lengths=(None, None, None)):
    """A GLB of these parts, in which each of the three lengths may be another."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    whole, first, second = lengths
    chunks = struct.pack("<I4s", len(text) if first is None else first, b"JSON") + text
    chunks += struct.pack("<I4s", len(buffer) if second is None else second, b"BIN\0") + buffer
    size = 12 + len(chunks) if whole is None else whole
    return struct.pack("<4sII", b"glTF", 2, size) + chunks


def triangle(**changed):
    """glTF of a triangle; its buffer is nine floats and three indices."""
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0],
         "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
    ]  # fmt: skip
    return {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "bufferViews": [{"buffer": 0, "byteLength": 36},
                        {"buffer": 0, "byteOffset": 36, "byteLength": 6}],
        "accessors": accessors, "buffers": [{"byteLength": 44}], **changed,
    }  # fmt: skip


BUFFER = struct.pack("<9f3Hxx", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2)


def with_accessor(number, **values):
    document = triangle()
    document["accessors"][number].update(values)
    return document


def sparse(count):
    return with_accessor(0, sparse={
        "count": count, "indices": {"bufferView": 1, "componentType": 5123},
        "values": {"bufferView": 0},
    })  # fmt: skip


GLTF = {
    "glTF of deep nesting": glb(b'{"asset":{"version":"2.0"},"a":' + b"[" * 200_000),
    "glTF of deep objects": glb(b'{"a":' * 100_000),
    "glTF whose accessor has a trillion": glb(with_accessor(0, count=TRILLION), BUFFER),
    "glTF whose accessor has fewer than none": glb(with_accessor(0, count=-3), BUFFER),
    "glTF whose indices lead out": glb(triangle(), BUFFER[:36] + struct.pack("<3Hxx", 0, 9, 65000)),
    "glTF without a buffer view": glb(
        {**with_accessor(0, count=TRILLION), "accessors": [
            {"componentType": 5126, "count": TRILLION, "type": "VEC3"},
            {"componentType": 5123, "count": 3, "type": "SCALAR"},
        ]}, BUFFER,
    ),
    "glTF of sparse billions": glb(sparse(TRILLION), BUFFER),
    "glTF whose nodes are a circle": glb(
        triangle(nodes=[{"mesh": 0, "children": [1]}, {"children": [0]}]), BUFFER
    ),
    "glTF whose node is its own child": glb(triangle(nodes=[{"mesh": 0, "children": [0]}]), BUFFER),
    "glTF of instances without an end": glb(
        triangle(nodes=[{"mesh": 0}] * 200_000, scenes=[{"nodes": [*range(200_000)]}]), BUFFER
    ),
    "glTF whose length is 4 GB": glb(triangle(), BUFFER, (0xFFFFFFFF, None, None)),
    "glTF whose text is 4 GB": glb(triangle(), BUFFER, (None, 0xFFFFFFFF, None)),
    "glTF whose buffer is 4 GB": glb(triangle(), BUFFER, (None, None, 0xFFFFFFFF)),
    "glTF whose buffer says a trillion": glb(triangle(buffers=[{"byteLength": TRILLION}]), BUFFER),
    "glTF whose view says a trillion": glb(
        triangle(bufferViews=[{"buffer": 0, "byteLength": TRILLION, "byteOffset": TRILLION}] * 2),
        BUFFER,
    ),
    "glTF of many scenes": glb(triangle(scene=10**9), BUFFER),
    "glTF of numbers that are none": glb(b'{"asset":{"version":"2.0"},"scene":1e999}'),
}  # fmt: skip


def laughs(levels=9, width=10):
    """Entities that unpack to width to the power of levels."""
    first = '<!ENTITY l0 "lol">'
    others = (f'<!ENTITY l{n} "{f"&l{n - 1};" * width}">' for n in range(1, levels + 1))
    return "\n".join((first, *others))


def collada(head="", count=9, stride=3, text="0 0 0 1 0 0 0 1 0", triangles=1, p="0 1 2"):
    return (
        f'<?xml version="1.0"?>{head}'
        '<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">'
        '<asset><up_axis>Z_UP</up_axis></asset><library_geometries><geometry id="g">'
        f'<mesh><source id="s"><float_array id="a" count="{count}">{text}</float_array>'
        f'<technique_common><accessor source="#a" count="{count // 3}" stride="{stride}">'
        '<param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/>'
        '</accessor></technique_common></source><vertices id="v"><input semantic="POSITION" '
        f'source="#s"/></vertices><triangles count="{triangles}"><input semantic="VERTEX" '
        f'source="#v" offset="0"/><p>{p}</p></triangles></mesh></geometry></library_geometries>'
        '<library_visual_scenes><visual_scene id="vs"><node id="n"><instance_geometry url="#g"/>'
        '</node></visual_scene></library_visual_scenes><scene><instance_visual_scene url="#vs"/>'
        "</scene></COLLADA>"
    )


NODES = '<node id="a"><instance_node url="#b"/></node><node id="b"><instance_node url="#a"/></node>'
XML = {
    "COLLADA of a billion laughs": collada(f"<!DOCTYPE COLLADA [{laughs()}]>", text="&l9;"),
    "COLLADA of one long entity": collada(
        f'<!DOCTYPE COLLADA [<!ENTITY a "{"1 " * 50_000}">]>', text="&a;" * 50_000
    ),
    "COLLADA of an entity elsewhere": collada(
        '<!DOCTYPE COLLADA [<!ENTITY a SYSTEM "file:///etc/passwd">]>', text="&a;"
    ),
    "COLLADA of an entity of itself": collada('<!DOCTYPE c [<!ENTITY a "&a;">]>', text="&a;"),
    "COLLADA of a trillion numbers": collada(count=3 * TRILLION),
    "COLLADA of a trillion triangles": collada(triangles=TRILLION),
    "COLLADA of a vast stride": collada(stride=2**31 - 1),
    "COLLADA whose indices lead out": collada(p="0 1 2147483647"),
    "COLLADA of indices below zero": collada(p="0 1 -2147483648"),
    "COLLADA of deep nesting": collada(text="<a>" * 100_000),
    "COLLADA of a circle of nodes": collada().replace(
        "<library_visual_scenes>", f"<library_nodes>{NODES}</library_nodes><library_visual_scenes>"
    ).replace('<instance_geometry url="#g"/>', '<instance_node url="#a"/>'),
    "COLLADA that is cut": collada()[:700],
}  # fmt: skip

PAINTED = "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl m\nf 1 2 3\n"
FACE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"
OBJ = {
    "OBJ of faces that lead out": f"{FACE}f 1 2 2147483647\nf -1 -2 -2147483648\n",
    "OBJ of an index beyond all": f"{FACE}f 1 2 99999999999999999999999\n",
    "OBJ of index 0": f"{FACE}f 0 1 2\n",
    "OBJ of a face of a million": f"{FACE}f{' 1 2 3' * 350_000}\n",
    "OBJ of numbers beyond all": f"v 1e999 nan -inf\n{FACE}f 1 2 3\nf 2 3 4\n",
    "OBJ of long names": f"o {'n' * 1_000_000}\n{FACE}usemtl {'m' * 1_000_000}\nf 1 2 3\n",
    "OBJ of a line that goes on": f"{FACE}f 1 2 3" + " \\\n" * 200_000,
    "OBJ of many groups": FACE + "".join(f"g a{n}\nf 1 2 3\n" for n in range(100_000)),
    "OBJ of a vast curve": f"{FACE}cstype bspline\ndeg 2147483647\ncurv 0 1 1 2 3\n"
    "parm u 0 1\nend\nf 1 2 3\n",
}
MTL = {
    "OBJ of an MTL of many materials": "".join(f"newmtl m{n}\nKd 1 0 0\n" for n in range(20_000)),
    "OBJ of an MTL of odd numbers": "newmtl m\nKd 1e999 nan -1e38\nd -5\nNi 0\nillum 99999\n",
    "OBJ of an MTL of one long line": "newmtl m\nmap_Kd " + "a/" * 500_000 + "x.png\n",
    "OBJ of an MTL of a device": "newmtl m\nmap_Kd /dev/zero\nmap_Bump /dev/stdin\n",
}


def ply(vertices, faces, kind="ascii", data=b"0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", more=""):
    head = (
        f"ply\nformat {kind} 1.0\nelement vertex {vertices}\nproperty float x\nproperty float y\n"
        f"property float z\n{more}element face {faces}\n"
        "property list uchar int vertex_indices\nend_header\n"
    )
    return head.encode() + data


POINTS = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
LITTLE = "binary_little_endian"
PLY = {
    f"PLY of a trillion {what}, {kind}": ply(*counts, kind, POINTS + b"\3" + bytes(12))
    for kind in ("ascii", LITTLE, "binary_big_endian")
    for what, counts in {"vertices": (TRILLION, 1), "faces": (3, TRILLION)}.items()
} | {
    "PLY of 2 to the 64 vertices": ply(2**64 + 3, 1, LITTLE, POINTS),
    "PLY of fewer than no vertices": ply(-3, 1, LITTLE, POINTS),
    "PLY of 4 billion vertices": ply(2**32 - 1, 1, LITTLE, POINTS),
    "PLY whose face leads out": ply(3, 1, LITTLE, POINTS + struct.pack("<B3i", 3, 0, 1, 2**31 - 1)),
    "PLY whose face is below zero": ply(3, 1, LITTLE, POINTS + struct.pack("<B3i", 3, 0, 1, -1)),
    "PLY whose face is cut": ply(3, 1, LITTLE, POINTS + struct.pack("<Bi", 255, 0)),
    "PLY of many properties": ply(3, 1, more="property float a\n" * 100_000),
    "PLY without an end of its head": b"ply\nformat ascii 1.0\n" + b"comment a\n" * 500_000,
    "PLY of lists of 4 GB": ply(3, 1, LITTLE, POINTS + b"\xff" * 8).replace(b"uchar", b"uint"),
}  # fmt: skip


def stl(count, held=1):
    return bytes(80) + struct.pack("<I", count) + struct.pack("<12fH", *range(12), 0) * held


STL = {
    "STL of 4 billion": stl(2**32 - 1),
    "STL of none that has one": stl(0),
    "STL of one too many": stl(2),
    "STL of a negative": stl(2**31),
    "STL of numbers that are none": bytes(80)
    + struct.pack("<I", 1)
    + struct.pack("<12fH", *[float("nan")] * 12, 0),
    "STL of text without an end": b"solid a\n" + b"facet normal 0 0 1\nouter loop\n" * 100_000,
    "STL of a long line": b"solid " + b"a" * 5_000_000,
    "STL that is cut in its head": bytes(82),
}
OFF = {
    "OFF of a trillion": f"OFF\n{TRILLION} {TRILLION} 0\n0 0 0\n",
    "OFF of fewer than none": "OFF\n-1 -1 0\n",
    "OFF of a face of a trillion": f"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n{TRILLION} 0 1 2\n",
    "OFF whose face leads out": "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2147483647\n",
    "OFF of numbers beyond all": "OFF\n3 1 0\n1e999 0 0\nnan 0 0\n0 1 0\n3 0 1 2\n",
    "OFF of long digits": f"OFF\n{'9' * 10_000} 1 0\n",
}


def put(data, at, form, value):
    """`data` with another number at an offset."""
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


def cut(made):
    """Of files that Blender wrote: their beginnings."""
    return {
        f"{name} of which {share} % is there": one(
            name, made[name][: len(made[name]) * share // 100]
        )
        for name in ("monkey.fbx", "cube.abc", "cube.usdc", "text.blend")
        for share in (1, 10, 50, 90, 99)
    }


def with_numbers(made):
    """Of files that Blender wrote: with other lengths, counts and offsets."""
    fbx, usdc = made["monkey.fbx"], made["cube.usdc"]
    packed_array = fbx.index(b"\x78\x01")
    contents = struct.unpack_from("<Q", usdc, 16)[0]  # a crate's table of its sections
    places = {
        ("monkey.fbx", "<I"): (27, 31, 35, packed_array - 12, packed_array - 4),
        ("cube.usdc", "<Q"): (16, 24, contents, contents + 24, contents + 32),
        ("cube.abc", "<Q"): (8, 16),
        ("text.blend", "<I"): (16,),
    }
    values = {"<I": (0, 1, 2**31 - 1, 2**32 - 1), "<Q": (0, 8, 2**40, 2**63 - 1, 2**64 - 1)}
    return {
        f"{name} whose number at {at} is {value}": one(name, put(made[name], at, form, value))
        for (name, form), offsets in places.items()
        for at in offsets
        for value in values[form]
    }


def usd(made):
    text, usdz = made["cube.usda"].decode(), made["cube.usdz"]
    counts, indices = "int[] faceVertexCounts = [", "int[] faceVertexIndices = ["
    assert counts in text
    assert indices in text
    whole = 2**32 - 1
    texts = {
        "USD of deep nesting": "#usda 1.0\n" + 'def Xform "a" {\n' * 20_000,
        "USD of a face of billions": text.replace(counts, f"{counts}2147483647, "),
        "USD of faces below zero": text.replace(indices, f"{indices}-2147483648, "),
        "USD of faces that lead out": text.replace(indices, f"{indices}2147483647, "),
        "USD of itself": "#usda 1.0\n(subLayers = [@./m.usda@])\n",
    }
    packages = {
        "USDZ whose member says 4 GB": put(put(usdz, 18, "<I", whole), 22, "<I", whole),
        "USDZ that is packed": packed({"m.usda": made["cube.usda"]}),
        "USDZ that is a bomb": packed({"m.usda": b"#usda 1.0\n" + b" " * 60_000_000}),
    }
    return {what: one("m.usda", data) for what, data in texts.items()} | {
        what: one("m.usdz", data) for what, data in packages.items()
    }


def zips():
    """Of models in an archive, what `tests/unit/test_sources_archive.py` has not: nested ones."""
    inner = packed({"m.off": b"OFF\n" + b" " * 60_000_000})
    many = {f"{n}/m.off": BY_HAND["cube.off"].encode() for n in range(10_000)}
    return {
        "zip of zips": one("m.zip", packed({"a.zip": inner, "b.zip": inner})),
        "zip of one long model": one("m.zip", inner),
        "zip of ten thousand models": one("m.zip", packed(many, zipfile.ZIP_STORED)),
    }


def all_of(made):
    """Every document, by what it is."""
    return {
        **{what: one("m.glb", data) for what, data in GLTF.items()},
        **{what: one("m.dae", data) for what, data in XML.items()},
        **{what: one("m.obj", data) for what, data in OBJ.items()},
        **{
            what: one(
                "m.obj", f"mtllib m.mtl\n{FACE}usemtl m\nf 1 2 3\n", **{"m.mtl": data.encode()}
            )
            for what, data in MTL.items()
        },
        **{what: one("m.ply", data) for what, data in PLY.items()},
        **{what: one("m.stl", data) for what, data in STL.items()},
        **{what: one("m.off", data) for what, data in OFF.items()},
        **cut(made),
        **with_numbers(made),
        **usd(made),
        **zips(),
    }
