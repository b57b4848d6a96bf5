"""Read a saved fit back as what it was."""

from pathlib import Path
from typing import Any

import xarray as xr

from ltv_bayes import posterior
from ltv_bayes.errors import FitError
from ltv_bayes.language import _
from ltv_bayes.predictions.events import FittedEvents
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.fitted_scorecard import FittedScorecard
from ltv_bayes.predictions.growth.fitted_expansion import FittedExpansion
from ltv_bayes.predictions.purchases import FittedPurchases
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend

FITTED: dict[str, type[FittedModel]] = {
    "beta_discrete_weibull": FittedRenewals,
    "bg_cnbd": FittedPurchases,
    "bg_cnbd_at_once": FittedPurchases,
    "bg_nbd": FittedPurchases,
    "bg_nbd_at_once": FittedPurchases,
    "expansion": FittedExpansion,
    "gamma_gamma": FittedSpend,
    "mbg_cnbd": FittedPurchases,
    "mbg_nbd": FittedPurchases,
    "nbd": FittedEvents,
    "scorecard": FittedScorecard,
    "shifted_beta_geometric": FittedRenewals,
}


def load_fit(path: str | Path) -> Any:
    """Read a fit that its ``save`` wrote: draws, unit, settings and verdict. PyMC is not needed.

    Parameters
    ----------
    path : str or Path
        Ending in ``.nc``.

    Returns
    -------
    FittedModel
        Of the kind that was saved, which a type checker cannot know.

    Raises
    ------
    FitError
        If there is no such file, it is damaged, or it holds no fit of this package.
    """
    return posterior.load_as(path, _fitted)


def _fitted(tree: xr.DataTree) -> FittedModel:
    kind = FITTED.get(str(tree.attrs.get("model", "")))
    if kind is None:
        raise FitError(_("It holds no fitted model of ltv_bayes; fit.save(path) saves one."))
    fit = kind(tree)
    repr(fit)  # reads all that a fit records
    return fit
