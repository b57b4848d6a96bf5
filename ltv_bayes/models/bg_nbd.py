"""BG/NBD as a PyMC model."""

from dataclasses import dataclass

from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.models import bg_nbd
from ltv_bayes.models.purchase_model import Family, PurchaseModel


@dataclass(frozen=True, repr=False)
class BGNBD(PurchaseModel):
    """How often do customers come back, and when do they leave? The settings of a BG/NBD model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_rate`` (purchases per time unit of the
        average customer while alive, r / alpha), ``rate_cv`` (coefficient of variation of the rate between customers,
        1 / sqrt(r)), ``dropout_mean`` (average probability of leaving after a purchase, a / (a + b)) and
        ``dropout_concentration`` (how alike customers are in it, a + b). Instead of the first two, ``r`` and
        ``alpha``; instead of the last two, ``a`` and ``b``. A prior is a `Prior`, a mapping, a PyMC or a PreliZ
        distribution.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean rate and a dropout mean of its own, drawn
        from a common distribution whose width is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same; ``{"mean_rate": ["size"]}`` shifts the rate alone.

    Examples
    --------
    >>> from ltv_bayes.models.priors.priors import Prior
    >>> BGNBD(priors={"dropout_mean": Prior("Beta", alpha=1, beta=3)})
    BGNBD(priors={'dropout_mean': Prior('Beta', alpha=1, beta=3)})

    Notes
    -----
    The usual priors follow the data's own scale, so changing the time unit changes nothing but the unit: mean_rate
    is LogNormal around repeat purchases per observed time with sigma 2, rate_cv LogNormal(0, 1), dropout_mean
    uniform, dropout_concentration LogNormal(ln 3, 1). All are proper: with flat ones the posterior would not be,
    since the likelihood stays finite as a and b grow together.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24.
    """

    @property
    def family(self) -> Family:
        """Which model it is."""
        return Family(bg_nbd.NAME, likelihoods.bg_nbd, likelihoods.bg_nbd_value, may_leave_at_once=False)
