"""Why rows are left out: as tables keep it, and in the language of those who read it."""

from ltv_bayes.language import N_, _, as_known

BY_STATUS = "by status: "
WORDS_OF_A_STATUS = (
    *(N_("kept"), N_("open"), N_("lost"), N_("void"), N_("refunded"), N_("draft"), N_("unknown")),
    *(N_("not among those to keep"), N_("not won")),
)
OTHERS = (
    *(N_("row of units below the header"), N_("total of other rows"), N_("average or balance of other rows")),
    *(N_("line of an order, without an amount of its own"), N_("line that repeats the order's total")),
    *(N_("exported twice: every cell is that of another row"), N_("return without an order that day")),
    *(N_("day without value"), N_("after as_of"), N_("return, ignored"), N_("in the file"), N_("blank")),
)


def reason_in_words(reason: str) -> str:
    """Write a reason, or a word of a status, in the current language.

    Examples
    --------
    >>> reason_in_words("by status: void"), reason_in_words("total of other rows")
    ('by status: void', 'total of other rows')
    """
    if reason.startswith(BY_STATUS):
        return _("by status: {status}", status=as_known(reason.removeprefix(BY_STATUS)))
    return as_known(reason)
