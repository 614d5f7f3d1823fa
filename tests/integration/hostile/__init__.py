"""Hostile corpora through the real worker: each input its outcome, and nothing else reached.

| test | corpus |
| --- | --- |
| `test_documents` | models of every format that lie about their size or unpack without an end |
| `test_pictures` | textures that lie about their size, or are bombs |
| `test_output_zips` | zips in an output: for every export, the gallery and the library |
| `test_names` | bidi controls, separators and escapes in names: log, status, pages, tables |
| `test_git_settings` | what a repository says of itself: LFS servers, refs with odd names |
| `test_keys` | keys of S3 with controls and newlines; links in a store that is a folder |
| `test_fuzz` | some mutated models; `make fuzz` runs more |

Elsewhere: archives of models (`tests/unit/test_sources_archive.py`), local files that are replaced
(`tests/unit/test_sources_replaced.py`), lists of 10 GB on disk (`tests/unit/test_index_bounds.py`),
names (`tests/unit/test_sources_names.py`), where a list leads, git and S3
(`tests/integration/sources`), contents of an output's zips (`test_bad_zips.py` of
`tests/integration/export`, `test_hostile.py` of `tests/integration/library`), models that lead
outside (`tests/integration/blender/test_outside.py`).
"""
