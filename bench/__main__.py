"""python -m bench [--quick] [NAME…]: run benchmarks, store results, write docs/performance.md."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench import machine, page, result
from bench.measures import MEASURES, gpu
from bench.sides import say


def main() -> None:
    """Run the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is stored")
    parser.add_argument("--scratch", type=Path, help="folder for several GB; default: TMPDIR")
    parser.add_argument("--cpu", action="store_true", help="test 'gpu' on the CPU")
    given = parser.parse_args()
    if unknown := set(given.names) - set(MEASURES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    here = machine.describe()
    for name in given.names or MEASURES:
        chosen = MEASURES[name]
        load = machine.load()
        say(f"{name}: {chosen.title}; load {load:.1f}")
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bench-", dir=given.scratch) as folder:
            measure = gpu.on_cpu if given.cpu and name == "gpu" else chosen.measure
            rows = measure(Path(folder), given.quick)
        for row in rows:
            say(f"  {row.what}: {row.measured} {row.target} {VERDICTS[row.met]}")
        if given.quick or given.cpu or not rows:
            continue
        found = result.Result(tuple(rows), here, load, time.monotonic() - begin)
        result.write({**result.read(), name: found})
        page.write(result.read())


VERDICTS = {True: "met", False: "MISSED", None: ""}

if __name__ == "__main__":
    main()
