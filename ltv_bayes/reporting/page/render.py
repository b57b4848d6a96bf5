"""A report as one HTML file: templates filled, with everything escaped, style and script inside."""

import base64
import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup

from ltv_bayes.formatting import visible
from ltv_bayes.language import _, in_language
from ltv_bayes.plots.canvas import as_svg
from ltv_bayes.reporting.contents.parts import CustomerTable, Document, Part, Picture, Section
from ltv_bayes.reporting.page.customers import Customers
from ltv_bayes.reporting.page.glossary import Glossary
from ltv_bayes.reporting.page.tables import rows

HTML_LANGUAGE = {"zh": "zh-CN"}
"""What HTML calls a language, where that is not its code."""
FOR_ALL = ("page.js",)
FOR_CUSTOMERS = ("tabulator.min.js", "numbers.js", "customers.js")


def page(document: Document) -> str:
    """Write the page.

    Every text is escaped by the template engine; data for the script stand in an element of type application/json, in
    which no text can end the element. The content security policy lets this style and this script pass by their
    hashes, and nothing else.
    """
    with in_language(document.language):
        style = asset("page.css")
        scripts = [asset(name) for name in (FOR_CUSTOMERS if _customers(document) else ()) + FOR_ALL]
        return (
            _environment()
            .get_template("report.html.j2")
            .render(
                document=document,
                html_language=HTML_LANGUAGE.get(document.language, document.language),
                words=page_words(),
                glossary=Glossary(document),
                style=Markup(style),
                scripts=[Markup(script) for script in scripts],
                policy=_policy(style, scripts),
                licence=asset("tabulator.LICENSE").strip() if len(scripts) > 1 else "",
            )
        )


def asset(name: str) -> str:
    """The text of a file that goes into each page."""
    return (files("ltv_bayes.reporting.page") / "assets" / name).read_text(encoding="utf-8")


def _customers(document: Document) -> list[CustomerTable]:
    return [part for section in document.sections for part in section.parts if isinstance(part, CustomerTable)]


def _policy(style: str, scripts: list[str]) -> str:
    """What the page may load: itself."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("ltv_bayes.reporting.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"visible": visible, "picture": picture, "rows": rows, "blocks": blocks}
    found.filters |= {"json": as_json, "customers": Customers}
    return found


def blocks(section: Section) -> Iterator[tuple[str, list[Part]]]:
    """The parts of a section, those of a kind that follow each other together."""
    for kind, parts in groupby(section.parts, key=lambda part: type(part).__name__):
        yield kind, list(parts)


def picture(part: Picture) -> Markup:
    """Draw a picture as SVG."""
    return Markup(as_svg(part.draw(), part.label))


def as_json(content: Any) -> Markup:
    """Data as JSON that can stand in an element of a page: no text in it ends the element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def page_words() -> dict[str, str]:
    """Every word of the page and its script; in braces, what the script puts in.

    Examples
    --------
    >>> page_words()["of"]
    '{shown} of {all} customers.'
    """
    return {
        "contents": _("Contents"),
        "skip": _("Skip to the content"),
        "search": _("Search"),
        "search_hint": _("name, segment or reason"),
        "all": _("all"),
        "save": _("Save as CSV"),
        "file": _("customers.csv"),
        "of": _("{shown} of {all} customers.", shown="{shown}", all="{all}"),
        "none": _("No customer fits. Change the search or a filter."),
        "sort": _("Sort by {column}", column="{column}"),
        "open": _("Choose a customer to see where the value comes from."),
        "close": _("Close"),
        "range": _("{low} to {high}", low="{low}", high="{high}"),
        "yes": _("yes"),
        "no": _("no"),
        "from": _("{interval}, from", interval="{interval}"),
        "to": _("{interval}, to", interval="{interval}"),
        "sources": _("Where the value comes from"),
        "to_come": _("to come in all"),
        "waterfall": _(
            "Value by source: {sources}. {total}: {amount}.", sources="{sources}", total="{total}", amount="{amount}"
        ),
        "more": _("... and {number} more; the workbook lists them.", number="{number}"),
        "currency": _("Amounts in {currency}.", currency="{currency}"),
        "first": _("Customers with the most to come"),
    }
