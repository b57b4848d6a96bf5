"""What all customers are worth: the headline, what is realised and to come, and the years."""

from ltv_bayes.errors import counted
from ltv_bayes.formatting import label, percent
from ltv_bayes.intervals import bound_columns
from ltv_bayes.plots.values import plot_cash_flow, plot_waterfall
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Figure, Part, Picture, Section, Table, Text
from ltv_bayes.value.draws.valuation import REALISED
from ltv_bayes.value.valued import TOTAL


def headline(of: Material) -> Section:
    """What the portfolio is worth, in one sentence and a few figures."""
    explained = of.ltv.explain()
    to_come = explained.loc[TOTAL] - (explained.loc[REALISED] if REALISED in explained.index else 0)
    low, high = bound_columns(explained)
    between = f"{of.money(to_come[low])} to {of.money(to_come[high])}"
    interval = explained.attrs["interval"]
    terms = of.ltv.settings.terms
    parts: list[Part] = [
        Text(
            f"Over the next {terms.horizon}, {counted(len(of.ltv.customers), 'customer')} will yield "
            f"{of.money(to_come['median'])} (median); {between} with a probability of {interval.split(' ')[0]}."
        ),
        Figure("value to come (median)", of.money(to_come["median"]), f"{interval} {between}"),
    ]
    if REALISED in explained.index:
        parts.append(Figure("value realised so far", of.money(explained.loc[REALISED, "mean"]), "not discounted"))
    parts.append(Figure("customers", f"{len(of.ltv.customers):,}"))
    sources = explained.drop(index=[TOTAL, *([REALISED] if REALISED in explained.index else [])])
    foreseen = sources["mean"].sum()
    if len(sources) > 1 and foreseen > 0:
        each = ", ".join(f"{label(name)} {percent(mean / foreseen)}" for name, mean in sources["mean"].items())
        parts.append(Text(f"Where it comes from: {each} of the expected value to come."))
    return Section("headline", "What the customers are worth", tuple(parts))


def years(of: Material) -> Section:
    """Cash flow by year, and the sources."""
    flow = of.ltv.cash_flow()
    parts: list[Part] = [
        Picture("cash_flow", f"Value in each future year, with its {flow.attrs['interval']}", lambda: _flow(of)),
        Table("years", "Value by future year", flow.drop(columns=["sd"]), of.currency),
        Picture("sources", "Where the value comes from", lambda: plot_waterfall(of.ltv.explain())),
        Table("sources", "Value by source", of.ltv.explain().drop(columns=["sd"]), of.currency),
    ]
    return Section("years", "When it comes, and from what", tuple(parts))


def _flow(of: Material) -> object:
    return plot_cash_flow(of.ltv)
