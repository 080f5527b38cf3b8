"""Links to a heading (`page.md#heading`, `#heading`) lead to one that is there. The contract tests look whether the files are."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("deploy/**/*.md")])
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK_WITH_ANCHOR = re.compile(r"\]\(([^()#\s]*)#([^()\s]+)\)")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text())


def anchors(text: str) -> set[str]:
    """As GitHub makes them: small letters, no punctuation, hyphens for spaces, a number where one comes again."""
    found = set(re.findall(r'<a (?:id|name)="([^"]+)"', text))
    seen: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} (.+?)\s*$", text, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_one_that_is_there(page: Path) -> None:
    links = [link for link in LINK_WITH_ANCHOR.findall(prose(page)) if "://" not in link[0]]
    missing = [
        f"{target}#{anchor}"
        for target, anchor in links
        if (linked := page.parent / target if target else page).suffix == ".md" and anchor not in anchors(prose(linked))
    ]
    assert missing == []


def test_headings_become_anchors_as_github_makes_them() -> None:
    text = "# A loop of our own, inside `FastStream`\n## See it\n## See it\n## [Linked](x.md) & more\n"
    assert anchors(text) == {"a-loop-of-our-own-inside-faststream", "see-it", "see-it-1", "linked--more"}
