"""How much of the value is judgement, and which judgements matter."""

import pandas as pd

from ltv_bayes.errors import counted
from ltv_bayes.formatting import percent
from ltv_bayes.language import _
from ltv_bayes.plots.values import plot_tornado
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Picture, Section, Table, Text
from ltv_bayes.value.draws.valuation import JUDGED, REALISED
from ltv_bayes.value.valued import TOTAL, share_of


def judgements(of: Material) -> Section | None:
    """The share of judgement, and each judgement as it was used."""
    judged = of.valued.future_value
    if JUDGED not in of.valued.sources or judged is None:
        return None
    found = of.ltv.judgement
    share = float(share_of(of.explained.loc[JUDGED, "mean"], _to_come(of)))
    number = counted(len(judged), "judged opportunity", "judged opportunities")
    text = _("{mean} of the expected value to come rests on judgement: {number}.", mean=percent(share), number=number)
    every = found.conflicts()
    conflicts = every[every["conflict"].astype(bool)].drop(columns="conflict")
    parts: list[Part] = [
        Text(text),
        Picture("tornado", _("How much each judgement moves the value"), lambda: plot_tornado(of.ltv)),
        Table("judgements", _("Judgements, as stated and as used"), _of_what_comes(of, found.audit()), of.currency),
    ]
    if len(conflicts):
        title = _("Judgements that do not go with the orders")
        parts.append(Table("conflicts", title, conflicts, of.currency))
    return Section("judgements", _("Judgements"), tuple(parts))


def _to_come(of: Material) -> float:
    """The expected value to come: what is realised rests on no judgement."""
    means = of.explained["mean"]
    return float(means[TOTAL] - means.get(REALISED, 0.0))


def _of_what_comes(of: Material, audit: pd.DataFrame) -> pd.DataFrame:
    """Judgements as used, with shares of the value to come."""
    shown = audit.assign(used_share=share_of(audit["used"], _to_come(of)))
    shown.attrs = audit.attrs
    return shown
