"""BG/CNBD-k as a PyMC model."""

from dataclasses import dataclass, field

from ltv_bayes.formulas.kernels import regular_likelihoods
from ltv_bayes.formulas.models.bg_cnbd import NAME, as_whole_k
from ltv_bayes.models.purchase_model import Family, PurchaseModel


@dataclass(frozen=True, repr=False)
class BGCNBD(PurchaseModel):
    """How often do customers come back, and when do they leave, if they buy in rhythm? Settings of a BG/CNBD-k model.

    It is BG/NBD with gaps between purchases that are more alike than random ones: Erlang-distributed of shape k, at a
    rate of each customer's own. A silence that is long for a customer then says much more of having left.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``mean_rate`` is in
        purchases per time unit, r / (alpha k). ``r`` and ``alpha`` are of the events of which each k-th is a purchase.
    k : int
        How regular purchases are, a whole number from 1, which is BG/NBD, to 100. ``check_regularity(orders).whole_k``
        finds it.
    pool_by, covariates : optional
        As in `BGNBD`; all segments have the same k.

    Raises
    ------
    InputError
        If k is no such number.

    Examples
    --------
    >>> BGCNBD(k=4)
    BGCNBD(priors={}, k=4)

    Notes
    -----
    A fit sees frequency, recency and T. How single gaps divide the recency is a factor of its own in the likelihood,
    free of rates and leaving: k is learned from it, before the fit. Log-likelihoods of fits with different k, and of
    BG/NBD, are of the same frequency and recency and may be compared, with `arviz.compare` for instance.

    References
    ----------
    Reutterer, Platzer & Schroeder (2021), Leveraging purchase regularity for predicting customer behavior the easy way,
    International Journal of Research in Marketing 38.
    """

    k: int = field(kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", as_whole_k(self.k))

    @property
    def family(self) -> Family:
        """Which model it is."""
        return Family(
            NAME, regular_likelihoods.bg_cnbd, regular_likelihoods.bg_cnbd_value, may_leave_at_once=False, k=self.k
        )
