"""Devices follow what the scheduler shows; a GPU asked for and absent is an error."""

from __future__ import annotations

import pytest

from worker.contract.engines import RASTERISERS
from worker.core.errors import ConfigurationError, DeviceMissing
from worker.supervisor import devices
from worker.supervisor.devices import Device, candidates, visible

UUIDS = ["GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "MIG-1c0c9f25-9a2b-5d3c-8e0a-5f3d1b0e7c11"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("0,1", ["0", "1"]),
        ("3", ["3"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,1", ["0"]),
        (",".join(UUIDS), UUIDS),
        ("MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/0",
         ["MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/0"]),
    ],
)  # fmt: skip
def test_visible(shown, expected):
    assert visible({"CUDA_VISIBLE_DEVICES": shown}) == expected


def test_auto_tries_optix_then_cuda_then_the_cpu():
    sets = candidates("auto", {"CUDA_VISIBLE_DEVICES": "2"})
    assert sets == [[Device("optix", "2")], [Device("cuda", "2")], [Device("cpu")]]
    assert candidates("auto", {"CUDA_VISIBLE_DEVICES": ""}) == [[Device("cpu")]]


def test_a_rank_takes_its_part_of_the_gpus_of_a_node():
    ours = {"RENDER_WORKER_LOCAL_RANK": "1", "RENDER_WORKER_LOCAL_SIZE": "2"}
    (chosen,) = candidates("cuda", {"CUDA_VISIBLE_DEVICES": "0,1,2,3"} | ours)
    assert chosen == [Device("cuda", "1"), Device("cuda", "3")]


@pytest.mark.parametrize("choice", ["cuda", "optix"])
def test_a_gpu_by_name_is_never_a_silent_cpu(choice):
    with pytest.raises(DeviceMissing, match="--device cpu"):
        candidates(choice, {"CUDA_VISIBLE_DEVICES": ""})


def test_a_child_sees_its_own_device_only():
    assert Device("cuda", "1").environment == {"CUDA_VISIBLE_DEVICES": "1"}
    assert Device("cpu").environment == {"CUDA_VISIBLE_DEVICES": ""}


def test_every_choice_of_the_command_line_has_its_row():
    assert set(devices.DEVICES_BY_CHOICE) == {"auto", "cpu", "cuda", "optix", "software"}


@pytest.mark.parametrize("engine", RASTERISERS)
def test_a_rasteriser_is_in_software_only_if_asked_by_name(engine):
    shown = {"CUDA_VISIBLE_DEVICES": "0,1"}
    assert candidates("auto", shown, engine) == [[Device("egl")]]
    assert candidates("auto", {"CUDA_VISIBLE_DEVICES": ""}, engine) == [[Device("egl")]]
    assert candidates("software", shown, engine) == [[Device("software")]]
    for choice in ("cpu", "cuda", "optix"):
        with pytest.raises(ConfigurationError, match=f"--device {choice}.*{engine}.*software"):
            candidates(choice, shown, engine)


def test_cycles_takes_no_software_rasteriser():
    with pytest.raises(ConfigurationError, match="--device cpu"):
        candidates("software", {})


def test_a_software_device_leaves_no_other_driver_the_choice():
    given = Device("software").environment
    assert given["LIBGL_ALWAYS_SOFTWARE"] == "1"
    assert "LIBGL_ALWAYS_SOFTWARE" not in Device("egl").environment


def test_the_driver_is_loaded_by_the_worker_because_a_fenced_child_cannot(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-modprobe"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(devices, "UNIFIED_MEMORY", tmp_path / "nvidia-uvm")
    devices.load_driver()
    (tmp_path / "nvidia-uvm").touch()
    devices.load_driver()
    assert (tmp_path / "called").read_text() == "-c 0 -u\n"
