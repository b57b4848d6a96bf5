"""Read a saved fit back as what it was."""

from pathlib import Path

from ltv_bayes import posterior
from ltv_bayes.errors import FitError
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.fitted_scorecard import FittedScorecard
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend

FITTED: dict[str, type[FittedModel]] = {
    "bg_cnbd": FittedPurchases,
    "bg_nbd": FittedPurchases,
    "gamma_gamma": FittedSpend,
    "mbg_cnbd": FittedPurchases,
    "mbg_nbd": FittedPurchases,
    "nbd": FittedEvents,
    "scorecard": FittedScorecard,
    "shifted_beta_geometric": FittedRenewals,
}


def load_fit(path: str | Path) -> FittedModel:
    """Read a fit that its ``save`` wrote: draws, unit, settings and verdict. PyMC is not needed.

    Raises
    ------
    FitError
        If there is no such file, or it holds no fit of this package.
    """
    tree = posterior.load(path)
    fitted = FITTED.get(tree.attrs.get("model", ""))
    if fitted is None:
        raise FitError(f"{path} holds no fitted model of ltv_bayes. Save one with fit.save(path).")
    return fitted(tree)
