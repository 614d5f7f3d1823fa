"""Git LFS pointers: small text files that Git LFS leaves in place of large ones.

Source: the Git LFS specification, docs/spec.md.
"""

MARK = b"version https://git-lfs.github.com/spec/"
"""The first bytes of a pointer."""
REMEDY = "a Git LFS pointer: fetch the file with 'git lfs pull' where the list was made"
