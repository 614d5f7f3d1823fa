"""The gallery: a static site that shows an output in a browser, from a folder or from S3.

`build` writes it: the `pages/` and `vendor/` of this package as they are, and beside them what it
read in the output, as scripts that hand over JSON (a page opened from ``file://`` cannot fetch).
Whatever comes from an output is untrusted: `data` escapes it, and the pages insert it as text.
"""

from __future__ import annotations

from worker.report.site.builder import Built, SiteOptions, build

__all__ = ["Built", "SiteOptions", "build"]
