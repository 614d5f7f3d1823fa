"""The Blenders that the tests of images render with."""

import pytest

from tests.integration.blender.driver import DEBIAN, PROGRAM, WHEEL, Driver


@pytest.fixture(scope="module", params=["wheel", pytest.param("debian", marks=[
    pytest.mark.debian_blender,
    pytest.mark.skipif(not DEBIAN.exists(), reason="NOT TESTED: no Debian blender"),
])])  # fmt: skip
def child(request, tmp_path_factory):
    log = tmp_path_factory.mktemp(request.param) / "log"
    with Driver(WHEEL if request.param == "wheel" else PROGRAM, log) as driver:
        driver.configure("cpu")
        yield driver
