"""A number that the README or a page claims has the command that makes it beside it, and that command is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = [path for path in TEXTS if path.stem != "decisions"]
"""Without the page of decisions, which says of itself that its figures are not measured again."""

UNITS = r"%|times\b|seconds?\b|minutes?\b|hours?\b|GB\b|MB\b|s\b|x\b|(?:out )?of \d|of a hundred|分钟|秒|倍"
CLAIM = re.compile(rf"(?<![\w.`(])\d[\d,.]*\s?(?:{UNITS})")
NOT_MEASURED = {
    'One account manager\'s "60%" may': "an example",
    "exp(0.3) = 1.35 times": "arithmetic",
    "An array of 4,000 draws for 100,000 customers takes 3.2 GB": "arithmetic",
    "segments differ by some 30%": "what a prior says",
}
COMMAND = r"`(?:make \w+|python (?:-m )?[\w./]+|ltv-bayes|(?:\.\./)?(?:tests|examples|benchmarks|scripts)/)"
LINK = r"\]\([^)]*(?:studies|performance|evaluation|portfolio|calibration|tests|examples)[^)]*\)|\]\(https?:"
SOURCE = re.compile(rf"{COMMAND}|{LINK}|^```(?:python|console|sh)$|\b(?:19|20)\d\d\)", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(?=#{1,4} )", re.MULTILINE)
NAMED = re.compile(r"`[^`]*?((?:tests|examples|benchmarks|scripts|docs)/[\w./]+\.\w+)")


def sections(text):
    """The sections of a page, each with its prose, in which code and its output are left out."""
    fences = FENCE.findall(text)
    masked = FENCE.sub("\0", text)
    for section in HEADING.split(masked):
        own, fences = fences[: section.count("\0")], fences[section.count("\0") :]
        yield "\n".join([section, *own]), section


def unsourced(text):
    """Lines that claim a number in a section that names no command, code, page of figures or literature.

    On a page that begins with its command, such as `make study`, all figures are that command's.
    """
    found, whole = [], list(sections(text))
    if re.search(r"^```sh\nmake ", whole[1][0] if len(whole) > 1 else "", re.MULTILINE):
        return []
    for full, prose in whole:
        if not SOURCE.search(full):
            found += [line.strip() for line in prose.splitlines() if CLAIM.search(re.sub("`[^`]*`", "", line))]
    return [line for line in found if not any(words in line for words in NOT_MEASURED)]


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_every_number_claimed_has_its_command(path):
    assert unsourced(path.read_text(encoding="utf-8")) == []


def test_a_claim_without_a_command_is_noticed():
    assert unsourced("# A\n\nIt held 94% of them.\n") == ["It held 94% of them."]
    assert unsourced("# A\n\nIt held 94% of them (`make holds`).\n\n## B\n\nIt takes 3 seconds.\n") == [
        "It takes 3 seconds."
    ]
    assert unsourced("# A\n\n```python\nheld()\n```\n\nIt held 94% of them, by `alpha=94%`.\n") == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_commands_that_are_named_are_there(path):
    """Targets of make, and files of the repository."""
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|\$ )make ([a-z]\w*)", text, re.MULTILINE)) - targets == set()
    assert [name for name in NAMED.findall(text) if not (ROOT / name).exists() and "/results/" not in name] == []


def test_what_is_not_measured_still_stands_there():
    texts = "".join(path.read_text(encoding="utf-8") for path in PROSE)
    assert [words for words in NOT_MEASURED if words not in texts] == []


def test_the_page_of_decisions_says_that_its_figures_are_old():
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    assert "are not measured again" in " ".join(text.split())[:500]
