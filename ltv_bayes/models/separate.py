"""Fits of one segment each, to set beside a pooled one."""

import warnings
from typing import Any

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import Grouping
from ltv_bayes.errors import DataWarning, FitError, InputError, listed
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.terminal import progress


def fit_each(model: Any, customers: Customers, by: str, *, progressbar: bool = True, **settings: Any) -> dict[str, Any]:
    """Fit a model to each segment by itself, as if nothing were known of the others.

    Parameters
    ----------
    model : BGNBD or one of its kin, NBD or GammaGamma
        Without ``pool_by``.
    customers : Customers
    by : str
        The column of segments.
    progressbar : bool
        Whether to show progress, segment by segment.
    **settings
        For the model's ``fit``.

    Returns
    -------
    dict
        From segment to its fit. Segments that cannot be fitted alone, such as one of a single customer, are left out.

    Raises
    ------
    InputError
        If the model is pooled, or no segment can be fitted.

    Warns
    -----
    DataWarning
        With the segments left out.

    Examples
    --------
    >>> fits = fit_each(lb.BGNBD(), customers, "industry")  # doctest: +SKIP
    """
    require_customers(customers)
    if getattr(model, "pool_by", None) is not None:
        raise InputError(_("A pooled model fits all segments at once. Pass one without pool_by."))
    segments = Grouping((by,)).keys(customers.table)[by]
    found: dict[str, FittedModel] = {}
    left_out: dict[str, str] = {}
    names = sorted(segments.unique())
    with progress(len(names), _("fitting {number} segments, each alone", number=len(names)), show=progressbar) as step:
        for name in names:
            some = customers.subset((segments == name).to_numpy())
            try:
                found[name] = model.fit(some, progressbar=False, **settings)
            except (InputError, FitError) as problem:
                left_out[name] = str(problem)
            step()
    if not found:
        why = left_out[names[0]]
        raise InputError(
            _("None of the {number} segments can be fitted alone. Of the first: {why}", number=len(names), why=why),
            names,
        )
    if left_out:
        why = next(iter(left_out.values()))
        warnings.warn(
            _("Not fitted alone: {left_out}. Of the first: {why}", left_out=listed(left_out), why=why),
            DataWarning,
            stacklevel=2,
        )
    return found
