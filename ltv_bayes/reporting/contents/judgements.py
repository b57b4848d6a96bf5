"""How much of the value is judgement, and which judgements matter."""

from ltv_bayes.formatting import percent
from ltv_bayes.plots.values import plot_tornado
from ltv_bayes.reporting.contents.material import Material
from ltv_bayes.reporting.contents.parts import Part, Picture, Section, Table, Text
from ltv_bayes.value.draws.valuation import JUDGED


def judgements(of: Material) -> Section | None:
    """The share of judgement, and each judgement as it was used."""
    if JUDGED not in of.valued.sources:
        return None
    share = of.ltv.judgement.share()["mean"]
    parts: list[Part] = [
        Text(f"{percent(share)} of the expected value rests on judgement."),
        Picture("tornado", "How much each judgement moves the value", lambda: plot_tornado(of.ltv)),
        Table("judgements", "Judged opportunities, as stated and as used", of.ltv.judgement.audit(), of.currency),
    ]
    return Section("judgements", "Judgements", tuple(parts))
