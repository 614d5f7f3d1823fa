"""What the documents name exists: links lead to files and headings, paths to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
# A path with a folder, as in `core/keys.py` or `docs/options.md`; a name alone needs its context.
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|toml|sh|sbatch|env|yaml))`")
ROOMS = [ROOT, ROOT / "worker"]


def anchors(page: Path) -> set[str]:
    """The headings' names in links, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for name, anchor in LINK.findall(page.read_text()):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


def unknown(text: str) -> list[str]:
    """The paths in `text` that are neither below the root nor below worker/."""
    return [name for name in NAMED.findall(text) if not any((r / name).exists() for r in ROOMS)]


def test_a_path_that_does_not_exist_is_found():
    assert unknown("`core/keys.py` and `worker/cli.py`, `sources/keys.py`") == ["sources/keys.py"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page):
    assert unknown(page.read_text()) == []


def test_every_page_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page.suffix != ".md" or page in reached:
            continue
        reached.add(page)
        ahead += [
            (page.parent / name).resolve() for name, _ in LINK.findall(page.read_text()) if name
        ]
    assert {page.resolve() for page in PAGES} - reached <= {ROOT / "CHANGELOG.md"}
