"""Options that the images' tests give: to the worker, and to what runs its container."""

from __future__ import annotations

from tests import command_line

SMALL = ("--device", "cpu", *command_line.SMALL)
DENOISED = ("--device", "cpu", "--preset", "objaverse-xl", "--set", "views=1",
            "--set", "resolution=48", "--set", "samples=4")  # fmt: skip
HARDENED = (
    "--rm", "--read-only", "--read-only-tmpfs=false", "--user", "12345:54321",
    "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
)  # fmt: skip
"""As strict as a cluster gets; podman's own tmpfs on /tmp, which others don't give, is off."""
