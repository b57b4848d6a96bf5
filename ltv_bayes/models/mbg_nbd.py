"""MBG/NBD as a PyMC model."""

from dataclasses import dataclass

from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.models import mbg_nbd
from ltv_bayes.models.purchase_model import Family, PurchaseModel


@dataclass(frozen=True, repr=False)
class MBGNBD(PurchaseModel):
    """How often do customers come back, and when do they leave? The settings of an MBG/NBD model.

    It is BG/NBD with one more chance to leave, at the first purchase: a client who bought once and has been silent
    since may have left. `check_one_time` says what this changes for a book.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``dropout_mean`` is the
        average probability of leaving after any purchase, the first one included.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean rate and a dropout mean of its own, drawn
        from a common distribution whose width is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same; ``{"mean_rate": ["size"]}`` shifts the rate alone.

    Examples
    --------
    >>> from ltv_bayes.models.priors.priors import Prior
    >>> MBGNBD(priors={"dropout_mean": Prior("Beta", alpha=1, beta=3)})
    MBGNBD(priors={'dropout_mean': Prior('Beta', alpha=1, beta=3)})

    Notes
    -----
    Fits are `FittedPurchases` like those of `BGNBD`, with the same forecasts. A new customer may leave right after the
    first purchase, and forecasts for new customers count this.

    References
    ----------
    Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    International Journal of Research in Marketing 24.
    """

    @property
    def family(self) -> Family:
        """Which model it is."""
        return Family(mbg_nbd.NAME, likelihoods.mbg_nbd, likelihoods.mbg_nbd_value, may_leave_at_once=True)
