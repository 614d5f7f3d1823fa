"""What an importer itself would read outside the object's folder is refused, however it is said."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.blender import reaching
from tests.integration.blender.driver import small
from tests.integration.blender.pictures import views_of
from tests.integration.blender.test_hostile import QUAD

MAKE_USD = Path(__file__).with_name("make_usd.py")
SECRET_MTL = "newmtl paint\nKd 0 0 1\n"
reads_usd = pytest.mark.parametrize("blender", ["wheel"], indirect=True)
"""Debian's Blender does not; see test_formats."""


@pytest.fixture
def folder(tmp_path):
    """The object's folder; the secret lies beside it."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (tmp_path / "object/deep").mkdir(parents=True)
    (secret / "secret.mtl").write_text(SECRET_MTL)
    (secret / "secret.bin").write_bytes(reaching.GEOMETRY)
    (secret / "secret.usda").write_text(reaching.SECRET)
    (secret / "secret.dae").write_text(reaching.dae(7))
    Image.new("RGB", (4, 4), (0, 0, 255)).save(secret / "blue.png")
    with zipfile.ZipFile(secret / "tex.usdz", "w") as package:
        package.writestr("a.usda", reaching.LAYER)
        package.write(secret / "blue.png", "blue.png")
    return tmp_path / "object"


@pytest.fixture(scope="session")
def crates(tmp_path_factory):
    """All layers of `reaching` as crates: "NAME.usdc", those that are harmless in "harmless"."""
    made = tmp_path_factory.mktemp("crates")
    for part, layers in ((made, reaching.USD), (made / "harmless", reaching.USD_HARMLESS)):
        part.mkdir(exist_ok=True)
        for name, text in layers.items():
            (part / f"{name}.usda").write_text(text)
    subprocess.run([sys.executable, MAKE_USD, made], check=True, capture_output=True)
    return made


def refusal(child, model, out):
    """Why the model was not imported."""
    answer = child.render(model, out, small(views=1))
    assert answer["type"] == "Failed", answer["scene"]
    assert answer["code"] == "import"
    return answer["message"]


def width(child, model, out):
    """How wide the model is, when it is rendered."""
    answer = child.render(model, out, small(views=1))
    views_of(answer, out)
    return answer["scene"]["scene_size"]["bbox_max"][0]


@pytest.mark.parametrize("kind", ["buffer", "picture"])
def test_a_data_uri_that_is_a_path_is_refused(child, folder, tmp_path, kind):
    (folder / "data:").mkdir()
    names = {"buffer": "secret.bin", "picture": "blue.png"}
    model = folder / "x.gltf"
    model.write_text(reaching.gltf(**{kind: f"data:/../../secret/{names[kind]}"}))
    assert "outside" in refusal(child, model, tmp_path / "out")
    model.write_text(reaching.gltf())
    assert width(child, model, tmp_path / "out") == pytest.approx(7)


OBJ = {
    "vertical tab before": b"\x0bmtllib ../secret/secret.mtl\n",
    "vertical tab after": b"mtllib\x0b../secret/secret.mtl\n",
    "form feed after": b"mtllib\x0c../secret/secret.mtl\n",
    "quotes": b'mtllib "../secret/secret.mtl"\n',
    "next line": b"mtllib\\\n../secret/secret.mtl\n",
    "next line, with blanks": b"mtllib \\ \t\n  ../secret/secret.mtl\n",
    "second of two": b"mtllib a.mtl ../secret/secret.mtl\n",
    "last line": b"v 0 0 0\nmtllib ../secret/secret.mtl",
}


@pytest.mark.parametrize("way", OBJ)
def test_a_material_library_outside_is_refused_however_it_is_written(child, folder, tmp_path, way):
    model = folder / "x.obj"
    body = QUAD.partition("\n")[2].encode()
    model.write_bytes(body + OBJ[way] if way == "last line" else OBJ[way] + body)
    assert "outside" in refusal(child, model, tmp_path / "out")


@pytest.mark.parametrize(
    "line",
    ["mtllib x.mtl", 'mtllib "x.mtl" \\\n', "mtllib ./deep/../x.mtl", "# ../mtllib ../x.mtl"],
)
def test_a_material_library_inside_is_read(child, folder, tmp_path, line):
    model = folder / "x.obj"
    (folder / "x.mtl").write_text(SECRET_MTL)
    model.write_text(QUAD.replace("mtllib quad.mtl", line))
    assert width(child, model, tmp_path / "out") == pytest.approx(1)


@reads_usd
@pytest.mark.parametrize("suffix", ["usda", "usdc"])
@pytest.mark.parametrize("way", reaching.USD)
def test_a_layer_outside_is_refused(child, crates, folder, tmp_path, way, suffix):
    model = folder / f"x.{suffix}"
    model.write_bytes((crates / f"{way}.{suffix}").read_bytes())
    (folder / "deep/layer.usda").write_text(
        reaching.USD["reference"].replace("../secret", "../../secret")
    )
    said = refusal(child, model, tmp_path / "out")
    assert ("computes" if way == "expression" else "outside") in said
    assert str(tmp_path) not in said


@reads_usd
@pytest.mark.parametrize("suffix", ["usda", "usdc"])
def test_a_layer_of_a_package_may_not_lead_out(child, folder, tmp_path, suffix):
    layer = tmp_path / "made" / f"layer.{suffix}"
    layer.parent.mkdir()
    text = reaching.USD["reference"].replace("..", str(tmp_path))
    layer.with_suffix(".usda").write_text(text)
    subprocess.run([sys.executable, MAKE_USD, layer.parent], check=True, capture_output=True)
    model = folder / "x.usdz"
    with zipfile.ZipFile(model, "w") as package:
        package.write(layer, layer.name)
    assert "outside" in refusal(child, model, tmp_path / "out")


@reads_usd
@pytest.mark.parametrize("suffix", ["usda", "usdc"])
@pytest.mark.parametrize("way", reaching.USD_HARMLESS)
def test_a_layer_inside_is_read(child, crates, folder, tmp_path, way, suffix):
    model = folder / f"x.{suffix}"
    model.write_bytes((crates / "harmless" / f"{way}.{suffix}").read_bytes())
    (folder / "deep/square.usda").write_text(reaching.SECRET)
    (folder / "deep/tex.usdz").write_bytes((folder.parent / "secret/tex.usdz").read_bytes())
    wide = width(child, model, tmp_path / "out")
    assert wide == pytest.approx(0.07 if "inside" in way else 0.01)  # USD's unit is a centimetre


@reads_usd
def test_a_crate_that_cannot_be_looked_into_is_refused(child, crates, folder, tmp_path):
    whole = (crates / "harmless/inside.usdc").read_bytes()
    model = folder / "x.usdc"
    for number, content in enumerate((whole[:-8], whole[:40], whole.replace(b"TOKENS", b"TOKENZ"))):
        model.write_bytes(content)
        assert "cannot be read: " in refusal(child, model, tmp_path / str(number))


DAE = {
    "relative": "../secret/secret.dae#g",
    "absolute": "{}/secret/secret.dae#g",
    "file": "file://{}/secret/secret.dae#g",
    "entities": "&#46;&#x2e;/secret/secret.dae#g",
    "percent": "%2e%2e/secret/secret.dae#g",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("way", DAE)
def test_a_document_outside_is_refused(child, folder, tmp_path, way, encoding):
    model = folder / "x.dae"
    model.write_bytes(reaching.dae(1, DAE[way].format(tmp_path)).encode(encoding))
    assert "outside" in refusal(child, model, tmp_path / "out")


def test_xml_that_says_addresses_in_other_ways_is_refused(child, folder, tmp_path):
    model = folder / "x.dae"
    for head in (
        '<!DOCTYPE COLLADA [<!ENTITY e "../secret/secret.dae">]>\n',
        '<!DOCTYPE COLLADA [<!ATTLIST instance_geometry url CDATA "../secret/secret.dae#g">]>\n',
    ):
        model.write_text(reaching.dae(1, head=head))
        assert "declaration, which is not allowed" in refusal(child, model, tmp_path / "out")
    model.write_bytes(reaching.dae(1, "../secret/secret.dae#g").encode("utf-32"))
    assert "encoding" in refusal(child, model, tmp_path / "out")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_inside_is_read_and_what_it_leads_to(child, folder, tmp_path, encoding):
    model = folder / "x.dae"
    model.write_bytes(reaching.dae(1).encode(encoding))
    assert width(child, model, tmp_path / "a") == pytest.approx(1)
    model.write_bytes(reaching.dae(1, "deep/y.dae#g").encode(encoding))
    (folder / "deep/y.dae").write_text(reaching.dae(2))
    assert width(child, model, tmp_path / "b") == pytest.approx(2)
    (folder / "deep/y.dae").write_text(reaching.dae(2, "../../secret/secret.dae#g"))
    assert "outside" in refusal(child, model, tmp_path / "c")


HONEST = {
    "a shader beside it": '<include sid="i" url="deep/phong.cgfx"/>',
    "a picture beside it": '<preview url="deep/p.png"/>',
    "an author's own path": '<include sid="i" url="file:///C:/fx/phong.cgfx"/>',
    "a site": '<link url="https://example.org/a.dae"/>',
}


@pytest.mark.parametrize("what", HONEST)
def test_a_document_that_names_what_is_none_is_rendered(child, folder, tmp_path, what):
    (folder / "deep/phong.cgfx").write_text("float4 main() : COLOR { return 1; }\n")
    Image.new("RGB", (4, 4)).save(folder / "deep/p.png")
    extra = f'<extra><technique profile="X">{HONEST[what]}</technique></extra>'
    model = folder / "x.dae"
    model.write_text(reaching.dae(1).replace("</COLLADA>", f"{extra}</COLLADA>"))
    assert width(child, model, tmp_path / "out") == pytest.approx(1)


IMPOSSIBLE = {
    "a NUL in a buffer's name": ("x.gltf", reaching.gltf("a\0b").encode()),
    "an escaped NUL": ("x.gltf", reaching.gltf("a%00b").encode()),
    "a lone surrogate": ("x.gltf", reaching.gltf("\ud800x.bin").encode()),
    "a NUL in a library's name": ("x.obj", b"mtllib a\0b\n" + QUAD.encode()),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_a_name_that_no_file_can_have_fails_the_import(child, folder, tmp_path, what):
    name, content = IMPOSSIBLE[what]
    (folder / name).write_bytes(content)
    said = refusal(child, folder / name, tmp_path / "out")
    assert "which cannot be a file name" in said
    assert said.isprintable()
