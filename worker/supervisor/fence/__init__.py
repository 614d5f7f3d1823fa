"""The sandbox around a Blender child: Landlock, seccomp and resource limits, set before exec.

`policy`, `landlock`, `seccomp`, `bpf`, `syscalls`, `privileges` and `enter` also run in the child
before Blender starts, under `python -I -S`: they need the standard library alone.
"""
