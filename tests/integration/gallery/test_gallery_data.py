"""The data of a gallery: escaped, without secrets; the command that renders an object again."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import presets
from worker.contract import recipe as recipes
from worker.manifests import OutputManifest
from worker.pack.duplicates import DISTANCE
from worker.presets import loader
from worker.report.site import data, duplicates, redaction
from worker.report.site.again import again

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(ANY)
def test_a_script_holds_nothing_but_ascii_and_reads_back(document):
    body = data.script("pack", 3, document, made_of="ab" * 32)
    text = body.decode("ascii")
    assert "<" not in text
    assert text.splitlines()[0] == "// " + "ab" * 32
    assert len(text.splitlines()) == 2
    assert data.made_of(body) == "ab" * 32
    assert data.document(body) == json.loads(json.dumps(redaction.everywhere(document)))


def test_a_number_that_json_lacks_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        data.script("pack", 0, {"a": float("nan")})


def test_a_file_that_is_no_script_is_not_read():
    assert data.made_of(b"alert(1)") is None
    with pytest.raises(ValueError, match="not a script of a gallery"):
        data.document(b"alert(1)")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /home/a/models/b.glb: no", "cannot open …/b.glb: no"),
        ("'/home/a/my models/b c.glb' is broken", "'…/b c.glb' is broken"),
        ("~/models/b.glb", "…/b.glb"),
        ("file:///mnt/data/b.glb", "…/b.glb"),
        ("at (/scratch/job-1/x/y.png)", "at (…/y.png)"),
        ("https://user:pass@host/a/b.glb?X-Amz-Signature=1#x", "https://host/a/b.glb"),
        ("see https://host/a/b.glb?token=1 and more", "see https://host/a/b.glb and more"),
        ("s3://bucket/prefix/a.glb", "s3://bucket/prefix/a.glb"),
        ("models/a/b.glb", "models/a/b.glb"),
        ("near 1/2, 3 and/or 4 m/s", "near 1/2, 3 and/or 4 m/s"),
        ("</script>", "</script>"),
    ],
)
def test_what_a_site_must_not_show_is_removed(text, shown):
    assert redaction.plain(text) == shown
    assert redaction.everywhere({text: [text]}) == {shown: [shown]}


def manifest_of(recipe, name=None):
    return OutputManifest.of(
        dataclasses.replace(recipe, name=name or recipe.name), preset=presets.digest(recipe),
        index="1" * 64, objects=1, blender="4.5",
    )  # fmt: skip


@pytest.mark.parametrize("name", loader.names())
def test_the_command_names_the_recipe_that_rendered(name, tmp_path):
    more = [] if loader.load(name).product == "omage" else ["samples=3", "seed=7"]
    recipe = loader.load(name, more)
    made = again(manifest_of(recipe), recipe)
    words = read_by_a_shell(made.command("12345678-1234-1234-1234-123456789abc"))
    assert words[:5] == ["render-worker", "run", "INDEX", "--output", "again"]
    given_ = dict(zip(words[5::2], words[6::2], strict=True))
    assert given_["--only"] == "12345678-1234-1234-1234-123456789abc"
    sets = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    assert len(sets) == len(more)
    assert presets.digest(loader.load(given_["--preset"], sets)) == presets.digest(recipe)
    (tmp_path / "preset.toml").write_text(made.toml)
    same = loader.load(str(tmp_path / "preset.toml"))
    assert presets.digest(same) == presets.digest(recipe)


def read_by_a_shell(command: str) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command}"], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_a_recipe_of_ones_own_is_a_file_beside_the_page(tmp_path):
    values = recipes.to_dict(loader.load("default")) | {"name": "mine; rm -rf"}
    recipe = recipes.from_dict(values)
    made = again(manifest_of(recipe), recipe)
    assert shlex.split(made.command("u"))[-2:] == ["--preset", "preset.toml"]
    (tmp_path / "preset.toml").write_text(made.toml)
    loaded = loader.load(str(tmp_path / "preset.toml"))
    assert (loaded.name, presets.digest(loaded)) == ("mine; rm -rf", presets.digest(recipe))


def test_a_recipes_picture_is_named_without_its_folder(tmp_path):
    (tmp_path / "sky.exr").write_bytes(b"sky")
    recipe = loader.load(
        "default", ["lights.rig=environment", f"lights.environment={tmp_path / 'sky.exr'}"]
    )
    made = again(manifest_of(recipe), recipe)
    assert str(tmp_path) not in made.toml + made.command("u")
    assert 'environment = "sky.exr"' in made.toml


HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=30)


@given(HASHES, st.integers(0, 63))
def test_hashes_that_differ_in_a_bit_are_in_one_group(hashes, bit):
    pairs = [f"{value:016x}" for value in hashes] + [f"{value ^ 1 << bit:016x}" for value in hashes]
    groups = duplicates.groups(pairs)
    group_of = {place: number for number, group in enumerate(groups) for place in group}
    assert all(group_of[n] == group_of[n + len(hashes)] for n in range(len(hashes)))


def test_groups_are_those_of_a_plain_search():
    hashes = [
        f"{(number * 0x9E3779B97F4A7C15) % 2**64 >> number % 61:016x}" for number in range(60)
    ]
    hashes += [None, "no hash", "1" * 17, hashes[5], hashes[5]]
    values = {place: int(text, 16) for place, text in enumerate(hashes)
              if text and re.fullmatch("[0-9a-f]{16}", text)}  # fmt: skip
    apart = {(a, b) for a in values for b in values if a < b
             and (values[a] ^ values[b]).bit_count() <= DISTANCE}  # fmt: skip
    group_of = {place: {place} for place in values}
    for a, b in sorted(apart):
        joined = group_of[a] | group_of[b]
        group_of |= dict.fromkeys(joined, joined)
    wanted = {tuple(sorted(group)) for group in group_of.values() if len(group) > 1}
    assert {tuple(group) for group in duplicates.groups(hashes)} == wanted
    assert (5, 63, 64) in wanted
