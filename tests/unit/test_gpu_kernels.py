"""Which GPU has kernels in which Blender, and which driver is needed: by names and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.core.errors import BlenderMissing
from worker.doctor import Health, gpu_kernels
from worker.doctor.gpu_kernels import Card, Kernels
from worker.supervisor import runtime
from worker.supervisor.devices import Device

PAGE = (Path(__file__).parents[2] / "docs/sizing.md").read_text()
OLD = gpu_kernels.named(
    [*(f"kernel_sm_{sm}.cubin" for sm in (30, 35, 37, 50, 52, 60, 61, 70, 75, 86)),
     "kernel_compute_75.ptx", "kernel_optix.ptx", "kernel_sm_x.cubin", "readme.txt"]
)  # fmt: skip
"""Of Blender 3.2.2."""
SAID = """0, GPU-5c6f1a2b-0000-1111-2222-333344445555, NVIDIA H100 80GB HBM3, 9.0, 550.54.15
1, GPU-aaaa1a2b-0000-1111-2222-333344445555, Tesla T4, 7.5, 550.54.15
No devices were found
2, GPU-b, a card of which nothing is known, [N/A], 550.54.15
"""


def card(capability=(8, 0), driver="550.54.15"):
    return Card("0", "GPU-5c6f1a2b", "A card", capability, driver)


def rows():
    """Capability, and what the page says of Blender 3.2.2 and of the wheel."""
    found = re.findall(r"^\| [^|]+ \| (\d+)\.(\d) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    return [((int(major), int(minor)), old, new) for major, minor, old, new in found]


def said(kernels: Kernels, capability):
    assert kernels.covers(capability)
    return "compiled" if kernels.compiles(capability) else "included"


def test_the_page_says_what_the_installed_wheel_has():
    wheel = gpu_kernels.included(runtime.find("bpy"))
    assert wheel.ptx == {(7, 5)}
    assert len(rows()) == 8
    for capability, old, new in rows():
        assert said(OLD, capability) == old, capability
        assert said(wheel, capability) == new, capability


def test_names_of_kernels_are_read():
    assert max(OLD.cubins) == (8, 6)
    assert OLD.ptx == {(7, 5)}
    zipped = gpu_kernels.named(["kernel_sm_120.cubin.zst", "kernel_compute_75.ptx.zst"])
    assert (zipped.cubins, zipped.ptx) == ({(12, 0)}, {(7, 5)})


def test_the_kernels_of_a_program_are_beside_it(tmp_path):
    lib = tmp_path / "3.2/scripts/addons/cycles/lib"
    lib.mkdir(parents=True)
    (lib / "kernel_sm_86.cubin").touch()
    (tmp_path / "blender").touch()
    (tmp_path / "link").symlink_to(tmp_path / "blender")
    found = gpu_kernels.included(runtime.Runtime(str(tmp_path / "link"), ()))
    assert found == Kernels(frozenset({(8, 6)}), frozenset())


def test_nvidia_smi_is_read_and_what_is_no_card_left_out():
    first, second = gpu_kernels.read(SAID)
    assert (first.name, first.capability, first.driver) == (
        "NVIDIA H100 80GB HBM3", (9, 0), "550.54.15",
    )  # fmt: skip
    assert second.index == "1"
    assert list(gpu_kernels.read("")) == []


@pytest.mark.parametrize(
    ("capability", "driver", "major", "kinds", "health", "words"),
    [
        ((8, 6), "550.54.15", 4, {"optix", "cuda"}, "ok", "8.6 are included"),
        ((8, 0), "550.54.15", 4, {"cuda"}, "ok", "render-worker warm"),
        ((8, 6), "525.60.13", 4, {"optix"}, "warn", "needs driver 535 or newer: --device cuda"),
        ((8, 6), "525.60.13", 5, {"optix"}, "warn", "needs driver 535 or newer"),
        ((8, 6), "525.60.13", 3, {"optix"}, "ok", "included"),
        ((8, 6), "495.44", 3, {"optix"}, "warn", "495.89"),
        ((8, 6), "450.80.02", 4, {"cuda"}, "ok", "included"),
        ((8, 0), "450.80.02", 4, {"cuda"}, "warn", "compiling needs driver 470.42 or newer"),
        ((2, 1), "390.77", 4, {"cuda"}, "warn", "none to compile"),
        ((8, 6), "450.80.02", 0, {"optix"}, "ok", "included"),
    ],
)  # fmt: skip
def test_a_card_is_told_with_what_to_do(capability, driver, major, kinds, health, words):
    found = gpu_kernels.check_card(card(capability, driver), OLD, major, kinds)
    assert found.health == Health(health)
    assert words in f"{found.found}; {found.advice}"
    assert driver in found.found
    assert found.facts["included"] is (capability == (8, 6))


def test_a_blender_without_kernels_is_said():
    nothing = gpu_kernels.named([])
    assert gpu_kernels.check_card(card(), nothing, 3, {"cuda"}).health is Health.WARN


def test_each_visible_card_is_told_once(tmp_path):
    blender = runtime.Runtime(str(tmp_path / "blender"), ())
    cards = list(gpu_kernels.read(SAID))
    both = [Device(kind, entry) for kind in ("optix", "cuda") for entry in ("0", "1")]
    devices = [*both, Device("cpu")]
    told = list(gpu_kernels.check_kernels(blender, "4.5.15 LTS", devices, cards))
    assert [each.facts["gpu"] for each in told] == ["NVIDIA H100 80GB HBM3", "Tesla T4"]
    by_uuid = [Device("cuda", "GPU-aaaa"), Device("cpu")]
    (one,) = gpu_kernels.check_kernels(blender, "4.5.15 LTS", by_uuid, cards)
    assert one.facts["gpu"] == "Tesla T4"
    slices = [Device("cuda", "MIG-5c6f1a2b"), Device("cpu")]
    assert not list(gpu_kernels.check_kernels(blender, "4.5.15 LTS", slices, cards))


@pytest.mark.parametrize(("machine", "words"), [
    ("x86_64", "make setup"), ("aarch64", "a Blender for aarch64 (the wheel is for x86_64 alone)"),
])  # fmt: skip
def test_without_a_wheel_for_this_processor_there_is_another_way(machine, words, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(BlenderMissing, match=re.escape(words)):
        runtime.find("no such program")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BlenderMissing, match=re.escape(words)):
        runtime.find("bpy")
