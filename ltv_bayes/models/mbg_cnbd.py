"""MBG/CNBD-k as a PyMC model."""

from dataclasses import dataclass, field

from ltv_bayes.formulas.kernels import regular_likelihoods
from ltv_bayes.formulas.models.bg_cnbd import MODIFIED_NAME, as_whole_k
from ltv_bayes.models.purchase_model import Family, PurchaseModel


@dataclass(frozen=True, repr=False)
class MBGCNBD(PurchaseModel):
    """Do customers who buy in rhythm come back, or leave right after the first purchase? Settings of MBG/CNBD-k.

    It is BG/CNBD-k (see `BGCNBD`) with one more chance to leave, at the first purchase, as `MBGNBD` is BG/NBD with one.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones; names and usual priors are those of `BGNBD`. ``mean_rate`` is in
        purchases per time unit, r / (alpha k).
    k : int
        How regular purchases are, a whole number from 1, which is MBG/NBD, to 100.
    pool_by, covariates : optional
        As in `BGNBD`; all segments have the same k.

    Raises
    ------
    InputError
        If k is no such number.

    Examples
    --------
    >>> MBGCNBD(k=2)
    MBGCNBD(priors={}, k=2)

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
            MODIFIED_NAME,
            regular_likelihoods.mbg_cnbd,
            regular_likelihoods.mbg_cnbd_value,
            may_leave_at_once=True,
            k=self.k,
        )
