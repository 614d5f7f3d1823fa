"""Mutated models of every format through the real worker: `make fuzz`.

| module | contents |
| --- | --- |
| `seeds` | whole models of every format, made by Blender and by hand |
| `mutations`, `containers` | a seed and a random stream to a hostile model |
| `guard` | what shows that a model has got out: sentinels, a port, listings |
| `batch` | one run of the worker over a folder of such models |
| `figures` | what all batches came to |

Model N of a stream is the same each time, but for the paths and the port that lead to the guard.
"""
