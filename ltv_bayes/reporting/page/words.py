"""What the page itself says, apart from the report's content: labels, and the words of its script."""

from ltv_bayes.language import _


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
