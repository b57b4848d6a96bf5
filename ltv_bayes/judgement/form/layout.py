"""The form that judgements are written in: its columns, and what each means."""

from typing import NamedTuple

from ltv_bayes.language import N_, _

TEXT, AMOUNT, SHARE, NUMBER, DATE = "text", "amount", "share", "number", "date"
OF_OPPORTUNITY, OF_STAGE = "opportunity", "stage"
VISIBLE_SHARE, SAME_TOTAL = "visible_share", "same_total"
RELATIONS = ("additional", VISIBLE_SHARE, SAME_TOTAL)


class Column(NamedTuple):
    """One column of the form."""

    name: str
    kind: str
    meaning: str
    choices: tuple[str, ...] = ()


COLUMNS = (
    Column("customer_id", TEXT, _("The customer, as in the orders. Needed.")),
    Column("opportunity", TEXT, _("A name for it. Two opportunities of one customer need different names.")),
    Column(
        "probability", SHARE, _("The chance that it occurs at all, such as 60% or 0.6. Or fill in one of the next two.")
    ),
    Column("cases", NUMBER, _("Like 3 of the last 10: the 3. Or write '3 of 10' into probability.")),
    Column("of", NUMBER, _("Like 3 of the last 10: the 10.")),
    Column("probability_low", SHARE, _("Instead of one chance, an interval: one in ten that the true chance is less.")),
    Column("probability_high", SHARE, _("One in ten that the true chance is more.")),
    Column(
        "chance_of",
        TEXT,
        _("What has this chance, if it is in doubt: this opportunity alone (blank), or all in this stage alike."),
        (OF_OPPORTUNITY, OF_STAGE),
    ),
    Column("low", AMOUNT, _("If it occurs: one chance in ten of less than this. Revenue, before margin.")),
    Column(
        "likely",
        AMOUNT,
        _("If it occurs: as likely above as below. May stay blank. With pert: the most likely amount."),
    ),
    Column("high", AMOUNT, _("If it occurs: one chance in ten of more than this.")),
    Column("q25", AMOUNT, _("Instead of low and high, quartiles: one chance in four of less than this.")),
    Column("q50", AMOUNT, _("As likely above as below.")),
    Column("q75", AMOUNT, _("One chance in four of more than this.")),
    Column("mean", AMOUNT, _("Instead of those, an average, with sd.")),
    Column("sd", AMOUNT, _("The standard deviation around the mean.")),
    Column("interval", SHARE, _("How sure you are of low to high. Blank means 80%: one chance in ten on either side.")),
    Column("family", TEXT, _("The distribution. Blank means log-normal."), ("log-normal", "gamma", "pert")),
    Column("expected_on", DATE, _("The day the money arrives, 2026-Q3 or 2026-07. Blank if unknown; or the next two.")),
    Column("expected_from", DATE, _("The first day on which it may occur.")),
    Column("expected_to", DATE, _("The last day on which it may occur.")),
    Column("relation", TEXT, _("How it relates to the customer's ordinary business."), RELATIONS),
    Column("expert", TEXT, _("Who judges.")),
    Column("market", TEXT, _("A market, industry or product line that it belongs to.")),
    Column("stage", TEXT, _("The stage of the sale, as in your CRM.")),
    Column("stated_on", DATE, _("The day on which this was stated.")),
)
LEAST_INTERVAL = 0.05
"""Below it, an interval is taken for a slip, such as 0.008 for 0.8."""
CONFIRM = _("If it is meant, pass confirmed=True.")
NAMES = tuple(column.name for column in COLUMNS)
SCORED, RATING, CONFIRMED = "score", "rating_score", "confirmed"
OF_RATINGS = Column(RATING, NUMBER, _("The scorecard's score, 0 to 1: leave it, so that this is known to be a rating."))
"""Stands in written judgements if some were made of ratings, which are no signs of life."""
PARAMETERS = ["amount_1", "amount_2", "amount_3"]
"""Columns of the parameters of an amount's distribution, see `formulas.beliefs.amount_families`."""
INTERVAL, MOMENTS = ("low", "likely", "high"), ("mean", "sd")
QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}
"""Level of each quartile."""
WAYS = {INTERVAL: ("low", "high"), tuple(QUARTILES): tuple(QUARTILES), MOMENTS: MOMENTS}
"""The ways of stating an amount, each with the columns that it needs."""
MEANINGS_OF_RELATIONS = {
    "additional": N_("a project outside the customer's ordinary repeat purchases"),
    "visible_share": N_("one of the ordinary purchases, which the pipeline shows already"),
    "same_total": N_("an opinion on all future revenue from the customer"),
}
