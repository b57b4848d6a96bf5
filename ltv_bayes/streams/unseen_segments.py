"""Segments that a fit has not seen: what of their customers is drawn from the distribution of segments, in words."""

from collections.abc import Collection

from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.renewals import FittedRenewals
from ltv_bayes.predictions.spend import FittedSpend

WHAT = {"purchases": "how often they buy", "renewals": "how long they stay", "spend": "what an order brings"}


def role(fit: FittedModel) -> str:
    """What a fit is of: purchases, renewals or spend."""
    return "spend" if isinstance(fit, FittedSpend) else "renewals" if isinstance(fit, FittedRenewals) else "purchases"


def unseen_in_words(named: str, unseen: Collection[str], seen: Collection[str], among: str = "segments") -> str:
    """Say which fits have no customer of some segments, and what is drawn or fitted therefore.

    Parameters
    ----------
    named : str
        The segments.
    unseen, seen : collection of str
        Roles of the fits pooled by these segments: those that have not seen them, and those that have.
    among : str
        What segments are called.

    Examples
    --------
    >>> unseen_in_words("Radio", ["purchases"], [])
    'the fit of purchases has no client of Radio: how often they buy is drawn from the distribution of segments'
    """
    drawn, fitted = [WHAT[one] for one in unseen], [WHAT[one] for one in seen]
    whose = "the fits have" if len(unseen) > 1 else f"the fit of {next(iter(unseen))} has"
    valued = " with a repeat order of value" if list(unseen) == ["spend"] else ""
    verb = "are" if len(drawn) > 1 else "is"
    rest = f", {' and '.join(fitted)} {'are' if len(fitted) > 1 else 'is'} fitted" if fitted else ""
    said = f"{' and '.join(drawn)} {verb} drawn from the distribution of {among}{rest}"
    return f"{whose} no client of {named}{valued}: {said}"
