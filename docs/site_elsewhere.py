"""Names of PyMC, ArviZ, xarray, pandas and NumPy lead to their documentation, without a network while pages are built.

A Sphinx extension: elsewhere.toml lists the names that these pages use, with their addresses; wherever one stands in a
page outside of links, headings and blocks of code, it becomes a link.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes

LIST = Path(__file__).resolve().with_name("elsewhere.toml")
NOT_WITHIN = (nodes.reference, nodes.title, nodes.literal_block, nodes.doctest_block)


def addresses() -> dict[str, str]:
    """The address of each name."""
    found = {}
    for package, entry in tomllib.loads(LIST.read_text(encoding="utf-8")).items():
        for name in entry["names"]:
            place = entry.get("places", {}).get(name, entry["place"])
            found[f"{package}.{name}"] = entry["address"] + place.format(name=f"{package}.{name}", short=name)
    return found


KNOWN = addresses()
NAME = re.compile(r"(?<![\w.])(?:" + "|".join(re.escape(name) for name in sorted(KNOWN, key=len)[::-1]) + r")(?![\w])")


def link_names(app: Any, page: nodes.document, name: str) -> None:
    """Make a link of each known name in a page."""
    for text in list(page.findall(nodes.Text)):
        if NAME.search(text) and not any(isinstance(above, NOT_WITHIN) for above in _above(text)):
            text.parent.replace(text, list(_parts(str(text))))


def _above(node: Any) -> list[Any]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def _parts(text: str) -> Any:
    """A text as texts and links."""
    end = 0
    for match in NAME.finditer(text):
        yield nodes.Text(text[end : match.start()])
        yield nodes.reference("", match[0], internal=False, refuri=KNOWN[match[0]])
        end = match.end()
    yield nodes.Text(text[end:])


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True}
