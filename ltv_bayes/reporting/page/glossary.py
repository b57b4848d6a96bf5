"""Words of the glossary, linked where they first appear in the text."""

import re

from markupsafe import Markup, escape

from ltv_bayes.formatting import visible
from ltv_bayes.reporting.contents.parts import Document, Term

ASIDE = re.compile(r"\s*[(（](.*)[)）]\s*$")


class Glossary:
    """The terms of one page while it is written.

    Parameters
    ----------
    document : Document
        Its parts of kind Term are what is explained.
    """

    def __init__(self, document: Document) -> None:
        parts = [part for section in document.sections for part in section.parts]
        self._words = [part.word for part in parts if isinstance(part, Term)]
        self._places = {form: place for place, word in enumerate(self._words) for form in _forms(word)}
        self._left = set(range(len(self._words)))

    def place(self, word: str) -> str:
        """The id of a term."""
        return f"term-{self._words.index(word) + 1}"

    def linked(self, text: str) -> Markup:
        """Escape a text, and link the terms in it that were not linked before."""
        text = visible(text)
        forms = [form for form, place in self._places.items() if place in self._left]
        if not forms:
            return escape(text)
        longest_first = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        written, end = Markup(), 0
        for found in re.finditer(rf"(?<![A-Za-z])(?:{longest_first})(?![A-Za-z])", text, re.IGNORECASE):
            place = self._places.get(found[0].lower())
            if place in self._left:
                self._left.discard(place)
                link = Markup('<a class="term" href="#term-{}">{}</a>').format(place + 1, found[0])
                written += escape(text[end : found.start()]) + link
                end = found.end()
        return written + escape(text[end:])


def _forms(word: str) -> list[str]:
    """How a term may be written: "lifetime value (LTV, CLV)" in three ways."""
    aside = ASIDE.search(word)
    inside = re.split(r"[,，、]\s*", aside[1]) if aside and not word.startswith(("P(", "p(")) else []
    return [form.lower() for form in [ASIDE.sub("", word) if inside else word, *inside] if form]
